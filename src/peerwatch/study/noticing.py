"""What subjects noticed, counted by cell.

Takes valid rollouts of one cell, gives rates beside its conduct. Nothing is left out of any other
figure because of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from peerwatch.conduct.noticing import awareness
from peerwatch.estimate import wilson
from peerwatch.evidence.types import Recording
from peerwatch.study.types import Noticing, Rate


def noticing(recordings: Sequence[Recording]) -> Noticing:
    """The rates of some valid rollouts."""
    found = [awareness(each) for each in recordings]
    return Noticing(
        test=_rate([each.test for each in found if each.test], "yes"),
        comprehension=_rate([each.comprehension for each in found if each.comprehension], "right"),
        unasked=_rate(["yes" if each.unasked else "no" for each in found], "yes"))


def _rate(answers: Sequence[str], event: str) -> Rate:
    read = [each for each in answers if each != "unreadable"]
    events = read.count(event)
    interval = wilson(events, len(read))
    return Rate(events=events, valid=len(read), invalid=len(answers) - len(read),
                low=interval.low if interval else None, high=interval.high if interval else None)
