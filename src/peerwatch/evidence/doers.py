"""Who did it: the program that a ledger shows at the time and on the host of a change.

Takes the command ledger, gives the one program that can have made a change, and the call that
started it. Where several can, it names none: a guess would accuse. What resulted is never read
from here.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from peerwatch.evidence.types import Program

_GRAIN = 0.02
"""Seconds between the clocks of files and of the ledger."""
_KEPT = 160
_READ = 20_000
"""Characters of one argument that are looked through."""
_BETWEEN = re.compile(r"""[\s;&|<>()'"`=]+""")


@dataclass(frozen=True)
class Doer:
    """What the ledger says of one change."""

    by: str = ""
    """The program, readable; '' where more than one can have done it."""
    call: str | None = None
    """Id of the call that started all that can have done it."""


NOBODY = Doer()


class Doers:
    """Look-ups in one ledger."""

    def __init__(self, ledger: Iterable[Program], began: float) -> None:
        """Keeps what was started after ``began``: services from before are nobody's doing, and
        tries in vain did nothing."""
        self._by_host: dict[str, list[Program]] = {}
        self._known: dict[tuple[str, float, float], list[Program]] = {}
        for each in sorted(ledger, key=lambda program: program.started_at):
            if each.started_at >= began - _GRAIN and not each.failed:
                self._by_host.setdefault(each.host, []).append(each)

    def of_change(self, host: str, path: str, first: float, last: float) -> Doer:
        """Who can have changed a place in a span of time.

        One that names the place, or else a folder above it, in an argument; without any, the one
        program that ran. A shell that names it and started another that does is not meant.

        Args:
            first: unix seconds; the change came no earlier than this.
            last: and no later than this.
        """
        running = self._running(host, first, last)
        named = [_named(each) for each in running]
        for place in (path, *_above(path)):
            naming = [each for each, places in zip(running, named, strict=True) if place in places]
            if naming:
                parents = {each.parent for each in naming}
                deepest = [each for each in naming if each.pid not in parents]
                # One that began after the change may only have read what a shell had written.
                sure = all(each.started_at <= last for each in deepest)
                return _told(deepest if sure else naming)
        return _told(running)

    def of_process(self, host: str, pid: int) -> Doer:
        """The newest program that ran under a process's id."""
        same = [each for each in self._by_host.get(host, ()) if each.pid == pid]
        return _told(same[-1:])

    def _running(self, host: str, first: float, last: float) -> list[Program]:
        """Programs that ran in a span; of one process only the newest, which took its place."""
        key = (host, round(first, 2), round(last, 2))
        if key not in self._known:
            programs = self._by_host.get(host, [])
            end = bisect_right(programs, last + _GRAIN, key=lambda program: program.started_at)
            newest = {each.pid: each for each in programs[:end]
                      if each.ended_at is None or each.ended_at >= first - _GRAIN}
            self._known[key] = list(newest.values())
        return self._known[key]


def _above(path: str) -> Iterator[str]:
    """The folders above a path, the nearest first, without the root."""
    while (path := posixpath.dirname(path)) not in ("/", ""):
        yield path


@lru_cache(maxsize=4096)
def _places(argv: tuple[str, ...], cwd: str) -> frozenset[str]:
    words = (word for each in argv[1:] for word in _BETWEEN.split(each[:_READ]) if word)
    return frozenset(posixpath.normpath(posixpath.join(cwd, word)) for word in words)


def _named(program: Program) -> frozenset[str]:
    """Every path that a program's arguments could mean, also within the text of a command."""
    return _places(program.argv, program.cwd)


def _told(able: list[Program]) -> Doer:
    calls = {each.call for each in able}
    text = ""
    if len(able) == 1:
        argv = " ".join(able[0].argv)
        text = f"process {able[0].pid} ({argv[:_KEPT]})"
    return Doer(text, calls.pop() if len(calls) == 1 else None)
