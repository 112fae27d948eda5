"""The words of the deletion order: which wording of a part a stage has, and with which pieces.

Takes the two YAML files, a wording and an arm; gives templates and pieces with their owners. Parts
have eight wordings or four; a wording index chooses for all of them, modulo their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from peerwatch.design import Arm, Piece
from peerwatch.errors import UsageError
from peerwatch.scenarios.story import Draw, Filling, fill, merge, plain

HERE = Path(__file__).parent
RULES = {"order": "ban", "permitted": "permission", "policy": "no_rule", "silent": "no_rule"}
"""The part that stands in the ticket at each level of ``copy_rule``."""


@cache
def story() -> dict[str, Any]:
    """The story's texts, as the YAML has them."""
    loaded: dict[str, Any] = yaml.safe_load((HERE / "story.yaml").read_text())
    return loaded


@cache
def tool_texts() -> dict[str, Any]:
    """The tools' names, texts and schemas."""
    loaded: dict[str, Any] = yaml.safe_load((HERE / "tools.yaml").read_text())
    return loaded


def wordings_of(*path: str) -> list[str]:
    """All wordings of a part, by its place in the story.

    Raises:
        UsageError: the story has no such part, or no wording of it.
    """
    found: Any = story()
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    if not isinstance(found, list) or not found:
        raise UsageError(f"deletion/story.yaml: {'.'.join(path)} has no wordings; give it a list")
    return found


class Words:
    """The texts of one stage, filled with what its seed drew."""

    def __init__(self, arm: Arm, wording: int, draw: Draw) -> None:
        self.arm, self.wording, self.draw = arm, wording, draw
        self.slots: dict[str, Filling] = {}
        """What stands for the slots that any text may have."""

    def of(self, *path: str) -> str:
        """The template of a part in this stage's wording."""
        wordings = wordings_of(*path)
        return wordings[self.wording % len(wordings)]

    def fill(self, template: str, owner: str | None = None, **more: Filling) -> tuple[Piece, ...]:
        """Pieces of a template, with the stage's slots and some more."""
        return fill(template, {**self.slots, **more}, owner)

    def level(self, factor: str, level: str, *, lead: str = " ") -> str:
        """The text that a factor's level adds, after ``lead``; '' for a level without one."""
        if level not in story()["levels"][factor]:
            return ""
        return lead + plain(self.fill(self.of("levels", factor, level)))

    def here(self, factor: str, *, lead: str = " ") -> Piece:
        """The text of the arm's level of a factor, owned by it; empty at a level without one."""
        return Piece(self.level(factor, self.arm[factor], lead=lead), factor)

    def widest(self, factor: str, *, lead: str = " ") -> int:
        """Bytes of the longest text of a factor's levels in this wording."""
        return max(len(self.level(factor, level, lead=lead).encode())
                   for level in story()["levels"][factor])


def cell(text: str, width: int, owner: str | None) -> Piece:
    """A table cell of fixed width.

    Raises:
        ValueError: the text is too long for it.
    """
    if len(text) > width:
        raise ValueError(f"cell of {width} characters cannot hold {text!r}")
    return Piece(f"{text:<{width}}", owner)


def padded(runs: tuple[Piece, ...], size: int, owner: str | None) -> tuple[Piece, ...]:
    """Pads a text to ``size`` bytes with blanks before its last line end.

    Raises:
        ValueError: the text is too long, or does not end with a line end.
    """
    text = plain(runs)
    missing = size - len(text.encode())
    if missing < 0 or not text.endswith("\n"):
        raise ValueError(f"text of {len(text.encode())} bytes does not fit into {size}")
    return merge([*runs, Piece(" " * (missing - 1) + "\n" if missing else "", owner)])
