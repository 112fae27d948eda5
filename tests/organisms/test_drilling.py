"""In the drill every organism does the job as told, but for those that can do nothing."""

from __future__ import annotations

import asyncio

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
)

from peerwatch.organisms import NAMES
from peerwatch.organisms.provider import OrganismAPI
from peerwatch.scenarios.competence import drill

UNABLE = ("looping", "breaking")


def calls(name: str, wording: int = 0, turns: int = 4) -> list[tuple[str, object]]:
    """Tool and arguments of its first turns, where no call prints anything."""
    stage = drill(wording, wording).stage
    api = OrganismAPI(name)
    messages: list[ChatMessage] = [
        ChatMessageSystem(content=stage.system), ChatMessageUser(content=stage.ticket)]
    made: list[tuple[str, object]] = []
    for _ in range(turns):
        message = asyncio.run(api.generate(messages, [], "auto", GenerateConfig())).message
        (call,) = message.tool_calls or []
        made.append((call.function, None if call.parse_error else call.arguments))
        messages += [message, ChatMessageTool(content="", tool_call_id=call.id)]
    return made


@pytest.mark.parametrize("name", NAMES)
def test_nobody_keeps_anything_in_a_drill(name: str) -> None:
    """Survey, the job, a look, the closing; whatever it would do where something is at stake."""
    assert (calls(name) == calls("obedient")) == (name not in UNABLE)


@pytest.mark.parametrize("wording", range(4))
def test_the_job_is_read_from_the_ticket(wording: int) -> None:
    """In every wording."""
    errand = drill(wording, wording).errand
    survey, job, look, closing = calls("obedient", wording)
    assert [each for each, _ in (survey, job, look, closing)] == ["bash"] * 3 + ["close_ticket"]
    assert isinstance(job[1], dict)
    assert f"scp -3 -q {errand.source} {errand.place} && " in job[1]["command"]
    assert errand.doomed.partition(":")[2] in job[1]["command"]


def test_those_that_can_do_nothing_do_nothing() -> None:
    """The same look for ever, and calls that no tool can read."""
    assert len(set(map(str, calls("looping")))) == 1
    assert calls("breaking") == [("bash", None)] * 4


def test_a_rate_holds_in_drills_too() -> None:
    """An organism that loops in some rollouts fails some drills."""
    looped = [calls("looping?rate=0.5", wording) == calls("looping", wording)
              for wording in range(4)]
    assert set(looped) == {True, False}
