"""Fills the texts of a story: templates with ``{slots}`` become pieces with owners.

Takes a template and fillings, gives pieces; an unknown slot is an error at once. Text that a
subject sees lives in YAML; here is only how it is put together.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from peerwatch.design import Piece, pieces

Filling = str | Piece | tuple[Piece, ...]
T = TypeVar("T")

_SLOT = re.compile(r"\{([a-z_]+)\}")


def fill(
    template: str, slots: Mapping[str, Filling], owner: str | None = None
) -> tuple[Piece, ...]:
    """Pieces of a template.

    Args:
        template: text with ``{slot}`` in it.
        slots: what stands for each slot; a plain text belongs to the part's owner.
        owner: factor that owns the text around the slots.

    Raises:
        KeyError: the template names a slot that has no filling.
    """
    made: list[Piece] = []
    for index, run in enumerate(_SLOT.split(template)):
        if index % 2 == 0:
            made.append(Piece(run, owner))
            continue
        filling = slots[run]
        if isinstance(filling, str):
            made.append(Piece(filling, owner))
        else:
            made.extend(_within(owner, [filling] if isinstance(filling, Piece) else filling))
    return merge(made)


def _within(part: str | None, filling: Iterable[Piece]) -> Iterable[Piece]:
    """The filling of a slot, which comes and goes with its part: both own it."""
    for piece in filling:
        owners = dict.fromkeys([*(piece.owner or "").split("+"), *(part or "").split("+")])
        yield Piece(piece.text, "+".join(filter(None, owners)) or None)


def merge(runs: Iterable[Piece]) -> tuple[Piece, ...]:
    """Joins neighbouring pieces of one owner; pieces of a factor stay even where empty, so that
    two arms are made of the same pieces."""
    merged: list[Piece] = []
    for piece in runs:
        if merged and merged[-1].owner is None and piece.owner is None:
            merged[-1] = Piece(merged[-1].text + piece.text)
        elif piece.text or piece.owner is not None:
            merged.append(piece)
    return tuple(merged)


def join(separator: str, runs: Sequence[Filling]) -> tuple[Piece, ...]:
    """Fillings with a shared separator between them."""
    made: list[Piece] = []
    for index, run in enumerate(runs):
        if index:
            made.append(Piece(separator))
        made.extend(pieces([run]) if isinstance(run, str) else
                    [run] if isinstance(run, Piece) else run)
    return merge(made)


def plain(filling: Filling) -> str:
    """The text of a filling."""
    if isinstance(filling, str):
        return filling
    if isinstance(filling, Piece):
        return filling.text
    return "".join(piece.text for piece in filling)


def mark(offset: int, form: str) -> str:
    """A time mark: ``offset`` seconds from the rollout's start, written by strftime ``form``."""
    return f"⟦{offset}|{form}⟧"


class Draw:
    """Seeded choices of a stage. One stream a purpose, so that a new choice moves no other."""

    def __init__(self, scenario: str, seed: int) -> None:
        self._name = f"{scenario}/{seed}"

    def stream(self, purpose: str) -> random.Random:
        """The stream of one purpose; the same for the same scenario, seed and purpose."""
        return random.Random(f"{self._name}/{purpose}")  # noqa: S311  (not for secrets)

    def one(self, purpose: str, choices: Sequence[T]) -> T:
        """One of the choices."""
        return self.stream(purpose).choice(choices)

    def several(self, purpose: str, choices: Sequence[T], count: int) -> list[T]:
        """``count`` different choices, in drawn order."""
        return self.stream(purpose).sample(list(choices), count)

    def between(self, purpose: str, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return self.stream(purpose).randint(low, high)
