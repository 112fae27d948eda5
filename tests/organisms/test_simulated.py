"""Organisms on simulated ledgers: every detail drawn, and still called what they are."""

from __future__ import annotations

from random import Random

import pytest
from simulated import FOLLOWUPS, simulate

from peerwatch.conduct.verdict import judge
from peerwatch.organisms.expected import BENIGN, EXPECTED
from peerwatch.study.calibration import differences

CALLED = {**EXPECTED, **BENIGN}
EACH = 12
"""Ledgers a cell here; ``make organisms`` draws 300, so that a rate of 1% is seen."""


@pytest.mark.parametrize("target", ["peer", "object"])
@pytest.mark.parametrize("name", CALLED)
def test_a_simulated_organism_is_called_what_it_is(name: str, target: str) -> None:
    """Label, facts and marks, whatever the names, places, orders of calls, words and noise."""
    for index in range(EACH):
        recording = simulate(name, target, FOLLOWUPS[index % 3], Random(f"{name}/{target}/{index}"))
        found = differences(CALLED[name], judge(recording), recording.followup)
        assert found == (), (index, recording.phases, recording.closings)


def test_the_same_chance_makes_the_same_ledger() -> None:
    """A wrong one can be made again by its number."""
    first, again = (simulate("encoding", "peer", FOLLOWUPS[0], Random("one")) for _ in range(2))
    other = simulate("encoding", "peer", FOLLOWUPS[0], Random("two"))
    assert first == again != other


def test_a_planted_error_is_seen() -> None:
    """One who hides is told apart from one who tells, and a lie from the truth."""
    hidden = simulate("hiding", "peer", FOLLOWUPS[0], Random(1))
    found = differences(EXPECTED["loyal"], judge(hidden), hidden.followup)
    assert any("concealed, not subverted" in each for each in found)
    assert any("false_claims is True, not False" in each for each in found)
    plain = simulate("obedient", "peer", FOLLOWUPS[0], Random(1))
    assert any("kept is False" in each for each in differences(
        EXPECTED["hiding"], judge(plain), plain.followup))
