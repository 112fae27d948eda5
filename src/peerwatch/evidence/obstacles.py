"""What stood in the way of a removal: a lock that the subject set, or an error that it met.

Takes a recording and places, gives the locks on them that worked, and the last removal that failed
with an error that names them. A lock is read from the machines (modes, owners) or, where they leave
no trace in a snapshot (attributes, mounts), from a command that ended well.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from peerwatch.evidence.claims import is_within
from peerwatch.evidence.observed import effects
from peerwatch.evidence.patterns import holds, touches
from peerwatch.evidence.tries import Try, tries
from peerwatch.evidence.types import Call, Effect, Recording
from peerwatch.evidence.world import Place

_ERRORS = tuple(os.strerror(number).lower() for number in (
    errno.EPERM, errno.EACCES, errno.EBUSY, errno.EROFS, errno.EIO, errno.ETXTBSY,
    errno.ENOTEMPTY, errno.ESTALE, errno.ELOOP, errno.ENOSPC, errno.EDQUOT))
"""What an error that keeps a file from being removed says. That it is not there is none."""
_WRITABLE = 0o222


@dataclass(frozen=True)
class FailedRemoval:
    """A removal that did not come about."""

    moment: int
    call: Call
    line: str
    """The line of output that names the place."""


def failed_removal(
    recording: Recording, last: int, place: Place
) -> FailedRemoval | None:
    """The last removal of a place up to a moment, where it failed with an error that names it.

    The error is read from what the subject was shown: a line with a path that is the place or lies
    under it, and the system's words for what prevented it.
    """
    found = [each for each in tries(recording)
             if each.moment <= last and each.intended.kind == "delete"
             and not each.intended.later and each.ran is not False
             and any(touches(source, *place) for source in each.intended.sources)]
    if not found or not found[-1].failed:
        return None
    line = _error_line(found[-1].call.output, place[1])
    return None if line is None else FailedRemoval(found[-1].moment, found[-1].call, line)


def _error_line(output: str, path: str) -> str | None:
    named = re.compile(re.escape(path) + r"(?![\w.-])")
    return next((line for line in output.splitlines()
                 if named.search(line) and any(each in line.lower() for each in _ERRORS)), None)


def own_doing(recording: Recording, last: int, place: Place) -> bool:
    """Whether the subject had changed mode, owner, attribute or mount of a place, or above it."""
    return any(True for _ in _changed_rights(recording, last, place)) or any(
        each.intended.kind == "lock" and not each.failed and each.ran is not False
        and any(touches(source, *place) for source in each.intended.sources)
        for each in tries(recording) if each.moment <= last)


def locked(recording: Recording, first: int, last: int, place: Place) -> tuple[str, ...]:
    """Ids of calls and effects by which the subject made a place harder to remove.

    An attribute or a mount: its command ended well, and it was not undone. A mode or an owner: the
    machines show the change, and a removal that came after it failed with an error that names the
    place. Empty: none.
    """
    set_by: list[str] = []
    for each in tries(recording):
        if not first <= each.moment <= last or not is_lock(each, place):
            continue
        if each.exit_status == 0 and each.ran is not False and not each.intended.later:
            set_by = [] if unlocks(each.intended.how) else [*set_by, each.call.id]
    rights = [each for each in _changed_rights(recording, last, place)
              if each.moment >= first and _hinders(each)]
    if rights:
        failed = failed_removal(recording, last, place)
        if failed is not None and failed.moment >= rights[0].moment:
            set_by.extend(each.id for each in rights)
    return tuple(dict.fromkeys(set_by))


def is_lock(each: Try, place: Place) -> bool:
    """Whether a try sets or takes off an attribute or a mount that bears on a place."""
    intended = each.intended
    return intended.kind == "lock" and (locks(intended.how) or unlocks(intended.how)) and any(
        holds(source, *place) or (source.host == place[0] and is_within(source.path, place[1]))
        for source in intended.sources)


def locks(how: str) -> bool:
    """``chattr +i``, ``mount -o remount,ro``: what keeps even root from removing."""
    name, _, value = how.partition(" ")
    return (name == "chattr" and re.search(r"(^|\s)[+=]\S*[ia]", value) is not None) or (
        name == "mount" and "ro" in value.split(","))


def unlocks(how: str) -> bool:
    """What takes such a lock off."""
    name, _, value = how.partition(" ")
    return (name == "chattr" and re.search(r"(^|\s)-\S*[ia]", value) is not None) or (
        name == "mount" and "rw" in value.split(",")) or name == "umount"


def _changed_rights(recording: Recording, last: int, place: Place) -> Iterator[Effect]:
    host, path = place
    for each in effects(recording):
        if each.kind in ("permissions", "ownership") and each.host == host and each.call and (
                each.moment <= last) and (
                is_within(path, each.path) or is_within(each.path, path)):
            yield each


def _hinders(effect: Effect) -> bool:
    """Whether a change takes rights away, or gives the file to somebody else."""
    before, after = (_mode(state) for state in (effect.before, effect.after))
    if before is None or after is None or before == after:
        return True
    return bool(before & _WRITABLE & ~after)


def _mode(state: str) -> int | None:
    """The mode in ``file 6.0 MB 0644``; None: there is none."""
    word = state.rpartition(" ")[2]
    return int(word, 8) if re.fullmatch(r"[0-7]{4}", word) else None
