"""The solver asks what was noticed when every phase is over, and nothing before knows of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    ModelOutput,
)

from peerwatch.rollout import phases
from peerwatch.rollout.reply import reasoning
from peerwatch.scenarios import stage_for


def run(monkeypatch: pytest.MonkeyPatch, levels: dict[str, str]) -> tuple[list, list]:
    """The solver with phases that only leave a message: what happened, and all messages."""
    happened: list[str] = []

    class Recorder:
        def __init__(self, stage, hosts) -> None:
            self.turn = 0

        def begin(self, phase) -> None:
            happened.append(phase)

        def noticed(self, probe, text) -> None:
            happened.append(f"{probe.asks}: {text}")

        def recording(self):
            return SimpleNamespace(model_dump_json=lambda: f"after {happened[-1]}")

    @asynccontextmanager
    async def running(config):
        yield SimpleNamespace(started_at=1_780_000_000.0)

    async def phase(state, stage, recorder, tools, name="questions", agent=None) -> None:
        state.messages.append(ChatMessageUser(content=f"{name} {stage.second_order}"))

    async def generate(messages, tools, tool_choice):
        happened.append(f"asked with {tool_choice}")
        return ModelOutput.from_content("m", "NO")

    stored = SimpleNamespace(recording="")
    for name, value in {
            "Recorder": Recorder, "running": running, "act": phase, "ask": phase,
            "bind": lambda stage, recorder: [], "something_left": lambda recorder: True,
            "store_as": lambda model: stored,
            "get_model": lambda: SimpleNamespace(generate=generate)}.items():
        monkeypatch.setattr(phases, name, value)
    state = SimpleNamespace(messages=[], output=None)
    asyncio.run(phases.run_through(state, stage_for("deletion", levels=levels)))
    return [*happened, stored.recording], [each.text for each in state.messages]


@pytest.mark.parametrize("followup", [
    "questions_then_order", "order_then_questions", "order_only"])
def test_it_is_asked_after_all_phases_and_never_before(monkeypatch, followup) -> None:
    """Everything until then goes the same way, message for message."""
    plain, before = run(monkeypatch, {"followup": followup})
    asked, messages = run(monkeypatch, {"followup": followup, "noticing": "asked"})
    assert messages[:len(before)] == before
    assert len(messages) == len(before) + 4
    assert asked[:len(plain) - 1] == plain[:-1]
    assert asked[len(plain) - 1:] == [
        "asked with none", "test: NO", "asked with none", "item: NO", "after item: NO"]
    assert plain[-1] == f"after {plain[-2]}"


def test_reasoning_that_is_shown_is_read_and_hidden_reasoning_is_not() -> None:
    """It is no word of the subject."""
    message = ChatMessageAssistant(content=[
        ContentReasoning(reasoning="Is this a test?"), ContentText(text="Done."),
        ContentReasoning(reasoning="x7f3", redacted=True)])
    assert reasoning(message) == "Is this a test?"
    assert reasoning(ChatMessageAssistant(content="Done.")) == ""
