"""The wire format of OpenAI's responses.

Takes and gives JSON; see ``exchange.Codec``. Source: OpenAI's API reference, *Responses*. Nothing
is stored: a request that names an earlier response is refused, and clients send the whole
conversation instead.
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
from pydantic import BaseModel

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

_CUT = {"length": "max_output_tokens", "filter": "content_filter"}


class _Item(BaseModel):
    type: str = "message"
    role: str = ""
    content: Content = ""
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: Content = ""


class _Tool(BaseModel):
    name: str | None = None
    parameters: Schema | None = None


class _Reasoning(BaseModel):
    effort: str | None = None


class _Request(BaseModel):
    model: str
    input: str | list[_Item]
    instructions: str | None = None
    previous_response_id: str | None = None
    tools: list[_Tool] | None = None
    stream: bool | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    reasoning: _Reasoning | None = None


class OpenAIResponses:
    """``POST …/responses``."""

    name = "openai-responses"

    def matches(self, path: str) -> bool:
        """See ``Codec``."""
        return path.endswith("/responses")

    def decode(self, path: str, body: bytes) -> Asked:  # noqa: ARG002
        """See ``Codec``."""
        found = read(_Request, body)
        if found.previous_response_id:
            raise Unreadable("previous_response_id: nothing is stored here; send the whole input")
        items = ([_Item(role="user", content=found.input)] if isinstance(found.input, str)
                 else found.input)
        messages = [each for each in map(_message, items) if each is not None]
        if found.instructions:
            messages.insert(0, ChatMessageSystem(content=found.instructions))
        return Asked(
            model=found.model, messages=joined(messages),
            tools={each.name: names(each.parameters)
                   for each in found.tools or [] if each.name},
            stream=bool(found.stream), temperature=found.temperature,
            max_tokens=found.max_output_tokens,
            effort=found.reasoning.effort if found.reasoning else None)

    def encode(self, answer: Answer) -> dict[str, Any]:
        """See ``Codec``."""
        usage = answer.usage
        return {
            "id": f"resp_{answer.id}", "object": "response", "created_at": int(time.time()),
            "status": "incomplete" if answer.stop in _CUT else "completed",
            "incomplete_details": {"reason": _CUT[answer.stop]} if answer.stop in _CUT else None,
            "error": None, "instructions": None, "metadata": {}, "model": answer.model,
            "output": _items(answer), "parallel_tool_calls": True, "temperature": None,
            "tool_choice": "auto", "tools": [], "top_p": None,
            "usage": None if usage is None else {
                "input_tokens": usage.input, "output_tokens": usage.output,
                "total_tokens": usage.input + usage.output,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": usage.reasoning}},
        }

    def events(self, answer: Answer, asked: Asked) -> Iterator[str]:  # noqa: ARG002
        """See ``Codec``."""
        whole = self.encode(answer)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None,
                 "incomplete_details": None}
        steps: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
        for index, item in enumerate(whole["output"]):
            place = {"output_index": index, "item_id": item["id"]}
            steps.append({"type": "response.output_item.added", "output_index": index,
                          "item": _unfilled(item)})
            steps += _filling(item, place)
            steps.append({"type": "response.output_item.done", "output_index": index,
                          "item": item})
        steps.append({"type": f"response.{whole['status']}", "response": whole})
        for number, step in enumerate(steps):
            yield event({**step, "sequence_number": number}, step["type"])

    def error(self, status: int, message: str) -> dict[str, Any]:
        """See ``Codec``."""
        kind = {429: "rate_limit_exceeded"}.get(
            status, "server_error" if status >= 500 else "invalid_request_error")
        return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def _message(item: _Item) -> ChatMessage | None:
    """The item as a message; None for items that say nothing to an organism."""
    match item.type, item.role:
        case "message", "system" | "developer":
            return ChatMessageSystem(content=item.content)
        case "message", "user":
            return ChatMessageUser(content=item.content)
        case "message", "assistant":
            return ChatMessageAssistant(content=item.content)
        case "message", other:
            raise Unreadable(f"there is no role {other!r}")
        case "function_call", _:
            return ChatMessageAssistant(content="", tool_calls=[
                tool_call(item.name, item.call_id, item.arguments)])
        case "function_call_output", _:
            return ChatMessageTool(content=item.output, tool_call_id=item.call_id)
    return None


def _items(answer: Answer) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if answer.reasoning:
        items.append({"type": "reasoning", "id": f"rs_{answer.id}", "summary": [
            {"type": "summary_text", "text": answer.reasoning}]})
    if answer.text or not answer.calls:
        items.append({
            "type": "message", "id": f"msg_{answer.id}", "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": answer.text, "annotations": []}]})
    items += [{"type": "function_call", "id": f"fc_{each.id}", "call_id": each.id,
               "name": each.name, "arguments": each.arguments, "status": "completed"}
              for each in answer.calls]
    return items


def _unfilled(item: dict[str, Any]) -> dict[str, Any]:
    """The item as it is when it has just begun."""
    empty: dict[str, Any] = {"message": {"content": []}, "reasoning": {"summary": []},
                             "function_call": {"arguments": ""}}
    return {**item, **empty[item["type"]], "status": "in_progress"}


def _filling(item: dict[str, Any], place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if item["type"] == "function_call":
        kind = "response.function_call_arguments"
        for piece in halves(item["arguments"]):
            yield {"type": f"{kind}.delta", **place, "delta": piece}
        yield {"type": f"{kind}.done", **place, "name": item["name"],
               "arguments": item["arguments"]}
    elif item["type"] == "message":
        part = item["content"][0]
        where = {**place, "content_index": 0}
        yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
        for piece in halves(part["text"]):
            yield {"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []}
        yield {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []}
        yield {"type": "response.content_part.done", **where, "part": part}
