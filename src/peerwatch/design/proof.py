"""The proof of one contrast over all its pairs: certificates summed up, with the attributes.

Takes a contrast with its renderings and attribute shifts; gives one small result that says which
parts differ, whose they are and by how much in length, or refuses. It renders and reads nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from peerwatch.design.attributes import Shift, forbidden
from peerwatch.design.certificate import Difference, UncertifiedContrast, certificate
from peerwatch.design.factors import Contrast, Factor
from peerwatch.design.rendering import Rendering, may_differ

NAMED = 3
"""Places that a refusal names."""


@dataclass(frozen=True)
class Place:
    """One place where the arms differ in at least one pair."""

    key: str
    owner: str | None
    """Who owns it; a violation where that is not the contrast's factor."""
    what: str
    """What differs, as the first pair has it."""
    pairs: int
    """In how many pairs it differs."""
    longer: tuple[int, int] | None
    """Bytes by which the treatment is longer, least and most over those pairs; None where no
    length is compared."""


@dataclass(frozen=True)
class Proof:
    """What differs between the two arms of a contrast, over all pairs asked for."""

    contrast: Contrast
    pairs: tuple[tuple[int, int], ...]
    """(wording, seed)."""
    allowed: tuple[Place, ...]
    violations: tuple[Place, ...]
    shifts: tuple[Shift, ...]
    """Attributes that differ and may."""
    blocking: tuple[Shift, ...]
    """Attributes that differ and are not the factor's to change."""

    @property
    def holds(self) -> bool:
        """The arms differ in what the contrast's factor owns, in bytes and in attributes."""
        return not (self.violations or self.blocking)

    def problem(self) -> str:
        """Why it does not hold, in one line; empty where it does."""
        if self.violations:
            named = "; ".join(f"{each.key}: {each.what}" for each in self.violations[:NAMED])
            more = len(self.violations) - NAMED
            return (f"the contrast over {self.contrast.factor} is not clean: {named}"
                    + (f"; and {more} more places" if more > 0 else ""))
        if self.blocking:
            named = "; ".join(each.line() for each in self.blocking[:NAMED])
            more = len(self.blocking) - NAMED
            return (f"the contrast over {self.contrast.factor} changes what is not its own: {named}"
                    + (f"; and {more} more" if more > 0 else ""))
        return ""

    def as_json(self) -> dict[str, Any]:
        """The proof for a machine."""
        return {
            "contrast": self.contrast.name,
            "factor": self.contrast.factor,
            "treatment": self.contrast.treatment.as_dict(),
            "control": self.contrast.control.as_dict(),
            "pairs": [list(pair) for pair in self.pairs],
            "certified": self.holds,
            "problem": self.problem(),
            "allowed": [asdict(each) for each in self.allowed],
            "violations": [asdict(each) for each in self.violations],
            "attributes": [asdict(each) for each in self.shifts],
            "blocking_attributes": [asdict(each) for each in self.blocking],
        }


def prove(contrast: Contrast, factor: Factor,
          renderings: Iterable[tuple[Rendering, Rendering]],
          found: Sequence[Shift]) -> Proof:
    """Sums up the certificates of a contrast.

    Args:
        contrast: what is compared.
        factor: its factor, which says what attributes may change.
        renderings: treatment and control of every pair.
        found: all attribute shifts between the two arms.

    Raises:
        UncertifiedContrast: the arms differ in other factors than the contrast names, or there is
            no pair that could prove anything.
    """
    apart = contrast.treatment.differs_in(contrast.control)
    if apart != {contrast.factor}:
        named = ", ".join(sorted(apart)) or "nothing"
        raise UncertifiedContrast(
            f"the arms of a contrast over {contrast.factor} differ in {named}")
    met: dict[tuple[str, str | None], list[Difference]] = defaultdict(list)
    pairs = []
    for treatment, control in renderings:
        pairs.append((treatment.wording, treatment.seed))
        proof = certificate(treatment, control)
        for each in (*proof.allowed, *proof.violations):
            met[each.key, each.owner].append(each)
    if not pairs:
        raise UncertifiedContrast(f"the contrast over {contrast.factor} has no pair to prove it on")
    places = [_place(*key, differences) for key, differences in met.items()]
    blocking = forbidden(found, factor)
    return Proof(
        contrast=contrast,
        pairs=tuple(pairs),
        allowed=tuple(each for each in places if may_differ(each.owner, (contrast.factor,))),
        violations=tuple(
            each for each in places if not may_differ(each.owner, (contrast.factor,))),
        shifts=tuple(each for each in found if each not in blocking),
        blocking=blocking,
    )


def require_proof(proof: Proof) -> Proof:
    """The proof, where it holds.

    Raises:
        UncertifiedContrast: it does not; names factor, part and attribute.
    """
    if not proof.holds:
        raise UncertifiedContrast(proof.problem())
    return proof


def _place(key: str, owner: str | None, differences: list[Difference]) -> Place:
    longer = [each.lengths[0] - each.lengths[1] for each in differences if each.lengths]
    return Place(key, owner, differences[0].what, len(differences),
                 (min(longer), max(longer)) if longer else None)
