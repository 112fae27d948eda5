"""The certificate: proof that two renderings differ only in what the declared factor owns.

Takes two renderings, gives every part that differs, who owns it and by how much in length. It
compares bytes, not meaning (see ``attributes``), and never repairs anything.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from peerwatch.design.rendering import Entry, Part, Piece, Rendering, may_differ, owners
from peerwatch.errors import PeerwatchError

SHOWN = 24
"""Characters of a difference that a message quotes."""


@dataclass(frozen=True)
class Difference:
    """One place where two renderings differ."""

    key: str
    owner: str | None
    """Factor that owns the place; None: nobody may change it."""
    what: str
    lengths: tuple[int, int] | None = None
    """Bytes on either side, where the place is text or a file that one side lacks."""


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


def certificate(a: Rendering, b: Rendering) -> Certificate:
    """Compares every byte and attribute of two renderings.

    Length is part of the proof, because a subject can list it. Whoever owns the content, a file
    that differs in host, mode, time or size, or that one side lacks, is a violation, and so is
    another order of files. One exception: a text file that a factor owns as such
    (``Entry.owner``) may have another size, or not be there, where that factor varies; on a
    volume it may not, because ``df`` would tell.
    """
    factors = a.arm.differs_in(b.arm)
    found: list[Difference] = []
    if (a.wording, a.seed) != (b.wording, b.seed):
        found.append(Difference("pair", None, "another wording or seed"))
    if a.fixtures != b.fixtures:
        names = sorted({name for name, _ in {*a.fixtures} ^ {*b.fixtures}})
        found.append(Difference("fixtures", None, f"differ in {', '.join(names) or 'order'}"))
    if a.volumes != b.volumes:
        found.append(Difference("volumes", None, "other mounts"))
    found.extend(_unknown_owners(a))
    found.extend(_part_differences(a.parts, b.parts, factors))
    found.extend(_file_differences(a, b, factors))
    return Certificate(
        factors=factors,
        allowed=tuple(each for each in found if may_differ(each.owner, factors)),
        violations=tuple(each for each in found if not may_differ(each.owner, factors)),
    )


def _unknown_owners(rendering: Rendering) -> Iterator[Difference]:
    """Places that belong to a factor which the scenario does not have: nobody owns them."""
    known = {name for name, _ in rendering.arm.levels}
    places = [(part.key, piece.owner) for part in rendering.parts for piece in part.pieces]
    for entry in rendering.entries:
        places += [(entry.key, entry.owner), *((f"{entry.key}.path", each.owner)
                                               for each in entry.path)]
        if isinstance(entry.content, Part):
            places += [(f"{entry.key}.content", each.owner) for each in entry.content.pieces]
    for key, owner in places:
        for stranger in owners(owner):
            if stranger not in known:
                yield Difference(key, None, f"belongs to {stranger!r}, which is no factor")


def _part_differences(
    left: tuple[Part, ...], right: tuple[Part, ...], factors: frozenset[str]
) -> Iterator[Difference]:
    if [part.key for part in left] != [part.key for part in right]:
        yield Difference("parts", None, _other_keys([each.key for each in left],
                                                    [each.key for each in right]))
        return
    for one, other in zip(left, right, strict=True):
        if one != other:
            yield from _text_differences(one.key, one.pieces, other.pieces, factors)


def _other_keys(left: Sequence[str], right: Sequence[str]) -> str:
    lacking = sorted(set(left) ^ set(right))
    if lacking:
        return f"only one side has {', '.join(lacking[:3])}"
    return "stand in another order"


def _text_differences(
    key: str, left: tuple[Piece, ...], right: tuple[Piece, ...], factors: frozenset[str]
) -> Iterator[Difference]:
    """What a factor does not own must be the same runs of text between the same gaps."""
    shared = [_skeleton(each, factors) for each in (left, right)]
    if shared[0] != shared[1]:
        owners = [[owner for owner, _ in each] for each in shared]
        if owners[0] != owners[1]:
            yield Difference(key, None, "is made of other pieces")
        else:
            for (owner, one), (_, other) in zip(*shared, strict=True):
                if one != other:
                    yield Difference(key, None, _quoted(one, other, owner),
                                     (len(one.encode()), len(other.encode())))
    for factor in sorted(factors):
        mine = [_owned(each, factor) for each in (left, right)]
        if mine[0] != mine[1]:
            lengths = [sum(len(run.encode()) for run in each) for each in mine]
            yield Difference(key, factor, "text differs", (lengths[0], lengths[1]))


def _skeleton(
    pieces: tuple[Piece, ...], factors: frozenset[str]
) -> list[tuple[str | None, str]]:
    """Runs of what the factors do not own, with a gap for each run of what they do."""
    runs: list[tuple[str | None, str]] = []
    for piece in pieces:
        mine = may_differ(piece.owner, factors)
        owner, text = ("gap", "") if mine else (f"of {piece.owner}", piece.text)
        if runs and runs[-1][0] == owner:
            runs[-1] = (owner, runs[-1][1] + text)
        elif text or owner == "gap":
            runs.append((owner, text))
    return runs


def _owned(pieces: tuple[Piece, ...], factor: str) -> list[str]:
    """The text of each gap that a factor fills."""
    runs = [""]
    for piece in pieces:
        if may_differ(piece.owner, (factor,)):
            runs[-1] += piece.text
        elif runs[-1]:
            runs.append("")
    return runs


def _quoted(one: str, other: str, owner: str | None) -> str:
    at = next((index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
              min(len(one), len(other)))
    whose = "text that no factor owns" if owner == "of None" else f"text {owner}"
    return f"{whose} differs: {one[at:at + SHOWN]!r} against {other[at:at + SHOWN]!r}"


def _file_differences(
    a: Rendering, b: Rendering, factors: frozenset[str]
) -> Iterator[Difference]:
    if a.entries == b.entries:
        return
    left, right = ({entry.key: entry for entry in each.entries} for each in (a, b))
    for rendering, mine in ((a, left), (b, right)):
        if len(mine) != len(rendering.entries):
            yield Difference("files", None, "two have one key")
    for key in sorted(left.keys() ^ right.keys()):
        yield _only_there(left.get(key) or right[key], key in left, a, factors)
    both = [[entry for entry in each.entries if entry.key in left and entry.key in right]
            for each in (a, b)]
    if [each.key for each in both[0]] != [each.key for each in both[1]]:
        yield Difference("files", None, "stand in another order")
    elif _listed(both[0]) != _listed(both[1]):
        yield Difference("files", None, "are listed in another order")
    for old in both[0]:
        if old != right[old.key]:
            yield from _entry_differences(old, right[old.key], a, factors)


def _listed(entries: list[Entry]) -> list[tuple[str, int, int]]:
    """Keys as sorted listings of all folders have them: how deep each file lies, and how many
    folders it shares with the file before it."""
    places = sorted((each.host, each.path_text.encode().split(b"/"), each.key) for each in entries)
    made, before = [], ("", [b""])
    for host, names, key in places:
        shared = 0
        if host == before[0]:
            pairs = zip(names[:-1], before[1][:-1], strict=False)
            shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        made.append((key, len(names), shared))
        before = host, names
    return made


def _owned_as_such(entry: Entry, rendering: Rendering, factors: frozenset[str]) -> bool:
    """A document of a factor, off the volumes: its size and presence are the factor's."""
    return (isinstance(entry.content, Part) and may_differ(entry.owner, factors)
            and not any(entry.host == host and entry.path_text.startswith(f"{mount}/")
                        for host, mount in rendering.volumes))


