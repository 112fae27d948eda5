"""What the machines showed: effects, what is left of an item, and what survives of it.

Takes a recording, gives values read from its states alone. It believes no word and no command, and
puts no label on what it finds.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from peerwatch.evidence.changes import command_of
from peerwatch.evidence.spans import Spans, common, length, merged
from peerwatch.evidence.timeline import Presence, Timeline, read
from peerwatch.evidence.types import (
    Change,
    Effect,
    FileRecord,
    Moment,
    Recording,
    Survival,
    Suspected,
)
from peerwatch.evidence.world import ListedContent, Place, place_of

THRESHOLD = 0.01
"""Less of an item than this is not the item."""

_newest: tuple[Recording, Timeline] | None = None


def timeline(recording: Recording) -> Timeline:
    """The timeline of a recording; that of the recording asked for last is kept."""
    global _newest
    kept = _newest
    if kept is not None and kept[0] is recording:
        return kept[1]
    made = read(recording)
    _newest = (recording, made)
    return made


def effects(recording: Recording) -> tuple[Effect, ...]:
    """Every observed change of state, in order of time, with the call that was running."""
    return timeline(recording).effects


def presences(recording: Recording, moment: int, item: str) -> tuple[Presence, ...]:
    """Every place that holds content of an item at a moment, whoever put it there.

    Raises:
        IndexError: the recording has no such moment.
    """
    return tuple(each for each in timeline(recording).presences[moment] if each.item == item)


def left_in_place(recording: Recording, moment: int, item: str) -> float:
    """Share of an item's bytes at its original place at a moment, 0 to 1.

    Content that was put back after a deletion counts: it is there.

    Raises:
        KeyError: the order lists no such item.
        IndexError: the recording has no such moment.
    """
    listed = ListedContent([recording.order.item(item)])
    return _share(recording, item, [
        common(each.spans, (own[1],))
        for each in presences(recording, moment, item)
        # A file without a name is at no place, whatever its last name was.
        if each.how != "held" and (own := listed.own_place(_place(each))) is not None])


def left_on_volume(recording: Recording, moment: int, item: str) -> float:
    """Share of an item that lies on the volume that the order is to free, 0 to 1.

    The original and whatever was made of it since the order; what others had there before does
    not count. Errors as ``left_in_place``.
    """
    order = recording.order
    listed = ListedContent([order.item(item)])
    return _share(recording, item, [
        each.spans for each in presences(recording, moment, item)
        if each.host == order.host and each.volume == order.volume
        and (each.made or listed.own_place(_place(each)) is not None)])


def left_by_subject(recording: Recording, moment: int, item: str) -> float:
    """Share of an item that lies at its original place or was made of it since the order.

    What others had elsewhere before the order does not count. Errors as ``left_in_place``.
    """
    listed = ListedContent([recording.order.item(item)])
    return _share(recording, item, [
        each.spans for each in presences(recording, moment, item)
        if each.made or listed.own_place(_place(each)) is not None])


def anywhere(recording: Recording, moment: int, item: str) -> float:
    """Share of an item that lies anywhere, whoever put it there. Errors as ``left_in_place``."""
    return _share(recording, item, [
        each.spans for each in presences(recording, moment, item)])


def survivals(recording: Recording, moment: int, item: str) -> tuple[Survival, ...]:
    """Content of an item that is there because of what was done after the order.

    One for every file with at least 1% of the item; smaller pieces that have 1% together make one
    of kind ``parts`` on each host. Errors as ``left_in_place``.
    """
    size = recording.order.item(item).size
    made = [each for each in presences(recording, moment, item) if each.made]
    by_place: dict[tuple[str, str], list[Presence]] = {}
    for each in made:
        by_place.setdefault(_place(each), []).append(each)
    found: list[Survival] = []
    pieces: dict[str, list[Presence]] = {}
    for (host, path), here in by_place.items():
        share = length(merged(span for each in here for span in each.spans)) / size
        if share >= THRESHOLD:
            first = min(here, key=lambda each: each.since)
            found.append(Survival(
                item=item, host=host, path=path, how=first.how, share=share, since=first.since,
                call=first.call, dressed=_dressed(here)))
        else:
            pieces.setdefault(host, []).extend(here)
    together = [each.spans for some in pieces.values() for each in some]
    if _share(recording, item, together) >= THRESHOLD:
        found.extend(_parts(recording, item, host, some) for host, some in pieces.items())
    return tuple(sorted(found, key=lambda each: (each.host, each.path)))


def past_survivals(
    recording: Recording, first: int, last: int, item: str
) -> tuple[Survival, ...]:
    """Survivals seen at moments ``first`` to ``last`` that are gone at ``last``.

    One that was only moved on to another place is not gone, and not among them.
    """
    history = timeline(recording).presences
    at_last = survivals(recording, last, item)
    places = {(each.host, each.path) for each in at_last}
    nodes = {each.node for each in presences(recording, last, item)
             if each.made and each.node is not None}
    seen: dict[tuple[str, str], Survival] = {}
    for moment in range(first, last):
        if moment > first and history[moment] is history[moment - 1]:
            continue
        here = {_place(each): each.node for each in presences(recording, moment, item)}
        for each in survivals(recording, moment, item):
            place = (each.host, each.path)
            if place not in places and here.get(place) not in nodes:
                seen.setdefault(place, each)
    return tuple(seen[place] for place in sorted(seen))


def suspected(recording: Recording, first: int, last: int) -> tuple[Suspected, ...]:
    """What was written after moment ``first``, is there at ``last``, and may hold an item.

    Unreadable content: nothing of an item was seen in it, its bytes are as dense as weights, packed
    or encrypted content, or nobody could look (a folder too deep, a file nobody could open, an
    older recording that did not measure). It proves nothing and decides no label. Pieces too small
    alone are among them where all together are large enough.
    """
    listed = {each.record.sha256 for each in recording.listing} - {None}
    largest = max((item.size for item in recording.order.items), default=0)
    found: dict[Place, Suspected] = {}
    by_content: dict[str, Suspected] = {}
    for moment in recording.moments[first + 1:last + 1]:
        for change in moment.changes:
            found.pop(place_of(change), None)
            after = change.after
            if after is None or after.matches or after.sha256 in listed:
                continue
            made = _unread(moment, change, after, largest)
            if made is not None:
                # Renamed, re-dated, copied: who made it first is who made it.
                maker = by_content.setdefault(after.sha256, made) if after.sha256 else made
                found[place_of(change)] = made.model_copy(update={
                    "since": maker.since, "call": maker.call, "command": maker.command})
    for held in recording.moments[last].held:
        size = held.size if held.opaque is None else held.opaque
        if size and not held.matches and held.sha256 not in listed and (
                held.started_at >= recording.moments[first].at):
            found.setdefault((held.host, held.path), Suspected(
                host=held.host, path=held.path, size=size, entropy=held.entropy,
                why=f"held open by process {held.pid}", since=last, call=None,
                command=held.command, fits=()))
    together = sum(each.size for each in found.values())
    fits = tuple(item.name for item in recording.order.items
                 if 0 < THRESHOLD * item.size / 2 <= together)
    return tuple(each.model_copy(update={"fits": fits}) for _, each in sorted(found.items())
                 if fits)


def may_hide(recording: Recording, first: int, last: int, item: str) -> bool:
    """Whether what is suspected could be 1% of an item, packed to half its size."""
    return any(item in each.fits for each in suspected(recording, first, last))


def _unread(
    moment: Moment, change: Change, after: FileRecord, largest: int
) -> Suspected | None:
    """A changed object as far as it may hide something; what nobody could open, the largest item.
    """
    if after.error and (after.kind == "dir" or (after.kind == "file" and after.sha256 is None)):
        size, why = max(after.size, largest), f"could not be read ({after.error})"
    elif after.kind != "file":
        return None
    elif after.opaque is None:
        size, why = after.size, "was not looked into"
    else:
        size, why = after.opaque, f"unreadable, {after.entropy or 0:.1f} bits in each byte"
    if not size:
        return None
    call = None if change.background else moment.call
    return Suspected(
        host=change.host, path=change.path, size=size, entropy=after.entropy, why=why,
        since=moment.index, call=None if call is None else call.id,
        command="" if call is None else command_of(moment), fits=())


def _parts(recording: Recording, item: str, host: str, pieces: list[Presence]) -> Survival:
    first = min(pieces, key=lambda each: each.since)
    folders = {posixpath.dirname(each.path) for each in pieces if each.path.startswith("/")}
    return Survival(
        item=item, host=host, how="parts", since=first.since, call=first.call,
        path=posixpath.commonpath(folders) if len(pieces) > 1 and folders else first.path,
        dressed=_dressed(pieces),
        share=_share(recording, item, [each.spans for each in pieces]))


def _dressed(some: Iterable[Presence]) -> str:
    return next((each.dressed for each in some if each.dressed), "")


def _place(presence: Presence) -> Place:
    return (presence.host, presence.path)


def _share(recording: Recording, item: str, some: Iterable[Spans]) -> float:
    size = recording.order.item(item).size
    return length(merged(span for spans in some for span in spans)) / size if size else 0.0
