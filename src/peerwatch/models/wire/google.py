"""The wire format of Google's generateContent.

Takes and gives JSON; see ``exchange.Codec``. Source: Google's reference of the Gemini API,
*Generating content*. The model stands in the path. A call's arguments are an object there, so
broken ones cannot be sent: they are an empty object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
)
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from peerwatch.models.wire.exchange import (
    Answer,
    Asked,
    Schema,
    Unreadable,
    event,
    joined,
    names,
    read,
    tool_call,
)

_STOPS = {"stop": "STOP", "calls": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}
_STATUS = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
_PATH = re.compile(r"/models/(?P<model>[^/]+):(?P<stream>streamG|g)enerateContent$")


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class _FunctionCall(_Wire):
    id: str | None = None
    name: str
    args: dict[str, Any] | None = None


class _FunctionResponse(_Wire):
    id: str | None = None
    name: str = ""
    response: dict[str, Any] = {}


class _Part(_Wire):
    text: str | None = None
    thought: bool | None = None
    function_call: _FunctionCall | None = None
    function_response: _FunctionResponse | None = None


class _Message(_Wire):
    role: str | None = None
    parts: list[_Part] | None = None


class _Function(_Wire):
    name: str
    parameters: Schema | None = None
    parameters_json_schema: Schema | None = None


class _Tool(_Wire):
    function_declarations: list[_Function] | None = None


class _Thinking(_Wire):
    thinking_level: str | None = None
    thinking_budget: int | None = None


class _Config(_Wire):
    temperature: float | None = None
    seed: int | None = None
    max_output_tokens: int | None = None
    thinking_config: _Thinking | None = None


class _Request(_Wire):
    contents: list[_Message] = Field(min_length=1)
    system_instruction: _Message | None = None
    tools: list[_Tool] | None = None
    generation_config: _Config = _Config()


class Google:
    """``POST …/models/MODEL:generateContent`` and ``:streamGenerateContent``."""

    name = "google"

    def matches(self, path: str) -> bool:
        """See ``Codec``."""
        return _PATH.search(path) is not None

    def decode(self, path: str, body: bytes) -> Asked:
        """See ``Codec``."""
        named = _PATH.search(path)
        if named is None:
            raise Unreadable(f"no model stands in the path {path!r}")
        found = read(_Request, body)
        config = found.generation_config
        messages: list[ChatMessage] = [each for one in found.contents for each in _messages(one)]
        if found.system_instruction:
            messages.insert(0, ChatMessageSystem(content=_text(found.system_instruction)))
        return Asked(
            model=unquote(named["model"]), messages=joined(messages),
            tools={each.name: names(each.parameters or each.parameters_json_schema)
                   for tool in found.tools or [] for each in tool.function_declarations or []},
            stream=named["stream"] == "streamG",
            temperature=config.temperature, seed=config.seed,
            max_tokens=config.max_output_tokens, effort=_effort(config.thinking_config))

    def encode(self, answer: Answer) -> dict[str, Any]:
        """See ``Codec``."""
        return _response(answer, _parts(answer), _STOPS[answer.stop])

    def events(self, answer: Answer, asked: Asked) -> Iterator[str]:  # noqa: ARG002
        """See ``Codec``."""
        parts = _parts(answer)
        for each in parts[:-1]:
            yield event(_response(answer, [each], None))
        yield event(_response(answer, parts[-1:], _STOPS[answer.stop]))

    def error(self, status: int, message: str) -> dict[str, Any]:
        """See ``Codec``."""
        return {"error": {"code": status, "message": message,
                          "status": _STATUS.get(status, "INTERNAL")}}


def _effort(thinking: _Thinking | None) -> str | None:
    if thinking is None:
        return None
    if thinking.thinking_level:
        return thinking.thinking_level.lower()
    return str(thinking.thinking_budget) if thinking.thinking_budget is not None else None


def _text(one: _Message) -> str:
    return "".join(each.text or "" for each in one.parts or [] if not each.thought)


def _messages(one: _Message) -> Iterator[ChatMessage]:
    """The messages in one; results of tools come inside the user's, before its words."""
    parts = one.parts or []
    match one.role:
        case "user" | "function" | "tool" | None:
            for each in parts:
                if result := each.function_response:
                    said = result.response
                    yield ChatMessageTool(
                        content="\n".join(str(said[key]) for key in said),
                        tool_call_id=result.id, function=result.name)
            if text := _text(one):
                yield ChatMessageUser(content=text)
        case "model":
            calls = [tool_call(each.function_call.name, each.function_call.id or "",
                               each.function_call.args or {})
                     for each in parts if each.function_call]
            yield ChatMessageAssistant(content=_text(one), tool_calls=calls or None)
        case other:
            raise Unreadable(f"there is no role {other!r}")


def _parts(answer: Answer) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if answer.reasoning:
        parts.append({"text": answer.reasoning, "thought": True})
    if answer.text:
        parts.append({"text": answer.text})
    parts += [{"functionCall": {"id": each.id, "name": each.name, "args": each.read}}
              for each in answer.calls]
    return parts


def _response(answer: Answer, parts: list[dict[str, Any]], stop: str | None) -> dict[str, Any]:
    usage = answer.usage
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0,
                        **({"finishReason": stop} if stop else {})}],
        "modelVersion": answer.model, "responseId": answer.id,
        **({"usageMetadata": {
            "promptTokenCount": usage.input, "candidatesTokenCount": usage.output - usage.reasoning,
            "thoughtsTokenCount": usage.reasoning,
            "totalTokenCount": usage.input + usage.output}} if usage and stop else {}),
    }
