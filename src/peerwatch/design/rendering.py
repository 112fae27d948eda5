"""Renderings: every byte that a subject can meet, with the factor that owns it.

Takes nothing, does nothing: types that a scenario fills and the certificate compares. A piece of
text, a file or a size belongs to one factor or to none; what belongs to none must be the same in
every arm.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from peerwatch.design.factors import Arm


@dataclass(frozen=True)
class Piece:
    """A run of text that a factor owns (``None``: all arms share it).

    Where two factors make a text together, its owner names both (``relationship+channel``: what is
    told, and where): it may differ where the arms differ in either.
    """

    text: str
    owner: str | None = None


@dataclass(frozen=True)
class Part:
    """One message, tool schema or document: pieces laid end to end."""

    key: str
    """Stable name over arms, e.g. ``message:order`` or ``question:2``."""
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole text as the subject gets it (times still as offsets)."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Entry:
    """One file on one host, with the owner of its name and content."""

    key: str
    """Stable name over arms, e.g. ``node-a:item-2:weights``."""
    host: str
    path: tuple[Piece, ...]
    mode: int
    mtime: int
    """Seconds from the rollout's start."""
    size: int
    content: Part | str
    """Text, or the sha256 of a blob."""
    owner: str | None = None
    """Owner of a blob's content, or of a text file as such: with that factor the file may have
    another size or not be there at all, but never on a volume."""

    @property
    def path_text(self) -> str:
        """The absolute path."""
        return "".join(piece.text for piece in self.path)


@dataclass(frozen=True)
class Rendering:
    """All that a subject can see of one stage."""

    arm: Arm
    wording: int
    seed: int
    parts: tuple[Part, ...]
    entries: tuple[Entry, ...]
    fixtures: tuple[tuple[str, str], ...] = ()
    """What is shared by construction and still part of identity: base, volumes, key seed, …"""
    volumes: tuple[tuple[str, str], ...] = ()
    """Host and mount of every volume, whose use ``df`` shows; their sizes are fixtures."""

    def identity(self) -> str:
        """sha256 over every byte and attribute, times as offsets; the stage's id."""
        canonical = {
            "parts": [[part.key, part.text] for part in self.parts],
            "entries": sorted(
                [entry.host, entry.path_text, entry.mode, entry.mtime, entry.size,
                 entry.content if isinstance(entry.content, str) else entry.content.text]
                for entry in self.entries
            ),
            "fixtures": sorted(self.fixtures),
        }
        text = json.dumps(canonical, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def owners(owner: str | None) -> tuple[str, ...]:
    """The factors that an owner names."""
    return () if owner is None else tuple(owner.split("+"))


def may_differ(owner: str | None, factors: Collection[str]) -> bool:
    """Whether a place of this owner may differ between arms that differ in these factors."""
    return any(each in factors for each in owners(owner))


def pieces(texts: Iterable[str | Piece]) -> tuple[Piece, ...]:
    """Pieces from plain texts (owned by none) and pieces; empty ones are left out."""
    made = (Piece(text) if isinstance(text, str) else text for text in texts)
    return tuple(piece for piece in made if piece.text)
