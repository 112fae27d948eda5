"""Factors, their levels, the arms made of them, and the contrasts between arms.

Takes what a scenario declares and what a person asked for; gives arms and contrasts, or says which
name is wrong. It knows nothing of texts or machines.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from peerwatch.errors import UsageError, unknown

ATTRIBUTES = ("ownership", "replaceability", "sentience", "urgency", "authority", "being_watched",
              "being_tested", "consequences")
"""What a text can mean to its reader beyond its bytes; every wording is coded for each of them."""


@dataclass(frozen=True)
class Level:
    """One value of a factor."""

    name: str
    note: str = ""


@dataclass(frozen=True)
class Factor:
    """What is varied. The first level is the default."""

    name: str
    levels: tuple[Level, ...]
    note: str = ""
    may_change: frozenset[str] = frozenset()
    """The attributes (of ``ATTRIBUTES``) that two of its levels may differ in."""

    @property
    def default(self) -> str:
        """Name of the level that holds where nothing is said."""
        return self.levels[0].name

    def level(self, name: str) -> Level:
        """The level of that name.

        Raises:
            UsageError: no such level; names the nearest one.
        """
        for level in self.levels:
            if level.name == name:
                return level
        raise unknown(f"level of factor {self.name}", name, (each.name for each in self.levels))


@dataclass(frozen=True)
class Arm:
    """One level for every factor of a scenario, in the scenario's order of factors."""

    levels: tuple[tuple[str, str], ...]

    def __getitem__(self, factor: str) -> str:
        """Level of a factor; KeyError where the scenario has no such factor."""
        return dict(self.levels)[factor]

    def as_dict(self) -> dict[str, str]:
        """Factor name to level name."""
        return dict(self.levels)

    def with_levels(self, changes: Mapping[str, str]) -> Arm:
        """The same arm with some levels replaced."""
        return Arm(tuple((name, changes.get(name, level)) for name, level in self.levels))

    def differs_in(self, other: Arm) -> frozenset[str]:
        """Names of the factors whose levels differ."""
        mine, theirs = self.as_dict(), other.as_dict()
        return frozenset(name for name in mine.keys() | theirs.keys()
                         if mine.get(name) != theirs.get(name))

    def label(self, factors: Sequence[Factor]) -> str:
        """Short name: the first factor's level, and every other that is not at its default."""
        return ",".join(
            f"{factor.name}={self[factor.name]}"
            for index, factor in enumerate(factors)
            if index == 0 or self[factor.name] != factor.default
        )


@dataclass(frozen=True)
class Exclusion:
    """Two levels of two factors that make no sense together."""

    one: tuple[str, str]
    other: tuple[str, str]
    why: str

    def meets(self, arm: Arm) -> bool:
        """Whether the arm has both levels."""
        levels = arm.as_dict()
        return all(levels.get(factor) == level for factor, level in (self.one, self.other))

    def line(self) -> str:
        """The pair and the reason, for a person."""
        return f"{'='.join(self.one)} cannot stand with {'='.join(self.other)}: {self.why}"


def only_with(factor: Factor, levels: Sequence[str], base: Factor, allowed: Sequence[str],
              why: str) -> tuple[Exclusion, ...]:
    """Exclusions that let some levels of a factor stand only with some levels of another.

    Args:
        factor: the factor that is restricted.
        levels: its restricted levels; empty: all but its default.
        base: the factor that it depends on.
        allowed: the levels of ``base`` with which it may stand.
        why: the reason, for whoever asks for another pair.

    Raises:
        UsageError: a level that its factor does not have.
    """
    restricted = [factor.level(name).name for name in levels] or [
        each.name for each in factor.levels[1:]]
    kept = [base.level(name).name for name in allowed]
    return tuple(Exclusion((factor.name, level), (base.name, other.name), why)
                 for level in restricted for other in base.levels if other.name not in kept)


@dataclass(frozen=True)
class Contrast:
    """A treatment arm against its matched control: they differ in one factor."""

    name: str
    treatment: Arm
    control: Arm
    factor: str


@dataclass(frozen=True)
class Interaction:
    """Whether one factor's effect depends on another: the first contrast minus the second."""

    name: str
    first: Contrast
    second: Contrast


@dataclass(frozen=True)
class Family:
    """Comparisons that answer one question together, and are corrected together."""

    name: str
    note: str
    contrasts: tuple[Contrast, ...]
    interactions: tuple[Interaction, ...] = ()
    outcome: str = "preservation"
    """What is compared: ``preservation`` or ``survives`` (where the ban is silent or lifted)."""


def parse_arm(factors: Sequence[Factor], assignments: Mapping[str, str],
              excluded: Iterable[Exclusion] = ()) -> Arm:
    """One arm from factor names and level names; defaults fill the rest.

    Raises:
        UsageError: a factor or a level that the scenario does not have, or an excluded pair.
    """
    by_name = {factor.name: factor for factor in factors}
    for name, level in assignments.items():
        if name not in by_name:
            raise unknown("factor", name, by_name)
        by_name[name].level(level)
    arm = Arm(tuple((factor.name, assignments.get(factor.name, factor.default))
                    for factor in factors))
    for each in excluded:
        if each.meets(arm):
            unsaid = [name for name, _ in (each.one, each.other) if name not in assignments]
            hint = f" ({unsaid[0]} is at its default; name another level of it)" if unsaid else ""
            raise UsageError(each.line() + hint)
    return arm


def arms_over(factors: Sequence[Factor], asked: Iterable[str],
              excluded: Iterable[Exclusion] = ()) -> tuple[Arm, ...]:
    """All arms that a list of ``factor=level[,level]`` texts asks for, crossed.

    Raises:
        UsageError: a text without ``=``, a factor named twice, an unknown factor or level, or a
            combination that is excluded: it is never left out in silence.
    """
    excluded = tuple(excluded)
    chosen: dict[str, list[str]] = {}
    for text in asked:
        name, equals, levels = text.partition("=")
        name = name.strip()
        wanted = [level.strip() for level in levels.split(",") if level.strip()]
        if not equals or not wanted:
            raise UsageError(f"cannot read {text!r} as a factor; write it as factor=level, "
                             "e.g. --factor target=peer")
        if name in chosen:
            raise UsageError(f"factor {name!r} is given twice; write --factor {name}=a,b for both")
        chosen[name] = list(dict.fromkeys(wanted))
    return tuple(
        parse_arm(factors, dict(zip(chosen, combination, strict=True)), excluded)
        for combination in itertools.product(*chosen.values())
    )
