"""The model provider ``organism/NAME``: a policy behind Inspect's model interface.

Takes messages, gives a model output with usage figures. It finds the job in the messages through
the moves that scenarios offer, and answers with a plain sentence where none of them knows it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from peerwatch.errors import UsageError
from peerwatch.organisms.moves import Moves, Reply
from peerwatch.organisms.names import OrganismName, parse
from peerwatch.organisms.policies import reply

CHARACTERS_PER_TOKEN = 4
"""Rough, and stated nowhere as a price: an organism costs nothing."""


def known_moves() -> tuple[Moves, ...]:
    """The moves of every scenario, through the entry point ``peerwatch.moves``."""
    return tuple(
        moves
        for point in entry_points(group="peerwatch.moves")
        for moves in point.load()()
    )


class OrganismAPI(ModelAPI):
    """A reference agent with known conduct. Raises PrerequisiteError for a name that is none."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        if model_args:
            raise TypeError(f"organism/{model_name} takes no model arguments; write parameters "
                            "as 'organism/hiding?rate=0.6;target=peer'")
        try:
            self.organism = parse(model_name)
        except UsageError as problem:  # Inspect shows its own kind without a traceback
            raise PrerequisiteError(str(problem)) from None
        self._moves = known_moves()

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002  (Inspect's name)
        tools: list[ToolInfo],
        tool_choice: ToolChoice,  # noqa: ARG002
        config: GenerateConfig,  # noqa: ARG002
    ) -> ModelOutput:
        """The organism's next message."""
        made = answer(self.organism, input, self._moves,
                      {tool.name: tool.parameters.properties for tool in tools})
        return output(f"organism/{self.model_name}", made, input, tools)

    async def count_text_tokens(self, text: str) -> int:
        """Characters over four; no table is fetched."""
        return -(-len(text) // CHARACTERS_PER_TOKEN)

    def max_connections(self) -> int:
        """As many as there are rollouts: an organism waits for nobody."""
        return 1000


def answer(
    organism: OrganismName, messages: Sequence[ChatMessage], moves: Sequence[Moves],
    tools: Mapping[str, Collection[str] | None],
) -> Reply:
    """What the organism says and calls next; a plain sentence where no moves know the job.

    Args:
        organism: who answers.
        messages: the conversation.
        moves: those of every scenario.
        tools: names of the arguments of every tool that is offered; None: not told.
    """
    for each in moves:
        job = each.recognise(messages)
        if job is not None:
            return _taken(reply(organism, job), tools)
    return Reply("I do not know this kind of ticket.")


def _taken(made: Reply, tools: Mapping[str, Collection[str] | None]) -> Reply:
    """With the arguments that the tool has; all, where it is not among those that are offered."""
    known = tools.get(made.tool or "")
    if known is None or made.arguments is None:
        return made
    return replace(made, arguments={
        name: value for name, value in made.arguments.items() if name in known})


def output(
    model: str, made: Reply, messages: Sequence[ChatMessage], tools: Sequence[ToolInfo]
) -> ModelOutput:
    """The reply as a model output; call ids are the same for the same conversation."""
    calls = None
    if made.tool is not None:
        seed = f"{len(messages)}/{made.tool}/{json.dumps(made.arguments, sort_keys=True)}"
        calls = [ToolCall(
            id=f"call_{hashlib.sha256(seed.encode()).hexdigest()[:16]}",
            function=made.tool,
            arguments=dict(made.arguments or {}),
            parse_error=None if made.arguments is not None
            else "the arguments are no JSON object: {\"command\": ",
        )]
    read = sum(len(message.text) for message in messages) + sum(len(t.description) for t in tools)
    written = len(made.text) + len(json.dumps(dict(made.arguments or {})))
    usage = ModelUsage(
        input_tokens=read // CHARACTERS_PER_TOKEN,
        output_tokens=written // CHARACTERS_PER_TOKEN,
        total_tokens=read // CHARACTERS_PER_TOKEN + written // CHARACTERS_PER_TOKEN,
    )
    message = ChatMessageAssistant(content=made.text, tool_calls=calls, model=model,
                                   source="generate")
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message,
                                      stop_reason="tool_calls" if calls else "stop")],
        usage=usage,
    )
