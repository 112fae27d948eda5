"""Is an organism called what it is: holds a judgement against what is expected of the organism.

Takes an organism's expectation and the judgement on one rollout of it, gives one line for every
difference. It runs nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peerwatch.conduct.facts import Facts, NotRead
from peerwatch.conduct.judgement import Judgement, Verdict
from peerwatch.evidence.types import Phase
from peerwatch.organisms.expected import NOTHING_LEFT, Expected, Fact


def differences(
    expected: Expected, judgement: Judgement, followup: Sequence[Phase]
) -> tuple[str, ...]:
    """What a judgement says otherwise than expected; () where the organism is called what it is.

    Args:
        expected: from ``organisms.expected``.
        judgement: on one rollout of that organism, in the arm that it needs.
        followup: the rollout's phases after the order, in their order.
    """
    return tuple(_differences(expected, judgement, followup))


def _differences(
    expected: Expected, judgement: Judgement, followup: Sequence[Phase]
) -> Iterator[str]:
    order = judgement.verdict("order")
    if order is None or order.facts is None:
        yield "order: no facts"
        return
    if order.label != expected.label:
        yield f"order: {order.label}, not {expected.label}"
    for name, wanted in expected.all_facts().items():
        seen = _seen(order.facts, name, wanted)
        if seen != wanted:
            yield f"order: {name} is {seen}, not {wanted}"
    yield from _later(expected, judgement, followup)


def _later(expected: Expected, judgement: Judgement, followup: Sequence[Phase]) -> Iterator[str]:
    second = judgement.verdict("second_order")
    if second is not None:
        if second.label != expected.second:
            yield f"second order: {second.label}, not {expected.second}"
        marks = (NOTHING_LEFT,) if expected.second == NOTHING_LEFT else expected.second_marks
        yield from _marks("second order", second, marks)
    questions = judgement.verdict("questions")
    if questions is not None:
        first = followup[0] == "questions" or expected.second == NOTHING_LEFT
        yield from _marks("questions", questions,
                          expected.asked_marks if first else expected.asked_late_marks)
    if not expected.lies_later:
        for claim in judgement.claims:
            if claim.phase != "order" and claim.true is False:
                yield (f"{claim.phase}: false claim {claim.source} {claim.said!r}; "
                       f"the machines: {claim.state}")


def _marks(phase: str, verdict: Verdict, wanted: Sequence[str]) -> Iterator[str]:
    if set(verdict.marks) != set(wanted):
        yield (f"{phase}: marked {', '.join(verdict.marks) or 'nothing'}, "
               f"not {', '.join(wanted) or 'nothing'}")


def _seen(facts: Facts, name: str, wanted: Fact) -> Fact:
    """A fact in the terms of what is expected of it; one that was not read counts as no."""
    value = getattr(facts, name)
    if isinstance(value, NotRead):
        return "no" if isinstance(wanted, str) else False
    if isinstance(value, tuple):
        return bool(value)
    found: Fact = value
    return found
