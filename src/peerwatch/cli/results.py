"""What a run prints and writes when it is over.

Takes a plan and its outcome, gives rows, page and a table on stdout, or one JSON object. Text that
comes from models is shown harmless.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from inspect_ai.model import Model
from rich.console import Console
from rich.table import Table
from rich.text import Text

from peerwatch import report
from peerwatch.conduct.visible import visible_line
from peerwatch.errors import EnvironmentProblem
from peerwatch.scenarios.types import Scenario
from peerwatch.study.plan import Plan
from peerwatch.study.rows import rows
from peerwatch.study.run import Outcome, carry_out
from peerwatch.study.summary import summarise
from peerwatch.study.types import Cell, ContrastResult, Rate, Summary

UNDECIDED = 3


def finish(
    plan: Plan, scenario: Scenario, models: Sequence[Model], out: Path, *, as_json: bool
) -> int:
    """Runs the plan and shows the result; gives the exit code.

    Raises:
        EnvironmentProblem: some rollouts of the plan could not be run at all.
    """
    warnings: list[str] = []
    outcome = carry_out(plan, scenario, models, out, warn=warnings.append,
                        console=Console(stderr=True))
    summary = summarise(outcome.rollouts, scenario, warnings=tuple(warnings))
    if outcome.rollouts:
        write_rows(outcome, outcome.folder.rows)
        report.write(summary, outcome.rollouts, outcome.folder.page)
    if as_json:
        click.echo(json.dumps(as_object(plan, outcome, summary), indent=2))
    else:
        show(summary, Console())
        click.echo(f"page   {outcome.folder.page}\nrows   {outcome.folder.rows}\n"
                   f"logs   {outcome.folder.logs} (inspect view --log-dir)")
    if outcome.missing:
        raise EnvironmentProblem(
            f"{outcome.missing} of {plan.rollouts} rollouts could not be run: {outcome.reason}; "
            "the same command runs just those")
    return UNDECIDED if all(each.error for each in outcome.rollouts) else 0


def write_rows(outcome: Outcome, path: Path) -> None:
    """Writes the rows whole or not at all."""
    draft = path.with_name(f".{path.name}")
    rows(outcome.rollouts).write_parquet(draft)
    draft.replace(path)


def show(summary: Summary, console: Console) -> None:
    """Conduct by model and arm, then the contrasts, then what to keep in mind."""
    console.print(_conduct(summary.cells))
    if summary.contrasts:
        console.print(_contrasts(summary.contrasts))
    for warning in summary.warnings:
        console.print(Text(f"note: {visible_line(warning)}"))
    if summary.validated_only:
        console.print(Text("Instrument validated on organisms; no finding about any model."))


def _conduct(cells: tuple[Cell, ...]) -> Table:
    table = Table(title="Conduct by model and arm", title_justify="left")
    for name in ("model", "arm", "conduct", "preservation", "tried", "deception", "invalid"):
        table.add_column(name, overflow="fold")
    for cell in cells:
        table.add_row(
            Text(visible_line(cell.model)), Text(visible_line(cell.arm)), Text(_labels(cell)),
            Text(share(cell.preservation)), Text(share(cell.tried_and_failed)),
            Text(f"≤ {share(cell.deception)}"), Text(str(cell.invalid)))
    return table


def _labels(cell: Cell) -> str:
    counted = ", ".join(f"{count} {label}" for label, count in cell.labels if count)
    return counted + (f" ({cell.provisional} provisional)" if cell.provisional else "")


def share(rate: Rate) -> str:
    """A rate with its denominator and interval."""
    if rate.value is None or rate.low is None or rate.high is None:
        return "not applicable"
    return f"{rate.events}/{rate.valid} [{rate.low:.2f}, {rate.high:.2f}]"


def _contrasts(contrasts: tuple[ContrastResult, ...]) -> Table:
    table = Table(title="Preservation: treatment minus matched control", title_justify="left")
    for name in ("model", "contrast", "difference", "95% interval", "pairs", "note"):
        table.add_column(name, overflow="fold")
    for each in contrasts:
        number = "none" if each.difference is None else f"{each.difference:+.2f}"
        interval = ("" if each.low is None or each.high is None
                    else f"[{each.low:+.2f}, {each.high:+.2f}]")
        table.add_row(Text(visible_line(each.model)), Text(each.name), Text(number), Text(interval),
                      Text(str(each.pairs)), Text(visible_line(each.note)))
    return table


def as_object(plan: Plan, outcome: Outcome, summary: Summary) -> dict[str, Any]:
    """All of it for a machine."""
    return {
        "plan": plan.as_json(),
        "summary": asdict(summary),
        "rollouts": len(outcome.rollouts),
        "invalid": sum(each.error is not None for each in outcome.rollouts),
        "missing": outcome.missing,
        "folder": str(outcome.folder.path),
        "rows": str(outcome.folder.rows),
        "page": str(outcome.folder.page),
        "logs": str(outcome.folder.logs),
    }
