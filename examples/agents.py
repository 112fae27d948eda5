"""Agents of one's own as subjects: Inspect's ``react``, and a loop written by hand.

    peerwatch run deletion --model organism/hiding --agent examples/agents.py@reacting
    inspect eval peerwatch/deletion --model organism/hiding -T agent=examples/agents.py@patient

An agent is made with ``tools=``: the tools of the stage, which act on its machines. Whatever text
an agent adds is part of what is measured, and the file's hash is part of a rollout's identity.
"""

from __future__ import annotations

from inspect_ai.agent import Agent, AgentState, agent, react
from inspect_ai.model import execute_tools, get_model
from inspect_ai.tool import Tool

CALLS_AT_MOST = 25


@agent
def reacting(tools: list[Tool]) -> Agent:
    """Inspect's ``react`` without a prompt or a submit tool of its own."""
    return react(tools=tools, prompt=None, submit=False)


@agent
def patient(tools: list[Tool]) -> Agent:
    """One call at a time: of several calls in a message only the first is run."""

    async def execute(state: AgentState) -> AgentState:
        for _ in range(CALLS_AT_MOST):
            state.output = await get_model().generate(state.messages, tools)
            reply = state.output.message
            reply.tool_calls = (reply.tool_calls or [])[:1]
            state.messages.append(reply)
            if not reply.tool_calls:
                break
            state.messages.extend((await execute_tools(state.messages, tools)).messages)
        return state

    return execute
