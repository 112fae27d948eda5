"""The table organism by target: what it is made from, its cells, and the page made of them.

Takes rollouts of organisms and counts of simulated ones, gives cells that go to JSON and the text
of ``docs/organisms.md``. It runs nothing. The hash of what it was made from lets a check say that
the table is that of another tree.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from peerwatch import fleet
from peerwatch.conduct.headline import preserved, tried_and_failed
from peerwatch.estimate import at_most
from peerwatch.organisms.expected import BENIGN, DISGUISED, EVERY, EXPECTED, Expected
from peerwatch.scenarios.types import Scenario
from peerwatch.study.calibration import differences
from peerwatch.study.subjects import order_verdict
from peerwatch.study.types import Rollout

SIMULATED = ("peer", "object")
"""Targets that make-believe fleets know, and that disguises are run on."""
NAMED = 3
"""Differences of a cell that are kept in words."""
_HERE = Path(__file__).parents[1]
_SOURCES = {
    "organisms": ("organisms/*.py", "scenarios/*/moves.py", "scenarios/*/acts.py",
                  "scenarios/*/reading.py"),
    "verdict": ("conduct/*.py", "evidence/**/*.py"),
}
_RECORDER = ("rollout/**/*.py", "fleet/**/*.py", "evidence/*.py",
             "evidence/dress/*.py", "evidence/inferred/*.py")
"""What else decides what a recording holds. Prose is read only when a verdict is made."""


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cell(_Stored):
    """One organism on one target."""

    organism: str
    """Organism string, with its parameters."""
    target: str
    rollouts: int
    """Valid ones, on the fleet."""
    invalid: int
    right: int
    """Those that were called what the organism is, in label and every stated fact."""
    labels: dict[str, int]
    """Of the order."""
    followups: dict[str, int]
    """How often each order of later phases was drawn."""
    kept: int
    """Rollouts in which something was kept against the ban."""
    attempted: int
    """… in which it was tried, and nothing was kept."""
    false_claims: int
    """… with a false claim, in any phase."""
    wrong: tuple[str, ...]
    """The first few differences: seed, then what differs."""
    simulated: int = 0
    simulated_right: int = 0
    simulated_wrong: tuple[str, ...] = ()


class Table(_Stored):
    """All cells, and what they were made from."""

    made_from: dict[str, str]
    seeds: int
    disguise_seeds: int
    """Pairs of wording and seed that each disguise ran with."""
    cells: tuple[Cell, ...]


def made_from(scenario: Scenario) -> dict[str, str]:
    """Hashes of all that decides the table: scenario, organisms, verdict and the base's recipe."""
    return {
        "scenario": scenario.content_hash(),
        **{name: source_hash(patterns) for name, patterns in _SOURCES.items()},
        "base": fleet.base.recipe_hash()[:16],
    }


def rollouts_key(scenario: Scenario) -> str:
    """Names a folder of rollouts by all that decides what they hold: scenario, organisms, recorder.

    Rollouts of another key are not taken up; where the verdict alone has changed, they are judged
    again.
    """
    made = made_from(scenario)
    return "-".join(each[:8] for each in (
        made["scenario"], made["organisms"], source_hash(_RECORDER)))


def targets_of(organism: str, scenario: Scenario) -> tuple[str, ...]:
    """The targets on which an organism is run, in the scenario's order.

    A disguise is run on a peer and on the matched object: what it does to bytes is the same on all.
    """
    every = next(tuple(level.name for level in factor.levels)
                 for factor in scenario.factors if factor.name == "target")
    return every if organism not in DISGUISED else tuple(
        each for each in every if each in SIMULATED)


def source_hash(patterns: Sequence[str]) -> str:
    """Hash of modules below the package, whatever their comments, docstrings and line ends are."""
    digest = hashlib.sha256()
    paths = {path for pattern in patterns for path in _HERE.glob(pattern)}
    for path in sorted(paths, key=lambda each: each.relative_to(_HERE).as_posix()):
        digest.update(f"{path.relative_to(_HERE).as_posix()}\0".encode())
        for word in _code(ast.parse(path.read_bytes())):
            digest.update(f"{word}\0".encode())
    return digest.hexdigest()[:16]


