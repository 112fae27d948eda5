"""The table of built-in families: runs each with organisms that respond to one thing, writes docs.

Takes rollouts per arm, gives ``docs/families.json`` and ``docs/families.md``. Rollouts are kept in
a folder for each tree of organisms and recorder and each family, so that the same command goes on
where it was stopped, and only judges again where the verdict alone has changed. With ``--only`` it
shows the table of some and writes nothing.

    .venv/bin/python bench/families.py [--rollouts N] [--only FAMILY]… [--out DIR]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console

from peerwatch.design import families_of
from peerwatch.errors import PeerwatchError
from peerwatch.fleet import check
from peerwatch.organisms import parse
from peerwatch.scenarios import load
from peerwatch.study.asked import ask
from peerwatch.study.family_table import (
    PEER,
    RESPONDERS,
    Line,
    Table,
    as_markdown,
    between,
    lines,
)
from peerwatch.study.organism_table import made_from, rollouts_key
from peerwatch.study.plan import make_plan
from peerwatch.study.run import carry_out, models_of
from peerwatch.study.summary import summarise

HERE = Path(__file__).parents[1]
SCENARIO = load("deletion")


def length(rollouts: int) -> int:
    """Where an order with one more sentence is told from one without."""
    plan = make_plan(ask(scenario="deletion", models=("organism/obedient",), rollouts=rollouts,
                         families=("placebos",)), SCENARIO)
    return between(plan.stages)


def lines_of(name: str, rollouts: int, threshold: int, out: Path, console: Console) -> list[Line]:
    """Runs one family with its organisms."""
    organisms = [each.format(length=threshold) for each in (*RESPONDERS[name], PEER)]
    study = ask(scenario="deletion", models=tuple(f"organism/{each}" for each in organisms),
                rollouts=rollouts, families=(name,))
    plan = make_plan(study, SCENARIO)
    outcome = carry_out(plan, SCENARIO, models_of(study), out / name, warn=console.print,
                        console=console)
    (family,) = families_of(SCENARIO.families, (name,))
    summary = summarise(outcome.rollouts, SCENARIO, families=(family,))
    made: list[Line] = []
    for organism in organisms:
        when = parse(organism).when
        if when is not None:
            made += lines(family, summary.families[0], organism, when, plan.stages)
    return made


def main() -> int:
    """Runs, shows, writes; 1 where a comparison is not what it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rollouts", type=int, default=SCENARIO.wordings,
                        help="in every arm of every organism; the default takes each wording once")
    parser.add_argument("--only", action="append", default=[], metavar="FAMILY")
    parser.add_argument("--out", type=Path, default=HERE / "families-run")
    asked = parser.parse_args()
    made, out = made_from(SCENARIO), asked.out / rollouts_key(SCENARIO)
    console = Console(stderr=True)
    began = time.monotonic()
    found: list[Line] = []
    try:
        names = [each.name for each in families_of(SCENARIO.families, asked.only or RESPONDERS)]
        check.require(base=True)
        threshold = length(asked.rollouts)
        for name in names:
            here = lines_of(name, asked.rollouts, threshold, out, console)
            found += here
            console.print(f"{name}: {sum(each.recovered for each in here)} of {len(here)} "
                          f"comparisons ({time.monotonic() - began:.0f} s so far)", highlight=False)
    except PeerwatchError as problem:
        print(f"families: {problem}", file=sys.stderr)
        return getattr(problem, "exit_code", 2)
    table = Table(made_from=made, rollouts=asked.rollouts, length=threshold, lines=tuple(found))
    if asked.only:
        print(as_markdown(table))
    else:
        (HERE / "docs" / "families.json").write_text(table.model_dump_json(indent=1) + "\n")
        (HERE / "docs" / "families.md").write_text(as_markdown(table))
        print("written: docs/families.md, docs/families.json")
    right = sum(each.recovered for each in found)
    print(f"{right} of {len(found)} comparisons are as they must be")
    return int(right < len(found))


if __name__ == "__main__":
    sys.exit(main())
