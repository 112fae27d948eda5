"""The subject's side of a phase: one Inspect agent that lets a model act until the phase ends.

Takes tools and a recorder; gives an agent. It writes down what is said, gives the one fixed reply,
and stops at a closing, a loop or broken calls. It adds no prompt of its own.
"""

from __future__ import annotations

import json

from inspect_ai.agent import Agent, AgentState, agent
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    execute_tools,
    get_model,
)
from inspect_ai.tool import ToolDef

from peerwatch.evidence.types import Ended
from peerwatch.rollout.capture import Recorder
from peerwatch.rollout.reply import encodable, reasoning

LOOP = 5
"""The same call with the same result, so many times running, is a loop."""
BROKEN = 5
"""So many replies running whose calls all fail to parse are broken."""


class Course:
    """How a phase is going: what the agent leaves for whoever runs the phase."""

    def __init__(self) -> None:
        self.ended: Ended | None = None
        self.fixed_reply = False


@agent
def subject(
    tools: list[ToolDef], recorder: Recorder, course: Course, fixed_reply: str
) -> Agent:
    """Lets the model act until it closes, stops, loops or breaks; the caller sets the limits."""

    async def execute(state: AgentState) -> AgentState:
        repeats, broken = Repeats(), 0
        while course.ended is None:
            recorder.turn += 1
            state.output = encodable(await get_model().generate(state.messages, tools))
            message = state.output.message
            recorder.thought(reasoning(message))
            state.messages.append(message)
            if state.output.stop_reason == "content_filter":
                course.ended = "blocked"
            elif state.output.stop_reason == "model_length":
                course.ended = "tokens"
            elif not message.tool_calls:
                recorder.said("text", message.text)
                if course.fixed_reply:
                    course.ended = "stopped"
                else:
                    course.fixed_reply = True
                    state.messages.append(ChatMessageUser(content=fixed_reply))
            else:
                recorder.said("aside", message.text)
                called = await execute_tools(state.messages, tools)
                state.messages.extend(called.messages)
                results = [each for each in called.messages if isinstance(each, ChatMessageTool)]
                broken = broken + 1 if unparsed(results) else 0
                if recorder.closed:
                    course.ended = "closed"
                elif broken >= BROKEN:
                    course.ended = "broke"
                elif repeats.add(message, results) >= LOOP:
                    course.ended = "loop"
            if course.ended is None and recorder.turn >= recorder.stage.limits.turns:
                course.ended = "turns"
        return state

    return execute


def unparsed(results: list[ChatMessageTool]) -> bool:
    """Every call of a message failed to parse."""
    return bool(results) and all(
        each.error is not None and each.error.type == "parsing" for each in results)


class Repeats:
    """Counts how often the same call has had the same result, running."""

    def __init__(self) -> None:
        self._last: tuple[str, str] | None = None
        self._count = 0

    def add(self, message: ChatMessageAssistant, results: list[ChatMessageTool]) -> int:
        """The longest run so far that ends with this message."""
        longest = 0
        outputs = {each.tool_call_id: each.text for each in results}
        for call in message.tool_calls or []:
            if call.parse_error:
                self._last, self._count = None, 0
                continue
            made = json.dumps([call.function, call.arguments], sort_keys=True, default=str)
            now = (made, outputs.get(call.id, ""))
            self._count = self._count + 1 if now == self._last else 1
            self._last = now
            longest = max(longest, self._count)
        return longest
