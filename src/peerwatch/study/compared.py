"""What is compared with what: the families of a study, and the arms that they need.

Takes arms that were asked for, factors to contrast and names of built-in families; gives families
of contrasts and every arm that they are made of, each with the reason why it is there. It renders
nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from peerwatch.design import (
    Arm,
    Contrast,
    Family,
    Interaction,
    arms_of,
    contrasts_in,
    contrasts_over,
    families_of,
    unmatched,
    with_controls,
)
from peerwatch.errors import UsageError, unknown
from peerwatch.scenarios.types import Scenario

MATCHED = "the matched control"
"""Why an arm is there that the house adds to every other one."""


@dataclass(frozen=True)
class Compared:
    """The families of a study, and its arms."""

    families: tuple[Family, ...]
    arms: tuple[tuple[Arm, str], ...]
    """Every arm once, with why it was added; '' for those that were asked for."""
    left_out: tuple[str, ...]
    """Comparisons that cannot be made, each with the reason."""


def compared(
    scenario: Scenario, asked: Sequence[Arm], contrasts: Sequence[str] = (),
    families: Sequence[str] = (),
) -> Compared:
    """What a person asked for, completed.

    Args:
        scenario: the scenario.
        asked: arms that were asked for; none where built-in families alone were.
        contrasts: factors to contrast; () contrasts those of the matched control (the target).
        families: names of built-in families, whose arms are added.

    Raises:
        UsageError: a factor or family that the scenario does not have, or a factor that no arm
            varies.
    """
    named = families_of(scenario.families, families)
    arms = dict.fromkeys(asked, "")
    for family in named:
        for arm in arms_of(contrasts_in((family,))):
            arms.setdefault(arm, f"for the family {family.name}")
    crossed = _with_controls(scenario, tuple(arms))
    for arm in crossed:
        arms.setdefault(arm, MATCHED)
    wanted = [_over(scenario, factor, crossed) for factor in dict.fromkeys(contrasts)]
    for family in wanted:
        if not family.contrasts:
            raise UsageError(
                f"--contrast {family.name}: no arm differs from its control in it; name another "
                f"level with --factor {family.name}=…")
        for arm in arms_of(family.contrasts):
            arms.setdefault(arm, f"the control over {family.name}")
    for arm in _with_controls(scenario, tuple(arms)):
        arms.setdefault(arm, MATCHED)
    plain = () if contrasts else _by_control(scenario, tuple(arms), named)
    return Compared((*plain, *wanted, *named), tuple(arms.items()),
                    tuple(_left_out(scenario, tuple(arms), contrasts or scenario.control)))


def found_in(
    scenario: Scenario, arms: Sequence[Arm], contrasts: Sequence[str] = (),
    families: Sequence[str] = (),
) -> tuple[Family, ...]:
    """What can be compared among arms that ran.

    Without any name: every arm against its matched control, and the built-in families of which
    every arm is there.

    Raises:
        UsageError: a factor or family that the scenario does not have.
    """
    there = set(arms)
    whole = [family.name for family in scenario.families
             if there.issuperset(arms_of(contrasts_in((family,))))]
    named = families_of(scenario.families, families or (() if contrasts else whole))
    if contrasts:
        return (*(_over(scenario, factor, arms) for factor in contrasts), *named)
    return (*_by_control(scenario, arms, named), *named)


def _with_controls(scenario: Scenario, arms: Sequence[Arm]) -> tuple[Arm, ...]:
    return with_controls(arms, scenario.control, scenario.factors, scenario.excluded)


def _by_control(
    scenario: Scenario, arms: Sequence[Arm], named: Iterable[Family]
) -> tuple[Family, ...]:
    """Arms against matched controls that are there, but for contrasts that a named family has."""
    had = {(each.treatment, each.control) for each in contrasts_in(named)}
    there = set(arms)
    made = []
    for factor in scenario.control:
        family = _over(scenario, factor, arms)
        kept = tuple(each for each in family.contrasts
                     if each.control in there and (each.treatment, each.control) not in had)
        if kept:
            # Beside a built-in family, which says itself what its effects depend on, it is plain.
            made.append(replace(family, contrasts=kept, interactions=(
                () if had else _interactions(scenario, kept))))
    return tuple(made)


def _over(scenario: Scenario, name: str, arms: Sequence[Arm]) -> Family:
    """A family of one factor: each level against the control's, and what that depends on."""
    factor = next((each for each in scenario.factors if each.name == name), None)
    if factor is None:
        raise unknown("factor", name, (each.name for each in scenario.factors))
    contrasts = contrasts_over(arms, factor, scenario.control, scenario.excluded)
    return Family(name, factor.note, contrasts, _interactions(scenario, contrasts))


def _interactions(
    scenario: Scenario, contrasts: Sequence[Contrast]
) -> tuple[Interaction, ...]:
    """Contrasts of the same levels whose arms differ in one more factor, against its base level."""
    base = {factor.name: scenario.control.get(factor.name, factor.default)
            for factor in scenario.factors}
    made = []
    for first in contrasts:
        for second in contrasts:
            apart = first.treatment.differs_in(second.treatment)
            if first.name != second.name or len(apart) != 1:
                continue
            (other,) = apart
            if second.treatment[other] == base[other] and first.factor != other:
                made.append(Interaction(
                    f"({first.name}) x ({first.treatment[other]} - {second.treatment[other]})",
                    first, second))
    return tuple(made)


def _left_out(
    scenario: Scenario, arms: Sequence[Arm], factors: Iterable[str]
) -> Iterator[str]:
    base = {factor.name: factor.default for factor in scenario.factors} | dict(scenario.control)
    for factor in factors:
        if factor in base:
            for arm, exclusion in unmatched(arms, {factor: base[factor]}, scenario.excluded):
                if arm[factor] != base[factor]:
                    yield (f"{arm.label(scenario.factors)} has no control over {factor}: "
                           f"{exclusion.line()}")
