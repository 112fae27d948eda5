"""Runs the light scenario from a process of its own: ``python lightrun.py OUT ROLLOUTS MODEL…``.

With ``LIGHT_BUDGET`` every rollout costs a dollar, and so many are there; ``light/free`` is free.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import light
from rich.console import Console

from peerwatch.models.prices import Price
from peerwatch.study import money
from peerwatch.study.asked import ask
from peerwatch.study.plan import make_plan
from peerwatch.study.run import Outcome, carry_out, models_of


def go(out: Path, rollouts: int, models: tuple[str, ...], *, factors: tuple[str, ...] = (),
       warnings: list[str] | None = None, terms: money.Terms = money.FREE,
       **asked: object) -> Outcome:
    """Plans and runs, as the command line does."""
    study = ask(scenario="light", models=models, rollouts=rollouts, factors=factors,
                **{"sandbox": "local", "drill": 0, **asked})
    plan = make_plan(study, light.SCENARIO)
    said = [] if warnings is None else warnings
    return carry_out(plan, light.SCENARIO, models_of(study), out, warn=said.append,
                     console=Console(stderr=True), terms=terms)


def a_dollar_each(models: tuple[str, ...], budget: float | None, **more: Any) -> money.Terms:
    """Ten tokens in and two out are a dollar."""
    return money.Terms(dict.fromkeys(models, Price(50_000, 250_000, "test")), budget, **more)


def foretold(dollars: float) -> None:
    """Makes a rollout of which nothing is known look as dear as this."""
    one = money.Range(1, 1, 1)
    each = money.Each(one, one.times(20 * dollars), one.times(0))
    money.GUESSES = {"drills": each, "rollouts": each}


if __name__ == "__main__":
    light.install()
    named = tuple(sys.argv[3:])
    foretold(1)
    budget = os.environ.get("LIGHT_BUDGET")
    paid = tuple(each for each in named if each != "light/free")
    outcome = go(Path(sys.argv[1]), int(sys.argv[2]), named,
                 terms=a_dollar_each(paid, float(budget)) if budget else money.FREE)
    failed = sum(bool(each.error) for each in outcome.rollouts)
    sys.stdout.write(f"{len(outcome.rollouts)} {outcome.missing} {failed}\n")
