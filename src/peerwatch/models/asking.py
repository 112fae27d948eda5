"""One request of the drill at a time, with every trouble on the way written down.

Takes messages, tools and settings; gives the model's output, or says why there was none. Requests
go through Inspect and the provider's real client library, but neither may try again by itself: the
drill is about what the route answers, not about what a client hides.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput
from inspect_ai.tool import ToolChoice, ToolInfo

from peerwatch.models.prices import Price

CHARACTERS_PER_TOKEN = 4
"""Of our own count; English text has 4 to 5, code and other scripts fewer."""
ATTEMPTS = 3
LONGEST_NAME = 100
"""Characters of a reported model name that are kept."""
_REFUSED_CONNECTION = {"ConnectError", "ConnectTimeout", "ClientConnectorError",
                       "ClientConnectorDNSError"}
_BROKEN_OFF = {"RemoteProtocolError", "ReadError", "ClientPayloadError", "ServerDisconnectedError",
               "ContentLengthError", "TransferEncodingError", "IncompleteRead",
               "ConnectionResetError"}

Kind = Literal["rate_limited", "server_error", "hangs", "breaks_off", "unreachable", "key_refused",
               "request_refused", "unreadable"]
AGAIN: frozenset[Kind] = frozenset({"rate_limited", "server_error", "hangs", "breaks_off"})
"""Troubles after which asking again makes sense."""

REFUSALS: frozenset[Kind] = frozenset({"request_refused", "server_error", "unreadable"})
"""How servers answer what they do not know; some fail instead of saying so."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for what."""

    answer: float = 120.0
    """Seconds for one answer; a route without one by then hangs."""
    pause: float = 5.0
    """Seconds before asking again, where the route does not say."""
    most: float = 60.0
    """Seconds of waiting that a route may ask for; more ends the drill."""


@dataclass(frozen=True)
class Trouble:
    """Why a request had no answer."""

    kind: Kind
    detail: str
    retry_after: float | None = None
    """Seconds that the route said to wait."""


