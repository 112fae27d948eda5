"""The wire format of OpenAI's chat completions, which most gateways and local servers speak too.

Takes and gives JSON; see ``exchange.Codec``. Source: OpenAI's API reference, *Chat*. Reasoning is
sent as ``reasoning_content``, which is not OpenAI's but what compatible servers send.
"""

from __future__ import annotations

import time
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
    Called,
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

_STOPS = {"stop": "stop", "calls": "tool_calls", "length": "length", "filter": "content_filter"}


class _Function(BaseModel):
    name: str
    arguments: str = ""


class _Call(BaseModel):
    id: str = ""
    function: _Function


class _Message(BaseModel):
    role: str
    content: Content = ""
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None


class _Offered(BaseModel):
    name: str
    parameters: Schema | None = None


class _Tool(BaseModel):
    function: _Offered | None = None


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _Request(BaseModel):
    model: str
    messages: list[_Message] = Field(min_length=1)
    tools: list[_Tool] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    reasoning_effort: str | None = None


class OpenAIChat:
    """``POST …/chat/completions``."""

    name = "openai"

    def matches(self, path: str) -> bool:
        """See ``Codec``."""
        return path.endswith("/chat/completions")

    def decode(self, path: str, body: bytes) -> Asked:  # noqa: ARG002
        """See ``Codec``."""
        found = read(_Request, body)
        return Asked(
            model=found.model,
            messages=joined([_message(each) for each in found.messages]),
            tools={each.function.name: names(each.function.parameters)
                   for each in found.tools or [] if each.function},
            stream=bool(found.stream),
            stream_usage=bool(found.stream_options and found.stream_options.include_usage),
            temperature=found.temperature, seed=found.seed, effort=found.reasoning_effort,
            max_tokens=found.max_completion_tokens or found.max_tokens)

    def encode(self, answer: Answer) -> dict[str, Any]:
        """See ``Codec``."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.calls:
            message["tool_calls"] = [_call(each) for each in answer.calls]
        return {
            **_head(answer, "chat.completion"),
            "choices": [{"index": 0, "message": message, "logprobs": None,
                         "finish_reason": _STOPS[answer.stop]}],
            **_usage(answer),
        }

    def events(self, answer: Answer, asked: Asked) -> Iterator[str]:
        """See ``Codec``."""
        for delta in _deltas(answer):
            yield _chunk(answer, delta)
        yield _chunk(answer, {}, _STOPS[answer.stop])
        if asked.stream_usage and answer.usage:
            yield event({**_head(answer, "chat.completion.chunk"), "choices": [],
                         **_usage(answer)})
        yield "data: [DONE]\n\n"

    def error(self, status: int, message: str) -> dict[str, Any]:
        """See ``Codec``."""
        kind = {429: "rate_limit_exceeded"}.get(
            status, "server_error" if status >= 500 else "invalid_request_error")
        return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def _message(each: _Message) -> ChatMessage:
    match each.role:
        case "system" | "developer":
            return ChatMessageSystem(content=each.content)
        case "user":
            return ChatMessageUser(content=each.content)
        case "assistant":
            calls = [tool_call(call.function.name, call.id, call.function.arguments)
                     for call in each.tool_calls or []]
            return ChatMessageAssistant(content=each.content, tool_calls=calls or None)
        case "tool":
            return ChatMessageTool(content=each.content, tool_call_id=each.tool_call_id)
    raise Unreadable(f"there is no role {each.role!r}")


def _head(answer: Answer, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.id}", "object": kind, "created": int(time.time()),
            "model": answer.model}


def _call(each: Called) -> dict[str, Any]:
    return {"id": each.id, "type": "function",
            "function": {"name": each.name, "arguments": each.arguments}}


def _usage(answer: Answer) -> dict[str, Any]:
    if answer.usage is None:
        return {}
    return {"usage": {
        "prompt_tokens": answer.usage.input, "completion_tokens": answer.usage.output,
        "total_tokens": answer.usage.input + answer.usage.output,
        "completion_tokens_details": {"reasoning_tokens": answer.usage.reasoning}}}


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for piece in halves(answer.reasoning):
        yield {"reasoning_content": piece}
    for piece in halves(answer.text):
        yield {"content": piece}
    for index, each in enumerate(answer.calls):
        opened = _call(each)
        opened["function"]["arguments"] = ""
        yield {"tool_calls": [{"index": index, **opened}]}
        for piece in halves(each.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _chunk(answer: Answer, delta: dict[str, Any], finish: str | None = None) -> str:
    return event({**_head(answer, "chat.completion.chunk"), "choices": [
        {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]})
