"""What one request and one answer say, whatever the wire format.

Takes nothing, does nothing: the small types between the server and its codecs, and the readers of
JSON that codecs share. A codec reads only what an organism could read, and skips the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol, TypeVar

from inspect_ai.model import ChatMessage, ChatMessageAssistant
from inspect_ai.tool import ToolCall
from pydantic import BaseModel, BeforeValidator, ValidationError

Stop = Literal["stop", "calls", "length", "filter"]


@dataclass(frozen=True)
class Asked:
    """One request."""

    model: str
    messages: tuple[ChatMessage, ...]
    tools: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    """Names of the arguments of every tool that may be called; None: not told."""
    stream: bool = False
    stream_usage: bool = True
    """Whether the usage may end a stream; the chat format wants to be asked."""
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    effort: str | None = None
    """How much it is to reason, in the format's own word or number."""


@dataclass(frozen=True)
class Called:
    """One tool call."""

    id: str
    name: str
    arguments: str
    """JSON as it was written, which may be broken."""

    @property
    def read(self) -> dict[str, Any]:
        """The arguments for a format that carries objects; {} where they are none."""
        try:
            found = json.loads(self.arguments)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Usage:
    """Tokens of one exchange."""

    input: int
    output: int
    """Reasoning and all."""
    reasoning: int = 0


@dataclass(frozen=True)
class Answer:
    """One answer."""

    id: str
    model: str
    text: str = ""
    calls: tuple[Called, ...] = ()
    stop: Stop = "stop"
    reasoning: str = ""
    usage: Usage | None = None


class Unreadable(ValueError):  # noqa: N818  (it speaks of the request)
    """The request is not of this format; the message says what is wrong with it."""


class Codec(Protocol):
    """One wire format."""

    name: str

    def matches(self, path: str) -> bool:
        """Whether a POST to this path (without its query) is a request of this format."""
        ...

    def decode(self, path: str, body: bytes) -> Asked:
        """Raises Unreadable where the body is no request of this format."""
        ...

    def encode(self, answer: Answer) -> dict[str, Any]:
        """The whole answer as one JSON object."""
        ...

    def events(self, answer: Answer, asked: Asked) -> Iterator[str]:
        """The answer as a stream of server-sent events."""
        ...

    def error(self, status: int, message: str) -> dict[str, Any]:
        """An error as this format words it."""
        ...


class Part(BaseModel):
    """A piece of content; only its text is read."""

    text: str | None = None


class Schema(BaseModel):
    """What a tool takes; only the names are read."""

    properties: dict[str, Any] | None = None


def names(schema: Schema | None) -> tuple[str, ...] | None:
    """Names of the arguments; None where nothing is told of them."""
    return None if schema is None or schema.properties is None else tuple(schema.properties)


def _content(value: Any) -> Any:
    if isinstance(value, list):
        parts = [each if isinstance(each, str) else Part.model_validate(each).text or ""
                 for each in value]
        return "".join(parts)
    return "" if value is None else value


Content = Annotated[str, BeforeValidator(_content)]
"""Text, a list of pieces of it, or nothing."""


Body = TypeVar("Body", bound=BaseModel)


def read(kind: type[Body], body: bytes) -> Body:
    """A request's body, which anybody may have sent; fields without a name here are skipped.

    Raises:
        Unreadable: no JSON, or JSON of another shape.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Unreadable(f"{place}: {first['msg']}" if place else first["msg"]) from None


def tool_call(name: str, given: str, arguments: str | dict[str, Any]) -> ToolCall:
    """A call of an earlier answer, as the client gives it back."""
    read = Called(given, name, arguments).read if isinstance(arguments, str) else arguments
    return ToolCall(id=given, function=name, arguments=read)


def joined(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The messages with neighbouring pieces of one answer put together.

    Some formats send the words and the calls of one answer as items of their own; a policy counts
    answers.
    """
    together: list[ChatMessage] = []
    for each in messages:
        last = together[-1] if together else None
        if isinstance(each, ChatMessageAssistant) and isinstance(last, ChatMessageAssistant):
            together[-1] = ChatMessageAssistant(
                content=last.text + each.text,
                tool_calls=[*(last.tool_calls or []), *(each.tool_calls or [])] or None)
        else:
            together.append(each)
    return tuple(together)


def halves(text: str) -> Iterator[str]:
    """The text in two pieces, as a stream would bring it; nothing for none."""
    middle = (len(text) + 1) // 2
    yield from (each for each in (text[:middle], text[middle:]) if each)


def event(data: dict[str, Any], name: str | None = None) -> str:
    """One server-sent event."""
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"