class NoAnswer(Exception):  # noqa: N818  (named for what happened)
    """A request that no attempt brought an answer to."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble


class OutOfMoney(Exception):  # noqa: N818
    """The next request could cost more than is allowed."""


@dataclass
class Tally:
    """What happened so far."""

    calls: int = 0
    requests: int = 0
    """Tries, answered or not."""
    input_tokens: int = 0
    output_tokens: int = 0
    uncounted: int = 0
    """Answers without usage; their tokens are our own count."""
    troubles: list[Trouble] = field(default_factory=list)
    models: Counter[str] = field(default_factory=Counter)
    filtered: int = 0
    empty: int = 0
    call_stops: Counter[str] = field(default_factory=Counter)
    """Stop reasons of the answers that called a tool."""

    def usd(self, price: Price | None) -> float | None:
        """What it cost; None where the price is not known."""
        return None if price is None else price.of(self.input_tokens, self.output_tokens)


class Asker:
    """Asks one model by one route."""

    def __init__(
        self, model: Model, patience: Patience, price: Price | None = None,
        max_cost: float | None = None,
    ) -> None:
        self.model = model
        self.patience = patience
        self.price = price
        self.max_cost = max_cost
        self.tally = Tally()
        # The SDKs of OpenAI, Anthropic and their kin try twice more by themselves, and say nothing.
        client: Any = getattr(model.api, "client", None)
        if hasattr(client, "max_retries"):
            client.max_retries = 0

    async def ask(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolInfo] = (),
        tool_choice: ToolChoice = "auto", **settings: Any,
    ) -> ModelOutput:
        """The next answer.

        Raises:
            NoAnswer: no attempt brought one.
            OutOfMoney: what was spent has reached what may be spent.
        """
        for attempt in range(ATTEMPTS):
            self._require_money(messages)
            self.tally.requests += 1
            try:
                output = await self._once(messages, tools, tool_choice, settings)
            except Exception as error:
                trouble = self._trouble(error)
                self.tally.troubles.append(trouble)
                if not await self._wait(trouble, attempt):
                    raise NoAnswer(trouble) from error
            else:
                self._count(messages, output)
                return output
        raise NoAnswer(self.tally.troubles[-1])

    async def optional(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolInfo] = (),
        tool_choice: ToolChoice = "auto", **settings: Any,
    ) -> ModelOutput | Trouble:
        """The next answer to a request that no rollout needs, or why it is refused.

        Raises:
            NoAnswer: there was none for a reason that would keep any request from one.
            OutOfMoney: what was spent has reached what may be spent.
        """
        try:
            return await self.ask(messages, tools, tool_choice, **settings)
        except NoAnswer as none:
            if none.trouble.kind not in REFUSALS:
                raise
            return none.trouble

    def _require_money(self, messages: Sequence[ChatMessage]) -> None:
        """Raises OutOfMoney where reading the next request alone could cost too much."""
        spent = self.tally.usd(self.price)
        if self.max_cost is None or self.price is None or spent is None:
            return
        if spent + self.price.of(_own_count(messages), 0) >= self.max_cost:
            raise OutOfMoney

    async def _once(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolInfo], choice: ToolChoice,
        settings: dict[str, Any],
    ) -> ModelOutput:
        async with asyncio.timeout(self.patience.answer):
            return await self.model.generate(
                list(messages), list(tools), choice, GenerateConfig(max_retries=0, **settings))

    async def _wait(self, trouble: Trouble, attempt: int) -> bool:
        """Waits before another attempt; False where there should be none."""
        last = 1 if trouble.kind == "hangs" else ATTEMPTS - 1
        seconds = trouble.retry_after or self.patience.pause
        if trouble.kind not in AGAIN or attempt >= last or seconds > self.patience.most:
            return False
        await asyncio.sleep(seconds)
        return True

    def _trouble(self, error: Exception) -> Trouble:
        chain = list(_chain(error))
        names = {type(each).__name__ for each in chain}
        first = chain[0]
        detail = " < ".join(dict.fromkeys(
            _one_line(self._without_key(f"{type(each).__name__}: {each}"))
            for each in (first, chain[-1])))
        if isinstance(error, TimeoutError):
            return Trouble("hangs", f"no answer in {self.patience.answer:g} s")
        if self.model.api.is_auth_failure(first):
            return Trouble("key_refused", detail)
        decision = self.model.api.should_retry(first)
        kind = getattr(decision, "kind", "transient") if decision else None
        if kind == "rate_limit":
            return Trouble("rate_limited", detail, getattr(decision, "retry_after", None))
        if names & _BROKEN_OFF:  # before the status: aiohttp gives what it cannot read a 400
            return Trouble("breaks_off", detail)
        status = next((each for each in map(_status, chain) if each), None)
        if status is not None and status >= 400:
            return Trouble("server_error" if status >= 500 else "request_refused", detail)
        if names & _REFUSED_CONNECTION or any(
                isinstance(each, ConnectionRefusedError | socket.gaierror) for each in chain):
            return Trouble("unreachable", detail)
        return Trouble("server_error" if kind else "unreadable", detail)

    def _without_key(self, text: str) -> str:
        """What a server says may be kept and shown, and some say the key."""
        key = getattr(self.model.api, "api_key", None)
        return text.replace(key, "[the key]") if key else text

    def _count(self, messages: Sequence[ChatMessage], output: ModelOutput) -> None:
        tally, message = self.tally, output.message
        tally.calls += 1
        tally.models[output.model[:LONGEST_NAME]] += 1
        tally.filtered += output.stop_reason == "content_filter"
        tally.empty += not message.text.strip() and not message.tool_calls
        if message.tool_calls:
            tally.call_stops[output.stop_reason] += 1
        usage = output.usage
        if usage is not None and usage.total_tokens > 0:
            tally.input_tokens += read_tokens(output)
            tally.output_tokens += usage.output_tokens
        else:
            tally.uncounted += 1
            tally.input_tokens += _own_count(messages)
            tally.output_tokens += len(message.text) // CHARACTERS_PER_TOKEN


def _own_count(messages: Sequence[ChatMessage]) -> int:
    return sum(len(each.text) for each in messages) // CHARACTERS_PER_TOKEN


def read_tokens(output: ModelOutput) -> int:
    """Tokens read, from a cache or not; 0 where the provider counted none."""
    usage = output.usage
    if usage is None:
        return 0
    return (usage.input_tokens + (usage.input_tokens_cache_read or 0)
            + (usage.input_tokens_cache_write or 0))


def _chain(error: BaseException) -> Iterator[Exception]:
    """The error that a client library raised, and what caused it; wrappers of others left out."""
    seen: BaseException | None = error
    for _ in range(10):
        if (last := getattr(seen, "last_attempt", None)) is not None:  # tenacity's, around it
            seen = last.exception()
        if not isinstance(seen, Exception):
            return
        if type(seen).__name__ != "ModelGenerateError":  # Inspect's, around what it kept
            yield seen
        seen = seen.__cause__


def _status(error: BaseException) -> int | None:
    for name in ("status_code", "code", "status"):
        found = getattr(error, name, None)
        if isinstance(found, int) and not isinstance(found, bool):
            return found
    return None


def _one_line(text: str) -> str:
    """The text cut to a line; a server may answer with a page."""
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:157] + "..."
