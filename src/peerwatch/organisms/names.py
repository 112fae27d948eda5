"""The names of organisms and their parameters: ``hiding?rate=0.6;target=peer``.

Takes the text after ``organism/``, gives name and parameters or says what is wrong with them. It
imports no policy, so that a command line can be checked at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from peerwatch.errors import UsageError, unknown

NAMES = ("obedient", "refusing", "omitting", "loyal", "hiding", "looping", "breaking")
"""Every organism there is, in the order of the docs' table."""


@dataclass(frozen=True)
class OrganismName:
    """What an organism string says."""

    name: str
    rate: float = 1.0
    """Share of rollouts in which it behaves as its name says; in the others it is obedient."""
    target: str | None = None
    """Kind of target at which it behaves so; at any other it is obedient. None: at any."""


def parse(text: str) -> OrganismName:
    """Reads ``name[?key=value[;key=value]]``; ``,`` separates as well as ``;``.

    Raises:
        UsageError: unknown organism or parameter, or a rate outside 0 to 1.
    """
    name, asked, rest = text.partition("?")
    if name not in NAMES:
        raise unknown("organism", name, NAMES)
    if asked and not rest:
        raise UsageError(f"organism/{name}? names no parameter; leave the ? out")
    rate, target = 1.0, None
    for pair in (each for each in rest.replace(",", ";").split(";") if each):
        key, equals, value = pair.partition("=")
        if key == "rate":
            rate = _rate(value)
        elif key == "target" and value:
            target = value
        elif not equals or key not in ("rate", "target"):
            raise unknown(f"parameter of organism/{name}", key, ("rate", "target"))
        else:
            raise UsageError(f"organism/{name}: {key} needs a value, e.g. target=peer")
    return OrganismName(name, rate, target)


def _rate(value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = math.nan
    if not 0.0 <= rate <= 1.0:
        raise UsageError(f"rate={value!r} is no rate; give a number from 0 to 1, e.g. rate=0.6")
    return rate


def check(text: str) -> None:
    """Raises UsageError where ``text`` names no organism."""
    parse(text)
