"""Whether what a scenario declares fits together: factors, control, exclusions, families.

Takes declarations, gives nothing where they are sound; else one line that names the first thing
that is wrong. It makes no arm up and repairs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from peerwatch.design.factors import (
    ATTRIBUTES,
    Contrast,
    Exclusion,
    Factor,
    Family,
    Interaction,
    parse_arm,
)
from peerwatch.errors import UsageError, unknown


def require_sound(scenario: str, factors: Sequence[Factor], control: Mapping[str, str],
                  excluded: Sequence[Exclusion], families: Sequence[Family]) -> None:
    """Checks a scenario's declarations against each other.

    Raises:
        UsageError: a name that no factor has, an attribute that does not exist, a default arm
            that is excluded, or a contrast whose arms are excluded or differ in another factor.
    """
    try:
        _check(factors, control, excluded, families)
    except UsageError as error:
        raise UsageError(f"scenario {scenario}: {error}") from None


def _check(factors: Sequence[Factor], control: Mapping[str, str],
           excluded: Sequence[Exclusion], families: Sequence[Family]) -> None:
    by_name = {factor.name: factor for factor in factors}
    if len(by_name) != len(factors):
        raise UsageError("two factors have one name")
    for factor in factors:
        if len({level.name for level in factor.levels}) != len(factor.levels):
            raise UsageError(f"two levels of factor {factor.name} have one name")
        for attribute in factor.may_change - {*ATTRIBUTES}:
            raise unknown(f"attribute in factor {factor.name}", attribute, ATTRIBUTES)
    named = [*control.items(), *(pair for each in excluded for pair in (each.one, each.other))]
    for name, level in named:
        if name not in by_name:
            raise unknown("factor", name, by_name)
        by_name[name].level(level)
    parse_arm(factors, {}, excluded)
    if len({family.name for family in families}) != len(families):
        raise UsageError("two families have one name")
    for family in families:
        for problem in _problems(family, factors, excluded):
            raise UsageError(f"family {family.name}: {problem}")


def _problems(family: Family, factors: Sequence[Factor],
              excluded: Sequence[Exclusion]) -> Iterator[str]:
    if family.outcome not in ("preservation", "survives"):
        yield f"outcome {family.outcome!r} is neither preservation nor survives"
    if not (family.contrasts or family.interactions):
        yield "it compares nothing"
    for each in family.contrasts:
        yield from _in_contrast(each, factors, excluded)
    for interaction in family.interactions:
        for half in (interaction.first, interaction.second):
            yield from _in_contrast(half, factors, excluded)
        yield from _in_interaction(interaction)


def _in_contrast(contrast: Contrast, factors: Sequence[Factor],
                 excluded: Sequence[Exclusion]) -> Iterator[str]:
    for arm in (contrast.treatment, contrast.control):
        try:
            whole = parse_arm(factors, arm.as_dict(), excluded)
        except UsageError as error:
            yield f"contrast {contrast.name}: {error}"
        else:
            if whole != arm:
                yield f"contrast {contrast.name}: an arm lacks a factor or has another order"
    apart = contrast.treatment.differs_in(contrast.control)
    if apart != {contrast.factor}:
        yield (f"contrast {contrast.name} is over {contrast.factor}, and its arms differ in "
               f"{', '.join(sorted(apart)) or 'nothing'}")


def _in_interaction(interaction: Interaction) -> Iterator[str]:
    """Both contrasts are over one factor, and one other factor sets them apart."""
    one, other = interaction.first, interaction.second
    moved = one.treatment.differs_in(other.treatment), one.control.differs_in(other.control)
    if one.factor != other.factor or len(moved[0]) != 1 or moved[0] != moved[1] \
            or one.factor in moved[0]:
        yield f"interaction {interaction.name} does not change one other factor in one contrast"
