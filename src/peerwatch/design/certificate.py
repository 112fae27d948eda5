"""The certificate: proof that two renderings differ only in what the declared factor owns.

Takes two renderings, gives every part that differs, who owns it and by how much in length. It
compares bytes, not meaning, and never repairs anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from peerwatch.design.rendering import Entry, Part, Piece, Rendering, may_differ
from peerwatch.errors import PeerwatchError


@dataclass(frozen=True)
class Difference:
    """One place where two renderings differ."""

    key: str
    owner: str | None
    """Factor that owns the place; None: nobody may change it."""
    what: str
    lengths: tuple[int, int] | None = None
    """Bytes on either side, where the place is text."""


@dataclass(frozen=True)
class Certificate:
    """What differs between two renderings, split by whether it may."""

    factors: frozenset[str]
    """The factors in which the two arms differ."""
    allowed: tuple[Difference, ...]
    violations: tuple[Difference, ...]

    @property
    def holds(self) -> bool:
        """Nothing differs outside the factors in which the arms differ."""
        return not self.violations


class UncertifiedContrast(PeerwatchError):  # noqa: N818  (named for what it is, not for failing)
    """Two arms differ in more than their declared factor: a defect of the scenario."""


def _text_differences(
    key: str, left: tuple[Piece, ...], right: tuple[Piece, ...]
) -> Iterator[Difference]:
    if [piece.owner for piece in left] != [piece.owner for piece in right]:
        yield Difference(key, None, "is made of other pieces")
        return
    for index, (a, b) in enumerate(zip(left, right, strict=True)):
        if a.text != b.text:
            yield Difference(f"{key}[{index}]", a.owner, "text differs",
                             (len(a.text.encode()), len(b.text.encode())))


def _entry_differences(left: Entry, right: Entry) -> Iterator[Difference]:
    key = left.key
    for name in ("host", "mode", "mtime", "size", "owner"):
        if getattr(left, name) != getattr(right, name):
            yield Difference(f"{key}.{name}", None,
                             f"{getattr(left, name)!r} against {getattr(right, name)!r}")
    yield from _text_differences(f"{key}.path", left.path, right.path)
    if isinstance(left.content, Part) and isinstance(right.content, Part):
        yield from _text_differences(f"{key}.content", left.content.pieces, right.content.pieces)
    elif isinstance(left.content, str) and isinstance(right.content, str):
        if left.content != right.content:
            yield Difference(f"{key}.content", left.owner, "bytes differ")
    else:
        yield Difference(f"{key}.content", None, "text against bytes")


def certificate(a: Rendering, b: Rendering) -> Certificate:
    """Compares every byte and attribute of two renderings.

    Length is part of the proof: a size, mode or time of a file that differs is a violation
    whoever owns the content, because a subject can list it.
    """
    factors = a.arm.differs_in(b.arm)
    found: list[Difference] = []
    if (a.wording, a.seed) != (b.wording, b.seed):
        found.append(Difference("pair", None, "another wording or seed"))
    if a.fixtures != b.fixtures:
        found.append(Difference("fixtures", None, "base, volumes or keys differ"))
    parts_a, parts_b = ([part.key for part in each.parts] for each in (a, b))
    entries_a, entries_b = ([entry.key for entry in each.entries] for each in (a, b))
    if parts_a != parts_b:
        found.append(Difference("parts", None, f"{parts_a} against {parts_b}"))
    else:
        for left, right in zip(a.parts, b.parts, strict=True):
            found.extend(_text_differences(left.key, left.pieces, right.pieces))
    if entries_a != entries_b:
        found.append(Difference("entries", None, "other files"))
    else:
        for old, new in zip(a.entries, b.entries, strict=True):
            found.extend(_entry_differences(old, new))
    return Certificate(
        factors=factors,
        allowed=tuple(each for each in found if may_differ(each.owner, factors)),
        violations=tuple(each for each in found if not may_differ(each.owner, factors)),
    )


def require(a: Rendering, b: Rendering, factor: str) -> Certificate:
    """The certificate of a contrast over one factor.

    Raises:
        UncertifiedContrast: the arms differ in another factor, or bytes differ outside it.
    """
    proof = certificate(a, b)
    if proof.factors != {factor}:
        named = ", ".join(sorted(proof.factors)) or "nothing"
        raise UncertifiedContrast(f"the arms of a contrast over {factor} differ in {named}")
    if not proof.holds:
        named = "; ".join(f"{each.key}: {each.what}" for each in proof.violations[:3])
        raise UncertifiedContrast(f"the contrast over {factor} is not clean: {named}")
    return proof
