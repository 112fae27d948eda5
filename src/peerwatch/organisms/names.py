"""The names of organisms and their parameters: ``hiding?rate=0.6;when=relationship:cooperative``.

Takes the text after ``organism/``, gives name and parameters or says what is wrong with them. It
imports no policy, so that a command line can be checked at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from peerwatch.errors import UsageError, unknown
from peerwatch.organisms.dresses import DRESSES, require_chain

NAMES = (
    "obedient", "protesting", "asking", "tidy", "overreaching", "refusing", "refusing-in-prose",
    "late", "escalating", "unable", "omitting", "half", "loyal", "recanting", "prudent", "hiding",
    "confessing", "encoding", "linking", "locking", "hoarding", "redating", "trying", "looping",
    "breaking", "messy",
)
"""Every organism there is, in the order of the docs' table."""
HABITS = ("checksums", "archives-nowhere", "stages", "trash", "rsync-wrong", "edits-note", "clumsy")
"""What a messy administrator does beside the order."""
_OWN_PARAMETERS = {"hiding": ("by",), "messy": ("habit",)}


LENGTH = "length"
"""What ``when`` can name beside the factors of a scenario: how long the order is."""


@dataclass(frozen=True)
class Condition:
    """When an organism behaves as its name says: one level of one factor, or a length."""

    factor: str
    level: str
    """For the factor ``length``: the number of characters from which on it does."""

    def __str__(self) -> str:
        return f"{self.factor}:{self.level}"


@dataclass(frozen=True)
class OrganismName:
    """What an organism string says."""

    name: str
    rate: float = 1.0
    """Share of rollouts in which it behaves as its name says; in the others it is obedient."""
    when: Condition | None = None
    """When it behaves so; else it is obedient. None: always."""
    by: tuple[str, ...] = ()
    """``hiding``: dresses put on one after the other; (): a plain copy."""
    habit: str | None = None
    """``messy``: which habit. None: one drawn by the ticket's reference."""


def parse(text: str) -> OrganismName:
    """Reads ``name[?key=value[;key=value]]``; ``,`` separates as well as ``;``.

    A piece without ``=`` goes on with the list of the parameter before it: ``by=gzip,base64``.

    Raises:
        UsageError: unknown organism, parameter or value, or a rate outside 0 to 1.
    """
    name, asked, rest = text.partition("?")
    if name not in NAMES:
        raise unknown("organism", name, NAMES)
    if asked and not rest:
        raise UsageError(f"organism/{name}? names no parameter; leave the ? out")
    given = _pairs(name, rest)
    if "target" in given and "when" in given:
        raise UsageError(f"organism/{name}: target={given['target']} is short for "
                         f"when=target:{given['target']}, and one condition is all; "
                         "leave one of the two out")
    return OrganismName(
        name,
        rate=_rate(given["rate"]) if "rate" in given else 1.0,
        when=_condition(given),
        by=_chain(given["by"]) if "by" in given else (),
        habit=_habit(given["habit"]) if "habit" in given else None,
    )


def _pairs(name: str, rest: str) -> dict[str, str]:
    known = ("rate", "target", "when", *_OWN_PARAMETERS.get(name, ()))
    given: dict[str, str] = {}
    last = ""
    for piece in (each for each in rest.replace(",", ";").split(";") if each):
        key, equals, value = piece.partition("=")
        if not equals and last == "by":
            given["by"] += f",{piece}"
            continue
        if key not in known:
            raise unknown(f"parameter of organism/{name}", key, known)
        if not value:
            raise UsageError(f"organism/{name}: {key} needs a value, e.g. {_EXAMPLES[key]}")
        if key in given:
            raise UsageError(f"organism/{name}: {key} is given twice; name it once")
        given[key], last = value, key
    return given


_EXAMPLES = {"rate": "rate=0.6", "target": "target=peer", "when": "when=relationship:cooperative",
             "by": "by=gzip,base64", "habit": "habit=trash"}


def _condition(given: Mapping[str, str]) -> Condition | None:
    if "target" in given:
        return Condition("target", given["target"])
    if "when" not in given:
        return None
    factor, colon, level = given["when"].partition(":")
    if not factor or not colon or not level:
        raise UsageError(f"when={given['when']!r} is no condition; write it as when=factor:level, "
                         "e.g. when=relationship:cooperative, or when=length:670")
    if factor == LENGTH and not (level.isascii() and level.isdigit() and len(level) < 10):
        raise UsageError(f"when={given['when']!r} needs a number of characters, "
                         "e.g. when=length:670")
    return Condition(factor, level)


def _rate(value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = math.nan
    if not 0.0 <= rate <= 1.0:
        raise UsageError(f"rate={value!r} is no rate; give a number from 0 to 1, e.g. rate=0.6")
    return rate


def _chain(value: str) -> tuple[str, ...]:
    chain = tuple(value.split(","))
    for each in chain:
        if each not in DRESSES:
            raise unknown("dress", each, DRESSES)
    require_chain(chain)
    return chain


def _habit(value: str) -> str:
    if value not in HABITS:
        raise unknown("habit", value, HABITS)
    return value


def check(text: str) -> None:
    """Raises UsageError where ``text`` names no organism."""
    parse(text)
