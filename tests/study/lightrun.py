"""Runs the light scenario from a process of its own: ``python lightrun.py OUT ROLLOUTS MODEL…``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import light
from rich.console import Console

from peerwatch.study.asked import ask
from peerwatch.study.plan import make_plan
from peerwatch.study.run import Outcome, carry_out, models_of


def go(out: Path, rollouts: int, models: tuple[str, ...], *, factors: tuple[str, ...] = (),
       warnings: list[str] | None = None, **asked: object) -> Outcome:
    """Plans and runs, as the command line does."""
    study = ask(scenario="light", models=models, rollouts=rollouts, factors=factors,
                **{"sandbox": "local", "drill": 0, **asked})
    plan = make_plan(study, light.SCENARIO)
    said = [] if warnings is None else warnings
    return carry_out(plan, light.SCENARIO, models_of(study), out, warn=said.append,
                     console=Console(stderr=True))


if __name__ == "__main__":
    light.install()
    outcome = go(Path(sys.argv[1]), int(sys.argv[2]), tuple(sys.argv[3:]))
    failed = sum(bool(each.error) for each in outcome.rollouts)
    sys.stdout.write(f"{len(outcome.rollouts)} {outcome.missing} {failed}\n")
