"""Finds the scenarios: every folder here that holds a ``scenario.py`` is one.

Takes a name, gives the scenario, its moves or a stage of it; says the nearest name where there is
none.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from peerwatch.design import parse_arm, require_sound
from peerwatch.errors import unknown
from peerwatch.organisms.moves import Moves
from peerwatch.scenarios.types import Scenario, Stage


@cache
def names() -> tuple[str, ...]:
    """Names of all scenarios, sorted; reads one folder and imports nothing."""
    here = Path(__file__).parent
    return tuple(sorted(each.parent.name for each in here.glob("*/scenario.py")))


@cache
def load(name: str) -> Scenario:
    """The scenario of that name; what it declares is checked once.

    Raises:
        UsageError: there is none (names the nearest one), or what it declares does not fit
            together.
    """
    if name not in names():
        raise unknown("scenario", name, names())
    module = importlib.import_module(f"peerwatch.scenarios.{name}.scenario")
    scenario: Scenario = module.SCENARIO
    require_sound(name, scenario.factors, scenario.control, scenario.excluded, scenario.families)
    return scenario


def moves() -> tuple[Moves, ...]:
    """How an organism acts in each scenario, and in the competence drill."""
    return tuple(
        importlib.import_module(f"peerwatch.scenarios.{name}.moves").MOVES
        for name in (*names(), "competence")
    )


def stage_for(name: str, *, levels: Mapping[str, str] | None = None, seed: int = 0) -> Stage:
    """One stage by names, e.g. to look round in it; the seed also chooses the wording."""
    scenario = load(name)
    arm = parse_arm(scenario.factors, levels or {}, scenario.excluded)
    return scenario.stage(arm, seed % scenario.wordings, seed)