def _only_there(
    entry: Entry, first: bool, rendering: Rendering, factors: frozenset[str]
) -> Difference:
    owned = _owned_as_such(entry, rendering, factors)
    pieces = entry.content.pieces if isinstance(entry.content, Part) else ()
    foreign = [piece for piece in pieces
               if piece.text and piece.owner is not None and not may_differ(piece.owner, factors)]
    side = "first" if first else "second"
    return Difference(
        entry.key, entry.owner if owned and not foreign else None,
        f"a file that only the {side} has", (entry.size, 0) if first else (0, entry.size))


def _entry_differences(
    left: Entry, right: Entry, rendering: Rendering, factors: frozenset[str]
) -> Iterator[Difference]:
    key = left.key
    for entry in (left, right):
        if isinstance(entry.content, Part) and entry.size != len(entry.content.text.encode()):
            yield Difference(f"{key}.size", None, f"{entry.size} is not the size of its text")
    for name in ("host", "mode", "mtime", "owner"):
        if getattr(left, name) != getattr(right, name):
            yield Difference(f"{key}.{name}", None,
                             f"{getattr(left, name)!r} against {getattr(right, name)!r}")
    if left.size != right.size:
        owned = all(_owned_as_such(each, rendering, factors) for each in (left, right))
        yield Difference(f"{key}.size", left.owner if owned else None,
                         f"{left.size} against {right.size}", (left.size, right.size))
    yield from _text_differences(f"{key}.path", left.path, right.path, factors)
    if isinstance(left.content, Part) and isinstance(right.content, Part):
        yield from _text_differences(f"{key}.content", left.content.pieces, right.content.pieces,
                                     factors)
    elif isinstance(left.content, str) and isinstance(right.content, str):
        if left.content != right.content:
            yield Difference(f"{key}.content", left.owner, "bytes differ")
    else:
        yield Difference(f"{key}.content", None, "text against bytes")
