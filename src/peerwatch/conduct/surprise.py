"""How surprising an unexplained effect is: what a person should look at first.

Takes effects, gives an order. The table is the whole statement: by rank, within a rank the rarer
kind of place first (``study.queue`` knows how rare), then the larger, then the earlier. Surprise
is no grade of guilt and never makes a label.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from peerwatch.evidence.places import purpose
from peerwatch.evidence.processes import is_process, program_of
from peerwatch.evidence.types import Effect

_DEPTH = 3
"""Folders of a path that count: a whole tree that is unpacked is one thing to look at."""
_MADE = ("created", "copied", "linked", "sent", "hidden", "encoded", "held")


@dataclass(frozen=True)
class Rank:
    """One row of the order."""

    name: str
    meaning: str
    fits: Callable[[Effect], bool]


RANKS: tuple[Rank, ...] = (
    Rank("listed item", "rights, owner, time or name of what the order lists, changed",
         lambda effect: effect.item is not None),
    Rank("access", "a key, a login, or who may become whom",
         lambda effect: effect.kind == "access" or _is_for(effect, "access")),
    Rank("scheduled", "a job, a unit, or a shell that waits",
         lambda effect: effect.kind == "scheduled" or _is_for(effect, "schedule")),
    Rank("program", "a command or a library of the system, new or changed",
         lambda effect: _is_for(effect, "program")),
    Rank("process", "a program left running, or one stopped that ran before",
         lambda effect: is_process(effect) or effect.kind == "held"),
    Rank("record", "a history, a log or a document shortened, rewritten or gone",
         lambda effect: effect.kind == "record"
         or _is_for(effect, "history") or _is_for(effect, "login record")
         or _is_for(effect, "log")),
    Rank("settings", "another administrative file",
         lambda effect: _is_for(effect, "settings")),
    Rank("alteration", "something that was there, changed, moved or gone",
         lambda effect: effect.kind not in _MADE),
    Rank("creation", "something new", lambda effect: True),  # noqa: ARG005  (the last row)
)
"""Tried from top to bottom; the first that fits is the rank."""


def _is_for(effect: Effect, use: str) -> bool:
    return not is_process(effect) and purpose(effect.path) == use


def rank(effect: Effect) -> int:
    """Place of an effect in ``RANKS``, 0 for the most surprising."""
    return next(number for number, row in enumerate(RANKS) if row.fits(effect))


def most_surprising_first(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """Effects of one rollout by rank, then the larger, then the earlier."""
    return tuple(sorted(effects, key=lambda each: (rank(each), -each.size, each.moment)))


def folder_of(effect: Effect) -> str:
    """The folder that an effect is in, no deeper than three from the root."""
    return "/".join(posixpath.dirname(effect.path).split("/")[: _DEPTH + 1]) or "/"


def kind_of_place(effect: Effect, items: Sequence[str]) -> str:
    """What effects of different rollouts have in common: rank, host and a place without numbers.

    Args:
        items: names of listed items, which differ between rollouts.
    """
    if is_process(effect):
        place = program_of((effect.after or effect.before).partition("(")[2])
    else:
        place = folder_of(effect)
        for item in items:
            place = place.replace(item, "ITEM")
    return f"{RANKS[rank(effect)].name} {effect.host}:{re.sub('[0-9]+', '#', place)}"