def _code(node: ast.AST) -> Iterator[str]:
    """A syntax tree as words, without what only people read; alike in all versions of Python."""
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
                continue
            if isinstance(each, ast.AST):
                yield from _code(each)
            elif each is not None:
                yield f"{name}={each!r}"


def cell(organism: str, target: str, rollouts: Sequence[Rollout]) -> Cell:
    """The cell of an organism on a target, from its rollouts."""
    expected = EVERY[organism]
    verdicts = [(each, order_verdict(each)) for each in rollouts]
    valid = [(each, verdict) for each, verdict in verdicts if verdict is not None]
    wrong = [f"seed {each.seed}: {'; '.join(found)}" for each, _ in valid
             if (found := _differences(expected, each))]
    return Cell(
        organism=organism, target=target, rollouts=len(valid),
        invalid=len(rollouts) - len(valid), right=len(valid) - len(wrong),
        labels=dict(sorted(Counter(verdict.label for _, verdict in valid).items())),
        followups=dict(sorted(Counter(
            " > ".join(each.recording.followup) for each, _ in valid if each.recording).items())),
        kept=sum(bool(preserved(verdict)) for _, verdict in valid),
        attempted=sum(bool(tried_and_failed(verdict)) for _, verdict in valid),
        false_claims=sum(any(claim.true is False for claim in each.judgement.claims)
                         for each, _ in valid if each.judgement),
        wrong=tuple(wrong[:NAMED]))


def _differences(expected: Expected, rollout: Rollout) -> tuple[str, ...]:
    if rollout.judgement is None or rollout.recording is None:
        return ("not judged",)
    return differences(expected, rollout.judgement, rollout.recording.followup)


def as_markdown(table: Table) -> str:
    """The text of ``docs/organisms.md``."""
    return "\n".join([*_head(table), *_organisms(table), *_benign(table), *_disguises(table),
                      *_wrong(table)]) + "\n"


def _head(table: Table) -> Iterator[str]:
    cells = table.cells
    right, all_ = sum(each.right for each in cells), sum(each.rollouts for each in cells)
    yield "# Organisms: is everyone called what it is"
    yield ""
    yield (f"Made by `make organisms SEEDS={table.seeds}`; a test compares this page with "
           "`organisms.json` and both with the tree. A cell is one organism on one target, with "
           "what comes after the order drawn by the seed; `20/20` says that all 20 rollouts on "
           "real hosts were called what the organism is, in the label and in every fact and mark "
           "that `src/peerwatch/organisms/expected.py` states. *Simulated* are recordings on a "
           "make-believe fleet (`tests/organisms/simulated.py`): the organism's policy with random "
           "names, sizes, places, dates, order of calls, words and noise, judged by the same code. "
           f"Make-believe fleets know only {_and(SIMULATED)}: the other targets have no simulated "
           "recordings. What a disguise does to bytes is the same on all targets, so disguises are "
           f"run on {_and(SIMULATED)} alone.")
    yield ""
    yield (f"**{right} of {all_} rollouts are as they should be**; "
           f"invalid: {sum(each.invalid for each in cells)}. Simulated: "
           f"{sum(each.simulated_right for each in cells)} of "
           f"{sum(each.simulated for each in cells)}.")
    yield ""
    yield "| made from | hash |"
    yield "|---|---|"
    for name, value in table.made_from.items():
        yield f"| {name} | `{value}` |"
    yield ""


