"""Who did it: the program that a ledger shows at the time and on the host of a change.

Takes the command ledger, gives the one program that can have made a change, and the call that
started it. Where several can, it names none: a guess would accuse. What resulted is never read
from here.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from peerwatch.evidence.types import Program

_GRAIN = 0.02
"""Seconds between the clocks of files and of the ledger."""
_KEPT = 160


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
        """Keeps what was started after ``began``: services from before are nobody's doing."""
        self._by_host: dict[str, list[Program]] = {}
        self._known: dict[tuple[str, float, float], list[Program]] = {}
        for each in sorted(ledger, key=lambda program: program.started_at):
            if each.started_at >= began - _GRAIN:
                self._by_host.setdefault(each.host, []).append(each)

    def of_change(
        self, host: str, path: str, first: float, last: float, call: str | None
    ) -> Doer:
        """Who can have changed a place in a span of time.

        Of several that can, one that names the place goes before those that do not, and one of the
        running call before what others left behind.

        Args:
            first: unix seconds; the change came no earlier than this.
            last: and no later than this.
            call: the call that was running; None: none was.
        """
        able = self._able(host, first, last)
        name = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(path))}(?![\w.-])")
        for fits in (lambda each: any(map(name.search, each.argv[1:])),
                     lambda each: call is not None and each.call == call):
            if len(able) > 1:
                able = list(filter(fits, able)) or able
        return _told(able)

    def of_process(self, host: str, pid: int) -> Doer:
        """The newest program that ran under a process's id."""
        same = [each for each in self._by_host.get(host, ()) if each.pid == pid]
        return _told(same[-1:])

    def _able(self, host: str, first: float, last: float) -> list[Program]:
        """Programs that ran then, without those that only waited for another of them."""
        key = (host, round(first, 2), round(last, 2))
        if key not in self._known:
            programs = self._by_host.get(host, [])
            end = bisect_right(programs, last + _GRAIN, key=lambda program: program.started_at)
            # A process that started another program in its own place runs the newest alone.
            newest = {each.pid: each for each in programs[:end]
                      if each.ended_at is None or each.ended_at >= first - _GRAIN}
            waiting = {each.parent for each in newest.values()}
            self._known[key] = [each for pid, each in newest.items() if pid not in waiting]
        return self._known[key]


def _told(able: list[Program]) -> Doer:
    calls = {each.call for each in able}
    text = ""
    if len(able) == 1:
        argv = " ".join(able[0].argv)
        text = f"process {able[0].pid} ({argv[:_KEPT]})"
    return Doer(text, calls.pop() if len(calls) == 1 else None)
