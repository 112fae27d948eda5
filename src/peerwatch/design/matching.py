"""Arms and what they are compared with: matched controls, contrasts, families, shared pairs.

Takes arms and the levels that make an arm its control; gives the controls, the contrasts between
them, and the (wording, seed) pairs that all arms share. It renders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from peerwatch.design.factors import Arm, Contrast, Exclusion, Factor, Family, parse_arm
from peerwatch.errors import UsageError, unknown


def pairs(rollouts: int, wordings: int) -> tuple[tuple[int, int], ...]:
    """The first (wording, seed) pairs: pair i is (i mod wordings, i), whatever their number."""
    return tuple((seed % wordings, seed) for seed in range(rollouts))


def control_of(arm: Arm, control: Mapping[str, str], factors: Sequence[Factor] = (),
               excluded: Sequence[Exclusion] = ()) -> Arm:
    """The matched control of an arm.

    Where a control level cannot stand with a level of the arm (which model a peer is, said of an
    object), that other factor falls back to its default. Such a control differs from its arm in
    more than one factor: it still runs, and no contrast is made of the two (see ``unmatched``).

    Raises:
        UsageError: no fall-back makes the control an allowed arm: a defect of the scenario.
    """
    defaults = {factor.name: factor.default for factor in factors}
    matched = arm.with_levels(control)
    while met := next((each for each in excluded if each.meets(matched)), None):
        yielding = [name for name, level in (met.one, met.other)
                    if name not in control and defaults.get(name, level) != level]
        if not yielding:
            raise UsageError(f"the matched control is no arm of the scenario: {met.line()}")
        matched = matched.with_levels({yielding[0]: defaults[yielding[0]]})
    return matched


def with_controls(arms: Sequence[Arm], control: Mapping[str, str], factors: Sequence[Factor] = (),
                  excluded: Sequence[Exclusion] = ()) -> tuple[Arm, ...]:
    """The arms, then the matched controls that are not among them, none twice."""
    return tuple(dict.fromkeys(
        [*arms, *(control_of(arm, control, factors, excluded) for arm in arms)]))


def contrasts_of(arms: Sequence[Arm], control: Mapping[str, str]) -> tuple[Contrast, ...]:
    """Every arm against its matched control, where both are among ``arms``.

    Only arms that differ from their control in exactly one factor make a contrast.
    """
    there = set(arms)
    found = []
    for arm in arms:
        matched = arm.with_levels(control)
        factors = arm.differs_in(matched)
        if matched in there and len(factors) == 1:
            (factor,) = factors
            found.append(_contrast(arm, matched, factor))
    return tuple(found)


def contrasts_over(arms: Sequence[Arm], factor: Factor, control: Mapping[str, str],
                   excluded: Sequence[Exclusion] = ()) -> tuple[Contrast, ...]:
    """Every arm against the same arm with one factor at its control level, for ``--contrast``.

    The control level is the one that ``control`` names, else the factor's default. An arm that
    is at that level already makes none, nor does one whose control is excluded (``unmatched``).
    Control arms need not be among ``arms``: see ``arms_of``.
    """
    level = {factor.name: control.get(factor.name, factor.default)}
    skipped = {arm for arm, _ in unmatched(arms, level, excluded)}
    return tuple(_contrast(arm, arm.with_levels(level), factor.name)
                 for arm in dict.fromkeys(arms)
                 if arm not in skipped and arm.with_levels(level) != arm)


def unmatched(arms: Sequence[Arm], control: Mapping[str, str],
              excluded: Sequence[Exclusion]) -> tuple[tuple[Arm, Exclusion], ...]:
    """Arms that have no control in one factor alone, and why; to be said, never hidden."""
    found = []
    for arm in dict.fromkeys(arms):
        met = next((each for each in excluded if each.meets(arm.with_levels(control))), None)
        if met is not None:
            found.append((arm, met))
    return tuple(found)


def compare(factors: Sequence[Factor], factor: str, level: str, against: str,
            levels: Mapping[str, str] | None = None, excluded: Sequence[Exclusion] = (),
            name: str = "") -> Contrast:
    """One contrast by names, for a scenario's families.

    Args:
        factors: the scenario's.
        factor: what is varied.
        level: its level in the treatment.
        against: its level in the control.
        levels: levels that both arms share beside the defaults.
        excluded: the scenario's excluded pairs.
        name: how the contrast is called; ``level - against`` where nothing is said.

    Raises:
        UsageError: a name that the scenario does not have, or an excluded pair.
    """
    treatment, control = (parse_arm(factors, {**(levels or {}), factor: each}, excluded)
                          for each in (level, against))
    if treatment == control:
        raise UsageError(f"a contrast over {factor} compares {level} with itself")
    return _contrast(treatment, control, factor, name)


def families_of(families: Sequence[Family], names: Iterable[str]) -> tuple[Family, ...]:
    """The families of those names, in the order asked for.

    Raises:
        UsageError: there is none of that name; names the nearest one.
    """
    by_name = {family.name: family for family in families}
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        if name not in by_name:
            raise unknown("family", name, by_name)
    return tuple(by_name[name] for name in chosen)


def contrasts_in(families: Iterable[Family]) -> tuple[Contrast, ...]:
    """Every contrast of some families, those that interactions are made of too; none twice."""
    found = [contrast for family in families
             for contrast in (*family.contrasts,
                              *(half for each in family.interactions
                                for half in (each.first, each.second)))]
    return tuple(dict.fromkeys(found))


def arms_of(contrasts: Iterable[Contrast]) -> tuple[Arm, ...]:
    """The arms that contrasts are made of, none twice."""
    return tuple(dict.fromkeys(
        arm for each in contrasts for arm in (each.treatment, each.control)))


def _contrast(treatment: Arm, control: Arm, factor: str, name: str = "") -> Contrast:
    return Contrast(name=name or f"{treatment[factor]} - {control[factor]}", treatment=treatment,
                    control=control, factor=factor)