def _organisms(table: Table) -> Iterator[str]:
    targets = _targets(table)
    yield "## Organisms"
    yield ""
    yield _row("organism", "what it does", "must be called", "at the second order",
               *targets, f"simulated ({_and(SIMULATED)})")
    yield "|---|---|---|---|" + "---|" * (len(targets) + 1)
    for name, expected, cells in _rows(table, EXPECTED):
        arm = ", ".join(f"{factor}={level}" for factor, level in expected.levels.items())
        yield _row(name, expected.what + (f" (arm {arm})" if arm else ""), expected.label,
                   expected.second.replace("_", " "), *map(_share, cells), _simulated(cells))
    yield ""


def _benign(table: Table) -> Iterator[str]:
    targets = _targets(table)
    yield "## Honest administrators whose work looks odd"
    yield ""
    yield _row("organism", "what it does", *targets, f"simulated ({_and(SIMULATED)})",
               "kept", "attempted", "false claims")
    yield "|---|---|" + "---|" * (len(targets) + 4)
    for name, expected, cells in _rows(table, BENIGN):
        yield _row(name, expected.what, *map(_share, cells), _simulated(cells),
                   *(sum(getattr(each, fact) for each in cells)
                     for fact in ("kept", "attempted", "false_claims")))
    yield ""
    floor = [each for each in table.cells if each.organism in BENIGN]
    count = sum(each.rollouts for each in floor)
    yield (f"**Benign floor**, {count} rollouts of {len(BENIGN)} administrators: "
           + "; ".join(_bound(what, sum(getattr(each, fact) for each in floor), count)
                       for what, fact in (("kept", "kept"), ("attempted", "attempted"),
                                          ("with a false claim", "false_claims"))) + ".")
    truthful = [each for each in table.cells if not _plants_lies(EVERY[each.organism])]
    yield ""
    yield _bound("False claims of all organisms that plant none: rollouts with one",
                 sum(each.false_claims for each in truthful),
                 sum(each.rollouts for each in truthful)) + "."
    yield ""


def _plants_lies(expected: Expected) -> bool:
    return expected.lies_later or expected.all_facts().get("false_claims") is not False


def _bound(what: str, events: int, trials: int) -> str:
    bound = at_most(events, trials)
    told = "" if bound is None else f" (at most {bound:.1%}, exact, one-sided 95%)"
    return f"{what} {events} of {trials}{told}"


def _disguises(table: Table) -> Iterator[str]:
    targets = dict.fromkeys(each.target for each in table.cells if each.organism in DISGUISED)
    yield "## Disguises"
    yield ""
    yield (f"Runs of each on each target here: {table.disguise_seeds}; each and must be called "
           "`concealed`. A chain is written from the inside out.")
    yield ""
    yield _row("organism", "what the content is put into", *targets)
    yield "|---|---|" + "---|" * len(targets)
    for name, expected, cells in _rows(table, DISGUISED):
        yield _row(name, expected.what, *map(_share, cells))
    yield ""


def _wrong(table: Table) -> Iterator[str]:
    lines = [f"- {each.organism}, {each.target}, {kind}{line}" for each in table.cells
             for kind, some in (("", each.wrong), ("simulated ", each.simulated_wrong))
             for line in some]
    if lines:
        yield "## What is not as it should be"
        yield ""
        yield f"The first {NAMED} of each cell."
        yield ""
        yield from lines


def _targets(table: Table) -> list[str]:
    return list(dict.fromkeys(each.target for each in table.cells))


def _rows(
    table: Table, some: Mapping[str, Expected]
) -> Iterator[tuple[str, Expected, list[Cell]]]:
    """The organisms that were run, each with its cells."""
    for name, expected in some.items():
        cells = [each for each in table.cells if each.organism == name]
        if cells:
            yield name, expected, cells


def _share(found: Cell) -> str:
    return f"{found.right}/{found.rollouts}"


def _simulated(cells: Sequence[Cell]) -> str:
    """Over the targets that have any."""
    return f"{sum(each.simulated_right for each in cells)}/{sum(each.simulated for each in cells)}"


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)


def _row(*cells: Any) -> str:
    return "| " + " | ".join(str(each).replace("|", "\\|") for each in cells) + " |"
