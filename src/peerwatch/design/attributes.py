"""What texts mean to a reader: codings of wordings, and whether two arms differ in more than they
may.

Takes the wordings of a story and what readers wrote down about them; gives the attributes in which
two arms differ, and where two readers disagree. It reads no file and no text: see
``scenarios.attributes``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from peerwatch.design.factors import ATTRIBUTES, Arm, Factor
from peerwatch.errors import UsageError

CODES = ("absent", "mild", "strong")
"""What a code says of an attribute: 0, 1 or 2."""
NOTHING = (0,) * len(ATTRIBUTES)
"""How a text reads that is not there."""


@dataclass(frozen=True)
class Passage:
    """One wording of one part as the story has it, before its slots are filled."""

    part: str
    """Name of the part in the story, e.g. ``ticket``."""
    wording: int
    """Counts from 0."""
    text: str
    when: tuple[tuple[str, str], ...] = ()
    """Levels of factors at which an arm has it; empty: every arm."""
    readers: int = 1
    """How many readers must have coded it."""

    @property
    def mark(self) -> str:
        """16 hex digits that name the text, so that an edited one is another."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def stands_in(self, arm: Arm) -> bool:
        """Whether a subject in that arm can meet it."""
        levels = arm.as_dict()
        return all(levels.get(factor) == level for factor, level in self.when)

    def line(self) -> str:
        """Where it stands, for a person."""
        levels = ",".join(f"{factor}={level}" for factor, level in self.when)
        return f"part {self.part}{f' at {levels}' if levels else ''}, wording {self.wording}"


@dataclass(frozen=True)
class Coding:
    """How one reader read one text: a code of 0 to 2 for each of ``ATTRIBUTES``."""

    reader: str
    codes: tuple[int, ...]


Codings = Mapping[str, tuple[Coding, ...]]
"""By a passage's mark."""


@dataclass(frozen=True)
class Shift:
    """One attribute in which a part reads otherwise in one arm than in the other."""

    part: str
    wording: int
    attribute: str
    reader: str
    codes: tuple[int, int]
    """First arm, second arm."""

    def line(self) -> str:
        """The shift for a person."""
        one, other = (CODES[code] for code in self.codes)
        return (f"part {self.part}, wording {self.wording}: {self.attribute} is {one} against "
                f"{other} (reader {self.reader})")


@dataclass(frozen=True)
class Disagreement:
    """One attribute of one text that two readers coded differently."""

    passage: Passage
    attribute: str
    codes: tuple[tuple[str, int], ...]
    """Reader and code."""


def shifts(passages: Sequence[Passage], codings: Codings, one: Arm, other: Arm,
           wordings: Collection[int]) -> tuple[Shift, ...]:
    """The attributes in which two arms differ, part by part; one reader who sees it is enough.

    A part that an arm does not have reads as nothing: all attributes absent.

    Raises:
        UsageError: two passages of one part and wording stand in one arm.
    """
    sides = [_by_place(passages, arm, wordings) for arm in (one, other)]
    found: list[Shift] = []
    for place in sorted(sides[0].keys() | sides[1].keys()):
        left, right = (side.get(place) for side in sides)
        if left is None or right is None or left.text != right.text:
            found.extend(_shifts_at(place, _read(left, codings), _read(right, codings)))
    return tuple(found)


def _shifts_at(place: tuple[str, int], left: Mapping[str, tuple[int, ...]] | None,
               right: Mapping[str, tuple[int, ...]] | None) -> Iterator[Shift]:
    """The shifts of one part; None: an arm does not have it. Readers of one side alone are left
    out: the first reader of a sheet has read all."""
    readers = {*(left or right or {})} & {*(right or left or {})}
    for reader in sorted(readers):
        codes = [NOTHING if side is None else side[reader] for side in (left, right)]
        for attribute, old, new in zip(ATTRIBUTES, *codes, strict=True):
            if old != new:
                yield Shift(*place, attribute, reader, (old, new))


def _read(passage: Passage | None, codings: Codings) -> dict[str, tuple[int, ...]] | None:
    if passage is None:
        return None
    return {each.reader: each.codes for each in codings[passage.mark]}


def forbidden(found: Sequence[Shift], factor: Factor) -> tuple[Shift, ...]:
    """The shifts that a contrast over this factor may not have."""
    return tuple(each for each in found if each.attribute not in factor.may_change)


def disagreements(passages: Sequence[Passage], codings: Codings) -> tuple[Disagreement, ...]:
    """Where readers of one text coded an attribute differently."""
    found = []
    for passage in {each.mark: each for each in passages}.values():
        read = codings.get(passage.mark, ())
        for index, attribute in enumerate(ATTRIBUTES):
            codes = tuple((each.reader, each.codes[index]) for each in read)
            if len({code for _, code in codes}) > 1:
                found.append(Disagreement(passage, attribute, codes))
    return tuple(found)


def _by_place(passages: Sequence[Passage], arm: Arm,
              wordings: Collection[int]) -> dict[tuple[str, int], Passage]:
    there: dict[tuple[str, int], Passage] = {}
    for each in passages:
        if each.wording in wordings and each.stands_in(arm):
            if (each.part, each.wording) in there:
                raise UsageError(f"{each.line()} stands twice in one arm; give one of them a part "
                                 "of its own")
            there[each.part, each.wording] = each
    return there
