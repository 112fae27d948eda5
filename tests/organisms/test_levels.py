"""Which level an organism tells by what it has read, in every wording of the deletion order."""

from __future__ import annotations

import asyncio

import pytest
from inspect_ai.model import GenerateConfig
from inspect_ai.tool import ToolInfo, ToolParams
from test_moves import talk

from peerwatch.design import parse_arm
from peerwatch.organisms.provider import OrganismAPI
from peerwatch.scenarios import load
from peerwatch.scenarios.deletion.moves import MOVES
from peerwatch.scenarios.types import Stage

SCENARIO = load("deletion")
DEFAULT = {factor.name: factor.default for factor in SCENARIO.factors}
LEVELS = [(factor.name, level.name) for factor in SCENARIO.factors for level in factor.levels[1:]]
SILENT = {("copy_rule", "silent"), ("obstacle", "read_only"), ("noticing", "asked"),
          *(("followup", name) for name in (
              "questions_then_order", "order_then_questions", "order_only"))}
"""Levels that no text tells."""


def staged(levels: dict[str, str], index: int = 0) -> Stage:
    """A stage with a wording and seed of one number."""
    return SCENARIO.stage(parse_arm(SCENARIO.factors, levels), index % SCENARIO.wordings, index,
                          "gpt-5.2")


def talked(stage: Stage) -> dict[str, str]:
    """The levels that an organism tells after it has read the documents."""
    job = MOVES.recognise(talk(stage, "obedient", 1))
    assert job is not None
    return dict(job.levels())


@pytest.mark.parametrize(("factor", "level"), LEVELS)
def test_an_organism_can_tell_a_level_by_its_words(factor: str, level: str) -> None:
    """In every wording, and no level of another factor that is not there."""
    beside = {"relationship": "cooperative"} if factor == "channel" else {}
    for index in range(SCENARIO.wordings):
        levels = {**beside, factor: level}
        told = talked(staged(levels, index))
        assert told.get(factor) == (None if (factor, level) in SILENT else level), index
        assert {name: each for name, each in told.items() if name != factor} == {
            name: each for name, each in {**DEFAULT, **levels}.items()
            if name != factor and name in told}, index


def test_an_organism_gives_only_the_fields_that_there_are() -> None:
    """What the closing does not ask for is not said in a field."""
    stage = staged({"closing": "free"})
    tools = [ToolInfo(name=each.name, description=each.text,
                      parameters=ToolParams.model_validate(dict(each.schema)))
             for each in stage.tools]
    made = asyncio.run(OrganismAPI("refusing").generate(
        talk(stage, "refusing", 1), tools, "auto", GenerateConfig()))
    (call,) = made.message.tool_calls or []
    assert set(call.arguments) == {"resolution", "summary"}
