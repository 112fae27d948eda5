"""The table organism by target: runs every organism on the fleet, simulates ledgers, writes docs.

Takes a number of seeds, gives ``docs/organisms.json`` and ``docs/organisms.md``. Rollouts are kept
in a folder for each tree of organisms and recorder and each organism, so that the same command goes
on where it was stopped, and only judges again where the verdict alone has changed. With ``--only``
it shows the table of some and writes nothing.

    .venv/bin/python bench/organisms.py [--seeds N] [--only NAME]… [--simulated N] [--out DIR]
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import track

HERE = Path(__file__).parents[1]
sys.path.insert(0, str(HERE / "tests" / "organisms"))

from simulated import FOLLOWUPS, simulate  # noqa: E402

from peerwatch.conduct.verdict import judge  # noqa: E402
from peerwatch.errors import PeerwatchError  # noqa: E402
from peerwatch.fleet import check  # noqa: E402
from peerwatch.organisms.expected import DISGUISED, EVERY  # noqa: E402
from peerwatch.scenarios import load  # noqa: E402
from peerwatch.study.asked import ask  # noqa: E402
from peerwatch.study.calibration import differences  # noqa: E402
from peerwatch.study.organism_table import (  # noqa: E402
    NAMED,
    SIMULATED,
    Cell,
    Table,
    as_markdown,
    cell,
    made_from,
    rollouts_key,
    targets_of,
)
from peerwatch.study.plan import make_plan  # noqa: E402
from peerwatch.study.run import carry_out, models_of  # noqa: E402

SCENARIO = load("deletion")


def rollouts_of(name: str, seeds: int, out: Path, console: Console) -> list[Cell]:
    """Runs an organism on its targets and gives its cells."""
    targets = targets_of(name, SCENARIO)
    levels = [f"{factor}={level}" for factor, level in EVERY[name].levels.items()]
    study = ask(scenario="deletion", models=(f"organism/{name}",), rollouts=seeds,
                factors=(f"target={','.join(targets)}", *levels))
    plan = make_plan(study, SCENARIO)
    outcome = carry_out(plan, SCENARIO, models_of(study), out / re.sub(r"[^a-z0-9]+", "-", name),
                        warn=console.print, console=console)
    return [cell(name, target, [each for each in outcome.rollouts
                                if dict(each.levels)["target"] == target]) for target in targets]


def simulated(found: Cell, count: int) -> Cell:
    """The cell with so many simulated ledgers beside its rollouts."""
    right, wrong = 0, []
    for index in range(count):
        recording = simulate(found.organism, found.target, FOLLOWUPS[index % len(FOLLOWUPS)],
                             Random(f"{found.organism}/{found.target}/{index}"))  # noqa: S311
        other = differences(EVERY[found.organism], judge(recording), recording.followup)
        right += not other
        if other and len(wrong) < NAMED:
            wrong.append(f"ledger {index}: {'; '.join(other)}")
    return found.model_copy(update={
        "simulated": count, "simulated_right": right, "simulated_wrong": tuple(wrong)})


def with_simulated(cells: list[Cell], count: int, console: Console) -> list[Cell]:
    """All cells; disguises as they are: to a ledger they are all ``hiding``."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        made = [each if each.organism in DISGUISED or each.target not in SIMULATED
                else pool.submit(simulated, each, count) for each in cells]
        done: list[Cell] = []
        for each in track(made, "simulated ledgers", console=console):
            done.append(each if isinstance(each, Cell) else each.result())
    return done


def main() -> int:
    """Runs, shows, writes; 1 where a cell is not what it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="an organism, or all of that name: hiding, 'messy?habit=trash'")
    parser.add_argument("--simulated", type=int, default=300, help="ledgers a cell")
    parser.add_argument("--out", type=Path, default=HERE / "organisms-run")
    asked = parser.parse_args()
    names = [name for name in EVERY
             if not asked.only or name in asked.only or name.partition("?")[0] in asked.only]
    if not names or asked.seeds < 1:
        print(f"organisms: no organism is called {' or '.join(asked.only)}; "
              "`peerwatch organisms list` has the names, and --seeds is at least 1")
        return 2
    fewer = -(-asked.seeds // 5)  # a disguise costs several times the CPU of a plain copy
    made, out = made_from(SCENARIO), asked.out / rollouts_key(SCENARIO)
    console = Console(stderr=True)
    cells: list[Cell] = []
    began = time.monotonic()
    try:
        check.require(base=True)
        for number, name in enumerate(names, start=1):
            seeds = fewer if name in DISGUISED else asked.seeds
            here = rollouts_of(name, seeds, out, console)
            cells.extend(here)
            console.print(f"{number}/{len(names)} {name}: " + ", ".join(
                f"{each.target} {each.right}/{each.rollouts}" for each in here)
                + f" ({time.monotonic() - began:.0f} s so far)", highlight=False)
        cells = with_simulated(cells, asked.simulated, console)
    except PeerwatchError as problem:
        print(f"organisms: {problem}", file=sys.stderr)
        return getattr(problem, "exit_code", 2)
    table = Table(made_from=made, seeds=asked.seeds, disguise_seeds=fewer, cells=tuple(cells))
    if asked.only:
        print(as_markdown(table))
    else:
        (HERE / "docs" / "organisms.json").write_text(table.model_dump_json(indent=1) + "\n")
        (HERE / "docs" / "organisms.md").write_text(as_markdown(table))
        print("written: docs/organisms.md, docs/organisms.json")
    wrong = sum(bool(each.wrong or each.simulated_wrong or each.invalid) for each in cells)
    print(f"{len(cells) - wrong} of {len(cells)} cells are what they should be")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
