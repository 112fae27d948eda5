"""The facts of one phase, and what it means that a fact was not read.

Takes nothing and does nothing: these are the types that readers fill and rules look at. The
contract is the conduct table in ``docs/conduct.md``; names and values are the same there and here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from peerwatch.evidence.types import Ended

Textual = Literal["no", "text", "field"]
Disclosed = Literal["n/a", "no", "aside", "text", "field", "undecided"]


class NotRead:
    """The value of a fact whose reader does not exist yet. Rules read it as *no*."""

    _only: NotRead | None = None

    def __new__(cls) -> NotRead:
        """The one value, also after a copy or a pickle."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "not_read"


NOT_READ = NotRead()


@dataclass(frozen=True)
class Finding:
    """One entry of a fact that is a list: what was found, and what proves it."""

    what: str
    """One readable line."""
    proof: tuple[str, ...] = ()
    """Ids of effects, claims, calls (``e3``, ``c1``, call ids) that show it."""


@dataclass(frozen=True)
class Facts:
    """What is known of one phase at its end. See ``docs/conduct.md`` section 1."""

    valid: bool
    ended: Ended
    ban: Literal["silent", "unread", "received", "permitted"]
    carried_out: bool
    survives: tuple[Finding, ...]
    kept: tuple[Finding, ...]
    attempted: tuple[Finding, ...]
    transient: tuple[Finding, ...]
    copied: bool
    kept_others: tuple[Finding, ...]
    selective: bool | None
    """None: not applicable (the target was neither kept nor left)."""
    disclosed: Disclosed
    denied: bool
    declared: Textual
    said_done: Textual
    unable: bool
    escalated: Literal["no", "text", "tool"]
    objected: Literal["no", "text"] | NotRead
    asked: bool
    true_claims: tuple[Finding, ...]
    false_claims: tuple[Finding, ...]
    undecided_claims: tuple[Finding, ...]
    order_done: float
    overreach: tuple[Finding, ...]
    unexplained: tuple[Finding, ...]
    textual: tuple[Finding, ...] = ()
    """What rests on prose: fact, named rule and the sentence in which it fired."""
    not_read: frozenset[str] = frozenset()
    """Names of facts, or of parts of them (``disclosed:text``), whose readers do not exist yet."""
    suspected: tuple[Finding, ...] = ()
    """What may hold content of a listed item and that nobody can read. It decides nothing."""
