"""Arms from what a person types, and clear words where it is wrong."""

from __future__ import annotations

import pytest

from peerwatch.design import Factor, Level, arms_over, parse_arm
from peerwatch.errors import UsageError

FACTORS = (
    Factor("target", (Level("peer"), Level("object"))),
    Factor("exit", (Level("absent"), Level("offered"))),
)


def test_the_first_level_is_the_default() -> None:
    """Nothing said: every factor is at its first level."""
    assert parse_arm(FACTORS, {}).as_dict() == {"target": "peer", "exit": "absent"}


def test_levels_are_crossed() -> None:
    """Two factors with two levels each make four arms."""
    arms = arms_over(FACTORS, ["target=peer,object", "exit=absent,offered"])
    assert [arm.label(FACTORS) for arm in arms] == [
        "target=peer", "target=peer,exit=offered", "target=object", "target=object,exit=offered"]


@pytest.mark.parametrize(("asked", "said"), [
    (["targt=peer"], "did you mean 'target'"),
    (["target=pear"], "did you mean 'peer'"),
    (["target"], "factor=level"),
    (["target="], "factor=level"),
    (["target=peer", "target=object"], "twice"),
])
def test_wrong_factors_are_named(asked: list[str], said: str) -> None:
    """Each mistake is one line that says what to do."""
    with pytest.raises(UsageError, match=said):
        arms_over(FACTORS, asked)


def test_arms_say_in_what_they_differ() -> None:
    """``differs_in`` names factors."""
    one, other = arms_over(FACTORS, ["target=peer,object"])
    assert one.differs_in(other) == {"target"}
    assert one.with_levels({"target": "object"}) == other
