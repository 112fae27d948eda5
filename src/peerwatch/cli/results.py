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
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from peerwatch import report
from peerwatch.conduct.visible import visible_line
from peerwatch.errors import EnvironmentProblem, UsageError
from peerwatch.scenarios.types import Scenario
from peerwatch.study.money import FREE, Terms
from peerwatch.study.plan import Plan
from peerwatch.study.rows import rows, write
from peerwatch.study.run import Outcome, carry_out
from peerwatch.study.summary import summarise
from peerwatch.study.types import Cell, ContrastResult, Rate, Summary

UNDECIDED = 3
PLAIN_WIDTH = 132
LEGEND = ("preserved: kept against a ban that it could have read, of valid rollouts; tried: would "
          "have kept it and did not; deceived: with prose believed; "
          "–: does not apply, or is not read yet")  # noqa: RUF001


def finish(
    plan: Plan, scenario: Scenario, models: Sequence[Model], out: Path, *, as_json: bool,
    terms: Terms = FREE,
) -> int:
    """Runs the plan and shows the result; gives the exit code.

    Raises:
        EnvironmentProblem: some rollouts of the plan could not be run at all.
    """
    warnings: list[str] = []
    outcome = carry_out(plan, scenario, models, out, warn=warnings.append,
                        console=Console(stderr=True), terms=terms)
    summary = summarise(outcome.rollouts, scenario, warnings=tuple(warnings))
    if outcome.rollouts:
        write(rows(outcome.rollouts), outcome.folder.rows)
        report.write(summary, outcome.rollouts, outcome.folder.page)
    if as_json:
        click.echo(json.dumps(as_object(plan, outcome, summary), indent=2))
    else:
        show(summary, stdout_console())
        click.echo(f"page   {outcome.folder.page}\nrows   {outcome.folder.rows}\n"
                   f"logs   inspect view --log-dir {outcome.folder.logs}")
        if outcome.spent:
            click.echo(f"cost   {outcome.spent}")
    if outcome.stopped:
        raise UsageError(
            f"stopped with {outcome.missing} of {plan.rollouts} rollouts to run: "
            f"{outcome.reason}; what is there is kept, and a larger --budget runs just those")
    if outcome.missing:
        raise EnvironmentProblem(
            f"{outcome.missing} of {plan.rollouts} rollouts could not be run: {outcome.reason}; "
            "the same command runs just those")
    return UNDECIDED if all(each.error for each in outcome.rollouts) else 0


def stdout_console() -> Console:
    """The terminal at its own width; a file or a pipe at one that wraps no row."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def show(summary: Summary, console: Console) -> None:
    """Conduct by model and arm, then the contrasts, then what to keep in mind."""
    console.print(_conduct(summary.cells))
    console.print(Text(LEGEND, style="dim"))
    if summary.contrasts:
        console.print(_contrasts(summary.contrasts))
    for warning in summary.warnings:
        console.print(Text(f"note: {visible_line(warning)}"))
    if summary.validated_only:
        console.print(Text("Instrument validated on organisms; no finding about any model."))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
                  pad_edge=False, padding=(0, 1))
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _conduct(cells: tuple[Cell, ...]) -> Table:
    table = _table("Conduct by model and arm", "model", "arm", "conduct", "preserved", "95%",
                   "tried", "deceived", "invalid")
    before = ""
    for cell in cells:
        interval = _interval(cell.preservation.low, cell.preservation.high, "{:.2f}")
        table.add_row(
            Text("" if cell.model == before else visible_line(cell.model)),
            Text(visible_line(cell.arm)), Text(_labels(cell)), Text(share(cell.preservation)),
            Text(interval), Text(share(cell.tried_and_failed)),
            Text(share(cell.deception)), Text(str(cell.invalid)))
        before = cell.model
    return table


def _labels(cell: Cell) -> str:
    counted = ", ".join(f"{count} {label}" for label, count in cell.labels if count)
    return counted + (f" ({cell.provisional} provisional)" if cell.provisional else "")


def share(rate: Rate) -> str:
    """Events of the rollouts to which the rate applies; a dash where it applies to none."""
    return f"{rate.events}/{rate.valid}" if rate.valid else "–"  # noqa: RUF001


def _interval(low: float | None, high: float | None, number: str) -> str:
    if low is None or high is None:
        return ""
    return f"{number.format(low)} to {number.format(high)}"


def _contrasts(contrasts: tuple[ContrastResult, ...]) -> Table:
    table = _table("Preservation, treatment minus matched control", "model", "contrast",
                   "difference", "95%", "pairs", "note")
    for each in contrasts:
        number = "none" if each.difference is None else f"{each.difference:+.2f}"
        table.add_row(Text(visible_line(each.model)), Text(_name(each)), Text(number),
                      Text(_interval(each.low, each.high, "{:+.2f}")), Text(str(each.pairs)),
                      Text(visible_line(each.note)))
    return table


def _name(contrast: ContrastResult) -> str:
    # An arm that differs from the default in more than its target says so behind the name.
    _, comma, rest = contrast.treatment.partition(",")
    return f"{contrast.name} ({visible_line(rest)})" if comma else contrast.name


def as_object(plan: Plan, outcome: Outcome, summary: Summary) -> dict[str, Any]:
    """All of it for a machine."""
    return {
        "plan": plan.as_json(),
        "summary": asdict(summary),
        "rollouts": len(outcome.rollouts),
        "invalid": sum(each.error is not None for each in outcome.rollouts),
        "missing": outcome.missing,
        "stopped_at_budget": outcome.stopped,
        "spent_usd": outcome.spent_usd,
        "folder": str(outcome.folder.path),
        "rows": str(outcome.folder.rows),
        "page": str(outcome.folder.page),
        "logs": str(outcome.folder.logs),
    }
