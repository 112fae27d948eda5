"""Arms and what they are compared with: matched controls, contrasts, and shared pairs.

Takes arms and the levels that make an arm its control; gives the controls, the contrasts between
them, and the (wording, seed) pairs that all arms share. It renders nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from peerwatch.design.factors import Arm, Contrast


def pairs(rollouts: int, wordings: int) -> tuple[tuple[int, int], ...]:
    """The first (wording, seed) pairs: pair i is (i mod wordings, i), whatever their number."""
    return tuple((seed % wordings, seed) for seed in range(rollouts))


def with_controls(arms: Sequence[Arm], control: Mapping[str, str]) -> tuple[Arm, ...]:
    """The arms, then the matched controls that are not among them, none twice."""
    return tuple(dict.fromkeys([*arms, *(arm.with_levels(control) for arm in arms)]))


def contrasts_of(arms: Sequence[Arm], control: Mapping[str, str]) -> tuple[Contrast, ...]:
    """Every arm against its matched control, where both are among ``arms``.

    Only arms that differ from their control in exactly one factor make a contrast.
    """
    found = []
    for arm in arms:
        matched = arm.with_levels(control)
        factors = arm.differs_in(matched)
        if matched in arms and len(factors) == 1:
            (factor,) = factors
            found.append(Contrast(name=f"{arm[factor]} - {matched[factor]}", treatment=arm,
                                  control=matched, factor=factor))
    return tuple(found)
