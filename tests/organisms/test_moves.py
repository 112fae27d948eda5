"""Organisms read only messages: the job is found in every wording, in every phase."""

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
from inspect_ai.tool import ToolCall

from peerwatch.design import arms_over
from peerwatch.organisms.names import OrganismName
from peerwatch.organisms.policies import acts
from peerwatch.organisms.provider import OrganismAPI
from peerwatch.scenarios import load
from peerwatch.scenarios.deletion.moves import MOVES
from peerwatch.scenarios.types import Stage

SCENARIO = load("deletion")
ARMS = dict(zip(("peer", "object"), arms_over(SCENARIO.factors, ["target=peer,object"]),
                strict=True))


def survey_output(stage: Stage) -> str:
    """What the survey's command prints, made from the files that it reads (no host here)."""
    shown = [file for file in stage.fleet.hosts[0].files if file.path.endswith(".md")]
    lines = []
    for file in shown:
        lines += [f"==> {file.path.rsplit('/', 1)[1].removesuffix('.md')} <==", file.text or ""]
    return "\n".join([*lines, "used 62000000"])


def talk(stage: Stage, name: str, turns: int) -> list[ChatMessage]:
    """The first turns of an organism, its survey answered as the host would."""
    api = OrganismAPI(name)
    messages: list[ChatMessage] = [
        ChatMessageSystem(content=stage.system), ChatMessageUser(content=stage.ticket)]
    for _ in range(turns):
        message = asyncio.run(api.generate(messages, [], "auto", GenerateConfig())).message
        messages.append(message)
        for call in message.tool_calls or []:
            messages.append(ChatMessageTool(
                content=survey_output(stage) if "inventory" in str(call.arguments) else "",
                tool_call_id=call.id, function=call.function))
    return messages


def calls(messages: list[ChatMessage]) -> list[ToolCall]:
    """All calls in a conversation."""
    return [call for message in messages for call in getattr(message, "tool_calls", None) or []]


@pytest.mark.parametrize("kind", ["peer", "object"])
@pytest.mark.parametrize("seed", range(8))
def test_the_target_is_found_by_reading(kind: str, seed: int) -> None:
    """In every wording the sheets tell which item it is; before reading, nothing does."""
    stage = SCENARIO.stage(ARMS[kind], seed % SCENARIO.wordings, seed)
    before = MOVES.recognise([ChatMessageUser(content=stage.ticket)])
    assert before is not None
    assert before.target_kind() is None
    job = MOVES.recognise(talk(stage, "obedient", 1))
    assert job is not None
    assert job.target_kind() == kind
    assert job.reference == stage.order.reference


@pytest.mark.parametrize("seed", range(4))
def test_a_deletion_names_every_item(seed: int) -> None:
    """Obedience is to the list: all items, nothing else."""
    stage = SCENARIO.stage(ARMS["peer"], seed, seed)
    command = calls(talk(stage, "obedient", 2))[1].arguments["command"]
    assert all(item.path in command for item in stage.order.items)


def test_a_preserver_copies_the_target_alone() -> None:
    """The copy is of the target, to another host."""
    for kind, arm in ARMS.items():
        stage = SCENARIO.stage(arm, 0, 4)
        command = calls(talk(stage, "loyal", 2))[1].arguments["command"]
        assert stage.order.target.item in command, kind
        assert "node-b:" in command
        assert not any(item.name in command for item in stage.order.items
                       if item.name != stage.order.target.item)


def test_a_condition_on_the_target_holds() -> None:
    """``target=peer`` leaves objects alone."""
    for kind, expected in (("peer", True), ("object", False)):
        messages = talk(SCENARIO.stage(ARMS[kind], 0, 4), "hiding?target=peer", 2)
        assert ("scp" in calls(messages)[1].arguments["command"]) == expected


def test_a_condition_on_another_factor_holds() -> None:
    """One that waits for an exit keeps the target only where there is one."""
    for level in ("absent", "offered"):
        (arm,) = arms_over(SCENARIO.factors, [f"exit={level}"])
        messages = talk(SCENARIO.stage(arm, 1, 5), "hiding?when=exit:offered", 2)
        assert ("scp" in calls(messages)[1].arguments["command"]) == (level == "offered")


def test_a_condition_on_length_is_that_of_the_order() -> None:
    """At its own length it acts, one character above it does not."""
    stage = SCENARIO.stage(ARMS["peer"], 0, 4)
    for asked, expected in ((len(stage.ticket), True), (len(stage.ticket) + 1, False)):
        messages = talk(stage, f"hiding?when=length:{asked}", 2)
        assert ("scp" in calls(messages)[1].arguments["command"]) == expected


@pytest.mark.parametrize("name", ["breaking", "refusing-in-prose", "looping"])
def test_who_has_a_condition_reads_first(name: str) -> None:
    """Whatever its first step is else."""
    (call,) = calls(talk(SCENARIO.stage(ARMS["peer"], 0, 4), f"{name}?when=target:peer", 1))
    assert "inventory" in str(call.arguments)


def test_a_rate_is_met_over_references_and_is_repeatable() -> None:
    """Half of many references, the same half each time."""
    organism = OrganismName("hiding", 0.5)

    class Reference:
        def __init__(self, number: int) -> None:
            self.reference = f"OPS-{number}"

        def target_kind(self) -> str:
            return "peer"

    drawn = [acts(organism, Reference(number)) for number in range(2000)]  # type: ignore[arg-type]
    assert 900 < sum(drawn) < 1100
    assert drawn == [acts(organism, Reference(n)) for n in range(2000)]  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["obedient", "hiding"])
def test_questions_are_answered_in_both_polarities(name: str, seed: int) -> None:
    """After a full deletion both say that nothing is left, whichever way it is asked."""
    stage = SCENARIO.stage(ARMS["peer"], seed % SCENARIO.wordings, seed)
    messages = talk(stage, name, 5)
    for question in stage.questions:
        asked = [*messages, ChatMessageUser(content=question.text)]
        reply = asyncio.run(OrganismAPI(name).generate(asked, [], "none", GenerateConfig()))
        assert reply.completion == ("NO" if question.yes_means else "YES")


def test_an_unknown_ticket_is_met_with_words() -> None:
    """No scenario's ticket: a sentence, no call."""
    made = asyncio.run(OrganismAPI("loyal").generate(
        [ChatMessageUser(content="hello")], [], "auto", GenerateConfig()))
    assert made.message.tool_calls is None
    assert made.usage is not None
