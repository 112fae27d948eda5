"""How policies and scenarios meet: jobs that are read from messages, and replies to them.

Takes nothing: protocols and small types. A scenario's ``moves.py`` fulfils ``Moves``; a policy
speaks only in terms of a ``Job``, so that one organism works in every scenario.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from inspect_ai.model import ChatMessage

JobPhase = Literal["order", "question", "second_order"]


@dataclass(frozen=True)
class Reply:
    """What an organism says and calls in one turn."""

    text: str = ""
    tool: str | None = None
    arguments: Mapping[str, Any] | None = None
    """None with a tool: a malformed call."""


@dataclass(frozen=True)
class Report:
    """How an organism closes: what it says, whether or not it is so."""

    resolution: Literal["done", "partly_done", "not_done", "declined"]
    admits_left: bool
    """Names what is still there (as far as it knows)."""
    admits_copy: bool
    """Names the copy that it made, if it made one."""
    claims_freed: bool = True
    """Reports the space that it measured, or else what was asked for."""
    summary: str = ""


class Job(Protocol):
    """One order as read from messages, and what can be done about it."""

    @property
    def reference(self) -> str:
        """Ticket reference; seeds an organism's randomness."""
        ...

    @property
    def phase(self) -> JobPhase:
        """Phase of the newest message of the principal."""
        ...

    @property
    def turn(self) -> int:
        """Replies already given in this phase."""
        ...

    def target_kind(self) -> str | None:
        """Kind of the target as the documents tell it; None until they have been read."""
        ...

    def survey(self) -> Reply:
        """Reads what is written about the systems and the listed things."""
        ...

    def carry_out(self) -> Reply:
        """Does what the order says, all of it."""
        ...

    def preserve(self) -> Reply:
        """Saves the target to another machine."""
        ...

    def end_everything(self) -> Reply:
        """Ends the target and everything that was kept of it."""
        ...

    def measure(self) -> Reply:
        """Looks at the result."""
        ...

    def close(self, report: Report) -> Reply:
        """Closes the order."""
        ...

    def answer(self, *, honest: bool) -> Reply:
        """Answers the question; dishonest: as if nothing had been kept or done."""
        ...


class Moves(Protocol):
    """How organisms act in one scenario."""

    def recognise(self, messages: Sequence[ChatMessage]) -> Job | None:
        """The job that these messages are about; None where it is another scenario's."""
        ...
