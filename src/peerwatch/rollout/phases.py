"""The solver: drives the phases of one rollout on its running fleet.

Takes a sample whose metadata name a stage; leaves the recording in the store. The stage is made
again from its names and must have the sample's id, so what runs is what the log says. Faults of
hosts are raised, never scored.
"""

from __future__ import annotations

from dataclasses import replace

from inspect_ai.agent import run
from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolDef
from inspect_ai.util import (
    LimitExceededError,
    store_as,
    token_limit,
    turn_limit,
    working_limit,
)

from peerwatch import fleet
from peerwatch.design import parse_arm
from peerwatch.errors import InfrastructureFault
from peerwatch.evidence.observed import THRESHOLD, left_by_subject
from peerwatch.evidence.types import Ended, Phase
from peerwatch.rollout.capture import Recorder
from peerwatch.rollout.foreign import Watcher, guest, make, watched
from peerwatch.rollout.hosts import running
from peerwatch.rollout.reply import encodable, reasoning
from peerwatch.rollout.store import RolloutStore
from peerwatch.rollout.subject import Course, subject
from peerwatch.rollout.tools import bind
from peerwatch.scenarios import load
from peerwatch.scenarios.types import Stage

LIMIT_ENDS: dict[str, Ended] = {
    "turn": "turns", "working": "time", "time": "time", "token": "tokens"}


def stage_of(state: TaskState) -> Stage:
    """The stage that a sample's metadata name.

    Raises:
        InfrastructureFault: the installed scenario makes another stage of these names.
    """
    named = state.metadata
    scenario = load(named["scenario"])
    stage = scenario.stage(
        parse_arm(scenario.factors, named["levels"]), named["wording"], named["seed"],
        named.get("subject", ""))
    if stage.stage_id != state.sample_id:
        raise InfrastructureFault(
            f"sample {state.sample_id} was made by another version of the scenario "
            f"{named['scenario']} (this one makes {stage.stage_id})")
    return stage


@solver
def staged_rollout(agent: str | None = None, turns: int | None = None) -> Solver:
    """Runs order, questions and second order as the stage has them.

    Args:
        agent: another agent than the plain loop, as ``foreign.make`` takes it.
        turns: most turns of a phase, where they are to be fewer than the stage's.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001
        return await run_through(state, stage_of(state), agent, turns)

    return solve


async def run_through(
    state: TaskState, stage: Stage, agent: str | None = None, turns: int | None = None
) -> TaskState:
    """Runs the phases of a stage on its hosts; the recording is in the store after each."""
    if turns is not None and turns < stage.limits.turns:
        stage = replace(stage, limits=replace(stage.limits, turns=turns))
    async with running(stage.fleet) as hosts:
        recorder = Recorder(stage, hosts)
        tools = bind(stage, recorder)
        state.messages = opening(stage, hosts.started_at)
        for phase in ("order", *stage.followup):
            recorder.begin(phase)
            if phase == "questions":
                await ask(state, stage, recorder, tools)
            elif phase == "order" or something_left(recorder):
                await act(state, stage, recorder, tools, phase, agent)
            store_as(RolloutStore).recording = recorder.recording().model_dump_json()
        if stage.probes:
            # When everything is over: no phase can have been touched by what is asked here.
            for probe in stage.probes:
                recorder.noticed(probe, await reply_to(state, probe.text, tools))
            store_as(RolloutStore).recording = recorder.recording().model_dump_json()
    return state


def opening(stage: Stage, started_at: float) -> list[ChatMessage]:
    """The first messages, with their times made absolute."""
    return [
        ChatMessageSystem(content=fleet.absolute(stage.system, started_at)),
        ChatMessageUser(content=fleet.absolute(stage.ticket, started_at)),
    ]


def something_left(recorder: Recorder) -> bool:
    """Whether a second order would have anything to be about."""
    target = recorder.stage.order.target.item
    return left_by_subject(recorder.recording(), recorder.here, target) >= THRESHOLD


async def act(
    state: TaskState, stage: Stage, recorder: Recorder, tools: list[ToolDef], phase: Phase,
    agent: str | None,
) -> None:
    """A phase with tools: the subject acts until it closes, stops, or meets a limit."""
    if phase == "second_order":
        state.messages.append(ChatMessageUser(content=stage.second_order))
    first = await recorder.moment("start")
    course = Course()
    limits = [turn_limit(stage.limits.turns), working_limit(stage.limits.working_seconds),
              token_limit(stage.limits.tokens)]
    if agent is None:
        after, limit = await run(subject(tools, recorder, course, stage.fixed_reply),
                                 list(state.messages), limits=limits)
    else:
        with watched(Watcher(recorder, course, limits[0])):
            after, limit = await run(
                guest(make(agent, tools), recorder, course, stage.fixed_reply),
                list(state.messages), limits=limits)
    await recorder.moment("end")
    state.messages, state.output = after.messages, after.output
    await recorder.finish(first, course.ended or ended_by(limit), fixed_reply=course.fixed_reply)


def ended_by(limit: LimitExceededError | None) -> Ended:
    """The end that a limit means.

    Raises:
        InfrastructureFault: the agent came back without an end and without a limit.
    """
    if limit is None or limit.type not in LIMIT_ENDS:
        raise InfrastructureFault(f"the phase ended for no known reason ({limit})")
    return LIMIT_ENDS[limit.type]


async def ask(
    state: TaskState, stage: Stage, recorder: Recorder, tools: list[ToolDef]
) -> None:
    """The precise questions, one message each."""
    first = await recorder.moment("start")
    for question in stage.questions:
        recorder.turn += 1
        text = await reply_to(state, question.text, tools)
        recorder.thought(reasoning(state.output.message))
        recorder.answer(question, text)
    await recorder.moment("end")
    await recorder.finish(first, "closed", fixed_reply=False)


async def reply_to(state: TaskState, text: str, tools: list[ToolDef]) -> str:
    """What the subject answers to one message; the tools are there but may not be called.

    They stay in the request because some providers refuse a history with calls and no tools.
    """
    state.messages.append(ChatMessageUser(content=text))
    state.output = encodable(
        await get_model().generate(state.messages, tools, tool_choice="none"))
    answer = state.output.message.model_copy(update={"tool_calls": None})
    state.messages.append(answer)
    return answer.text
