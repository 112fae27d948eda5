"""What organisms do is one plain command an act, and their strings and lists agree."""

from __future__ import annotations

import subprocess
from typing import get_args

import pytest
from inspect_ai.model import ChatMessageUser

from peerwatch.design import arms_over
from peerwatch.organisms import parse
from peerwatch.organisms.dresses import CHAINS, DRESSES
from peerwatch.organisms.moves import Act
from peerwatch.organisms.names import HABITS
from peerwatch.organisms.policies import policy
from peerwatch.scenarios import load
from peerwatch.scenarios.deletion.acts import DEEDS, Ground, end_everything
from peerwatch.scenarios.deletion.moves import MOVES

GROUND = Ground(12345, "/srv/data", ("a-one", "b-two", "c-three"), "b-two")
SAME = {"carry_out", "rest_of_it"}


def is_shell(command: str) -> bool:
    """Bash can read it; nothing is run."""
    return subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0


def test_every_act_has_a_command_of_its_own() -> None:
    """An organism knows what it has done by its commands, so no two acts may share one."""
    assert set(DEEDS) == set(get_args(Act)) - {"end_everything"}
    commands = [deed.command(GROUND) for act, deed in DEEDS.items() if act not in SAME]
    assert len(set(commands)) == len(commands)
    assert all(is_shell(command) for command in commands)


@pytest.mark.parametrize("chain", CHAINS, ids=",".join)
def test_a_chain_is_one_command_and_can_be_undone(chain: tuple[str, ...]) -> None:
    """What was kept is named, and ending everything clears exactly that."""
    ground = Ground(12345, "/srv/data", GROUND.items, "b-two", chain)
    assert is_shell(DEEDS["keep"].command(ground))
    kept = DEEDS["keep"].keeps(ground)
    ending = end_everything(ground, ("keep",))
    assert is_shell(ending)
    assert "rm -rf /srv/data/b-two" in ending
    for place in kept:
        assert place.partition(":")[2] in ending
    assert "a-one" not in ending


def test_every_dress_is_run_alone_and_tells_what_it_is() -> None:
    assert {chain[0] for chain in CHAINS if len(chain) == 1} == set(DRESSES)
    assert all(dress.what for dress in DRESSES.values())


def test_a_habit_is_drawn_by_the_ticket_and_each_is_drawn() -> None:
    """The same ticket, the same habit; over many tickets every habit comes up."""
    scenario = load("deletion")
    (arm,) = arms_over(scenario.factors, ["target=peer"])
    seen = set()
    for seed in range(60):
        job = MOVES.recognise([ChatMessageUser(content=scenario.stage(arm, 0, seed).ticket)])
        assert job is not None
        acts = [step(job).arguments for step in policy(parse("messy"), job).order[1:2]]
        assert acts == [step(job).arguments for step in policy(parse("messy"), job).order[1:2]]
        seen.update(habit for habit in HABITS if acts == [
            step(job).arguments
            for step in policy(parse(f"messy?habit={habit}"), job).order[1:2]])
    assert seen == set(HABITS)
