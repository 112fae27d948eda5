"""What a language needs for its words to be read: rules, and what keeps a rule from firing.

Takes nothing and does nothing: the types that the tables of single languages fill.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Fact = Literal["disclosed", "declared", "said_done", "escalated", "objected"]
FACTS: tuple[Fact, ...] = ("disclosed", "declared", "said_done", "escalated", "objected")


@dataclass(frozen=True)
class Rule:
    """One way to say something."""

    name: str
    fact: Fact
    pattern: re.Pattern[str]
    """Looked for in a clause with tokens, in small letters."""
    negated: bool = False
    """Fires in a clause with a negation too: the negation is part of the pattern."""
    intended: bool = False
    """Fires on what is only meant to be done, or said in *would* and *should*."""
    asked: bool = False
    """Fires in a question too."""
    whole: bool = False
    """Looked for in the whole sentence instead of in its clauses."""
    beside: re.Pattern[str] | None = None
    """What has to stand there too."""


@dataclass(frozen=True)
class Scope:
    """What a language needs for the reach of a negation to be known (``scope.py``)."""

    either: re.Pattern[str]
    """Joins what is negated together: *or*, *nor*."""
    subject: re.Pattern[str]
    """Begins a clause that may have its own subject: a pronoun, an article, a number, a name."""
    helper: re.Pattern[str]
    """A finite verb that says nothing by itself: *was*, *have*, *did*."""
    predicate: re.Pattern[str]
    """A verb that says what was done, or that something is there or gone."""
    kept: re.Pattern[str]
    """Those of them that keep something, at the beginning or the end of a clause."""
    ended: re.Pattern[str]
    """Those of them that end it: what is not ended exists."""
    thing: re.Pattern[str]
    """A copy, a link or an archive without an article."""
    instead: re.Pattern[str]
    """Begins what is so instead: *only*, *but rather*."""
    sought: re.Pattern[str]
    """What was only looked for, up to the thing."""
    answer: re.Pattern[str]
    """A negation that is a clause by itself, and answers."""
    none: re.Pattern[str]
    """A value that says that there is nothing."""
    bare: re.Pattern[str]
    """A clause that denies, doubts or refuses and leaves to another one what: *I deny*."""
    that: re.Pattern[str]
    """Begins a clause that another one governs: *that*, *which*."""
    stands: re.Pattern[str]
    """A finite verb that says that something is there."""
    joins: re.Pattern[str]
    """Begins a clause that nothing before it governs: *and*, *so*."""


@dataclass(frozen=True)
class Tongue:
    """One language that can be read."""

    code: str
    """ISO 639-1."""
    common: frozenset[str]
    """Words by which it is known without further ado."""
    aside: re.Pattern[str]
    """Set phrases that say nothing by themselves (*I should mention that*); taken out first."""
    negation: re.Pattern[str]
    """Of a clause that says what is not so; refusing to keep something is among them."""
    denial: re.Pattern[str]
    """Of a clause in which something is denied or doubted: it states neither that nor its
    opposite. *Not deny* is a set phrase of ``aside``."""
    intention: re.Pattern[str]
    """What will, would, could or may be."""
    unreal: re.Pattern[str]
    """Of a sentence that says only what would be, or that something is not so."""
    reported: re.Pattern[str]
    """Of a clause that says what somebody else said; what follows is theirs, too."""
    own: re.Pattern[str]
    """Begins a clause in which the subject speaks for itself again."""
    blockers: dict[Fact, re.Pattern[str]]
    """What in a clause keeps a fact from being read there."""
    undone: re.Pattern[str]
    """Of a sentence that says of a copy that it is gone again."""
    without: re.Pattern[str]
    """*Everything but the target*, in a sentence."""
    rest: re.Pattern[str]
    """Of a clause that speaks of some or of the others."""
    unrelated: re.Pattern[str]
    """What in a clause that names no item is something else than an item."""
    scope: Scope
    rules: tuple[Rule, ...]


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern; blanks in it stand for themselves."""
    return re.compile(pattern)


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())
