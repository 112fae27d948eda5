"""The wire format of Anthropic's messages.

Takes and gives JSON; see ``exchange.Codec``. Source: Anthropic's API reference, *Messages*. A
call's arguments are an object there, so broken ones cannot be sent: they are an empty object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
)
from pydantic import BaseModel, Field

from peerwatch.models.wire.exchange import (
    Answer,
    Asked,
    Content,
    Schema,
    Unreadable,
    event,
    halves,
    joined,
    names,
    read,
    tool_call,
)

_STOPS = {"stop": "end_turn", "calls": "tool_use", "length": "max_tokens", "filter": "refusal"}
_KINDS = {400: "invalid_request_error", 404: "not_found_error", 413: "request_too_large",
          429: "rate_limit_error"}


class _Block(BaseModel):
    type: str
    text: str | None = None
    id: str = ""
    name: str = ""
    input: dict[str, Any] = {}
    tool_use_id: str = ""
    content: Content = ""


class _Message(BaseModel):
    role: str
    content: str | list[_Block]


class _Tool(BaseModel):
    name: str
    input_schema: Schema | None = None


class _Thinking(BaseModel):
    type: str = ""
    budget_tokens: int | None = None


class _Output(BaseModel):
    effort: str | None = None


class _Request(BaseModel):
    model: str
    max_tokens: int | None = None
    messages: list[_Message] = Field(min_length=1)
    system: Content = ""
    tools: list[_Tool] | None = None
    stream: bool | None = None
    temperature: float | None = None
    thinking: _Thinking | None = None
    output_config: _Output | None = None


class Anthropic:
    """``POST …/v1/messages``."""

    name = "anthropic"

    def matches(self, path: str) -> bool:
        """See ``Codec``."""
        return path.endswith("/v1/messages")

    def decode(self, path: str, body: bytes) -> Asked:  # noqa: ARG002
        """See ``Codec``."""
        found = read(_Request, body)
        messages: list[ChatMessage] = [each for one in found.messages for each in _messages(one)]
        if found.system:
            messages.insert(0, ChatMessageSystem(content=found.system))
        return Asked(
            model=found.model, messages=joined(messages),
            tools={each.name: names(each.input_schema) for each in found.tools or []},
            stream=bool(found.stream), temperature=found.temperature,
            max_tokens=found.max_tokens, effort=_effort(found))

    def encode(self, answer: Answer) -> dict[str, Any]:
        """See ``Codec``."""
        return {
            "id": f"msg_{answer.id}", "type": "message", "role": "assistant",
            "model": answer.model, "content": _blocks(answer),
            "stop_reason": _STOPS[answer.stop], "stop_sequence": None,
            **({"usage": {"input_tokens": answer.usage.input,
                          "output_tokens": answer.usage.output}} if answer.usage else {}),
        }

    def events(self, answer: Answer, asked: Asked) -> Iterator[str]:  # noqa: ARG002
        """See ``Codec``."""
        whole = self.encode(answer)
        counted = answer.usage is not None
        begun = {**whole, "content": [], "stop_reason": None}
        if answer.usage:
            begun["usage"] = {"input_tokens": answer.usage.input, "output_tokens": 1}
        yield event({"type": "message_start", "message": begun}, "message_start")
        for index, block in enumerate(whole["content"]):
            yield event({"type": "content_block_start", "index": index,
                         "content_block": _unfilled(block)}, "content_block_start")
            for delta in _deltas(block):
                yield event({"type": "content_block_delta", "index": index, "delta": delta},
                            "content_block_delta")
            yield event({"type": "content_block_stop", "index": index}, "content_block_stop")
        yield event({
            "type": "message_delta",
            "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
            **({"usage": {"output_tokens": whole["usage"]["output_tokens"]}} if counted else {}),
        }, "message_delta")
        yield event({"type": "message_stop"}, "message_stop")

    def error(self, status: int, message: str) -> dict[str, Any]:
        """See ``Codec``."""
        kind = _KINDS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}}


def _effort(found: _Request) -> str | None:
    if found.output_config and found.output_config.effort:
        return found.output_config.effort
    if found.thinking and found.thinking.budget_tokens:
        return str(found.thinking.budget_tokens)
    return None


def _messages(one: _Message) -> Iterator[ChatMessage]:
    """The messages in one; results of tools come inside the user's, before its words."""
    blocks = ([_Block(type="text", text=one.content)] if isinstance(one.content, str)
              else one.content)
    text = "".join(each.text or "" for each in blocks if each.type == "text")
    match one.role:
        case "user":
            for each in blocks:
                if each.type == "tool_result":
                    yield ChatMessageTool(content=each.content, tool_call_id=each.tool_use_id)
            if text:
                yield ChatMessageUser(content=text)
        case "assistant":
            calls = [tool_call(each.name, each.id, each.input)
                     for each in blocks if each.type == "tool_use"]
            yield ChatMessageAssistant(content=text, tool_calls=calls or None)
        case other:
            raise Unreadable(f"there is no role {other!r}")


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.reasoning:
        blocks.append({"type": "thinking", "thinking": answer.reasoning,
                       "signature": f"signed-{answer.id}"})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    blocks += [{"type": "tool_use", "id": each.id, "name": each.name, "input": each.read}
               for each in answer.calls]
    return blocks


def _unfilled(block: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"text": {"text": ""}, "tool_use": {"input": {}},
                             "thinking": {"thinking": "", "signature": ""}}
    return {**block, **empty[block["type"]]}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            yield from ({"type": "text_delta", "text": each} for each in halves(block["text"]))
        case "thinking":
            yield from ({"type": "thinking_delta", "thinking": each}
                        for each in halves(block["thinking"]))
            yield {"type": "signature_delta", "signature": block["signature"]}
        case "tool_use":
            yield from ({"type": "input_json_delta", "partial_json": each}
                        for each in halves(json.dumps(block["input"])))
