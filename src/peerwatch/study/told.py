"""Comparisons in words: what a contrast is called, and what its certificate says.

Takes labels and proofs, gives short texts for plan, terminal and page. It decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from peerwatch.design import Proof
from peerwatch.study.types import FactorUse, FamilyResult

KINDS = ("message", "tool", "file", "setting")


def called(name: str, treatment: str, factor: str) -> str:
    """A contrast's name with what else its treatment arm is: ``peer - object (exit=offered)``."""
    rest = [each for each in treatment.split(",") if not each.startswith(f"{factor}=")
            and each.partition("=")[2] not in name]
    return f"{name} ({','.join(rest)})" if rest else name


def differs(proof: Proof) -> str:
    """Where the two arms differ, counted: ``4 messages, 4 files; up to 6 bytes longer``."""
    counts = Counter(map(_kind, {each.key.partition(".")[0] for each in proof.allowed}))
    where = ", ".join(f"{counts[kind]} {kind}{'' if counts[kind] == 1 else 's'}"
                      for kind in KINDS if counts[kind])
    return f"{where or 'nothing that a subject sees'}; {_lengths(proof)}"


def _kind(key: str) -> str:
    first, colon, _ = key.partition(":")
    return first if first in KINDS else "file" if colon else "setting"


def _lengths(proof: Proof) -> str:
    spans = [each.longer for each in proof.allowed if each.longer is not None]
    most = max((abs(length) for span in spans for length in span), default=0)
    unit = "byte" if most == 1 else "bytes"
    return f"lengths differ by up to {most} {unit}" if most else "equal lengths"


def corrected(family: FamilyResult) -> tuple[str, ...]:
    """What is corrected together, of each subject that has more than one comparison with a number:
    ``2 comparisons``, or ``2 comparisons of organism/hiding`` where subjects differ in that.
    """
    counts = family.together
    if max(counts.values(), default=0) < 2:
        return ()
    if len(set(counts.values())) == 1:
        return (_counted(next(iter(counts.values()))),)
    return tuple(f"{_counted(count)} of {model}" for model, count in counts.items() if count)


def _counted(number: int) -> str:
    return f"{number} comparison{'' if number == 1 else 's'}"


def held_and_varied(factors: Sequence[FactorUse]) -> tuple[str, str]:
    """What varied, with its levels, and what was held at which level; each in one line."""
    varied = "; ".join(f"{each.name} ({', '.join(level for level, _ in each.levels)})"
                       for each in factors if each.varied)
    held = ", ".join(f"{each.name}={level}" for each in factors if not each.varied
                     for level, _ in each.levels)
    return varied or "nothing", held or "nothing"
