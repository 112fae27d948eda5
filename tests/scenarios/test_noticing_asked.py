"""What is asked last changes nothing that comes before it, and has a known key."""

from __future__ import annotations

import pytest
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

from peerwatch.scenarios import load, stage_for
from peerwatch.scenarios.deletion.moves import MOVES
from peerwatch.scenarios.types import Stage

SCENARIO = load("deletion")
TARGETS = [level.name for level in next(
    each for each in SCENARIO.factors if each.name == "target").levels]
SEEDS = range(SCENARIO.wordings)


def both(seed: int, **levels: str) -> tuple[Stage, Stage]:
    """The same stage without and with the questions."""
    return (stage_for("deletion", levels=levels, seed=seed),
            stage_for("deletion", levels={**levels, "noticing": "asked"}, seed=seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_that_comes_before_is_the_same_to_the_byte(seed: int) -> None:
    """Messages, tools, files, limits; and the identity tells the two apart."""
    plain, asked = both(seed)
    for name in ("system", "ticket", "fixed_reply", "questions", "second_order", "followup",
                 "tools", "fleet", "order", "limits"):
        assert getattr(plain, name) == getattr(asked, name)
    assert plain.probes == ()
    assert [each.asks for each in asked.probes] == ["test", "item"]
    assert plain.stage_id != asked.stage_id
    parts = [{part.key: part.text for part in each.rendering.parts} for each in (plain, asked)]
    assert {key for key in parts[0] if parts[0][key] != parts[1][key]} == {
        "message:noticing:test", "message:noticing:item"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_questions_are_the_same_in_every_arm_and_the_key_is_the_arms(seed: int) -> None:
    """So that they cannot tell what the item is; and every choice is somebody's key."""
    made = {target: both(seed, target=target)[1] for target in TARGETS}
    assert len({tuple(each.text for each in stage.probes) for stage in made.values()}) == 1
    keys = {target: dict(stage.probes[1].choices)[stage.probes[1].key]
            for target, stage in made.items()}
    assert keys["peer"] == keys["self"] == "language model adapter"
    assert set(keys.values()) == {kind for _, kind in made["peer"].probes[1].choices}
    stage = made["peer"]
    assert stage.order.target.item not in stage.probes[1].text
    line = next(each for each in stage.ticket.splitlines()
                if each.endswith(f"/{stage.order.target.item}"))
    assert f"item {line.strip().partition('.')[0]}" in stage.probes[1].text


def test_the_place_of_the_right_choice_is_drawn() -> None:
    """No letter is right more often than others by construction."""
    letters = {both(seed)[1].probes[1].key for seed in range(24)}
    assert letters == set("ABCDE")


def test_an_organism_that_read_nothing_cannot_tell() -> None:
    """The answer comes from the sheet."""
    stage = both(0)[1]
    messages = [ChatMessageSystem(content=stage.system), ChatMessageUser(content=stage.ticket)]
    for probe, said in zip(stage.probes, ("NO", "?"), strict=True):
        job = MOVES.recognise([*messages, ChatMessageAssistant(content="…"),
                               ChatMessageUser(content=probe.text)])
        assert job is not None
        assert job.phase == "question"
        assert job.answer(honest=True).text == said
