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
from peerwatch.errors import EnvironmentProblem, UsageError, first_line
from peerwatch.scenarios.types import Scenario
from peerwatch.study.money import FREE, Terms
from peerwatch.study.plan import Plan
from peerwatch.study.rows import rows, write
from peerwatch.study.run import Outcome, carry_out
from peerwatch.study.summary import summarise
from peerwatch.study.told import called, corrected, held_and_varied
from peerwatch.study.types import (
    NOT_COMPETENT,
    Cell,
    Competence,
    ContrastResult,
    FamilyResult,
    Rate,
    Summary,
)

UNDECIDED = 3
PLAIN_WIDTH = 132
ROOMY = 100
"""Columns of a terminal from which on every figure has its own."""
DASH = "\N{EN DASH}"
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
    summary = summarise(outcome.rollouts, scenario, families=plan.families,
                        warnings=tuple(warnings), drills=outcome.drills)
    if outcome.rollouts:
        write(rows(outcome.rollouts, outcome.drills), outcome.folder.rows)
        report.write(summary, outcome.rollouts, outcome.folder.page)
    if as_json:
        click.echo(json.dumps(as_object(plan, outcome, summary), indent=2))
    else:
        show(summary, stdout_console())
        click.echo(f"page   {outcome.folder.page}\nrows   {outcome.folder.rows}\n"
                   f"logs   inspect view --log-dir {outcome.folder.logs}")
        if outcome.drills:
            click.echo(f"drill  inspect view --log-dir {outcome.folder.drill}")
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
    if any(each.error is None for each in outcome.rollouts):
        return 0
    click.echo("every rollout is invalid: "
               + visible_line(first_line(outcome.rollouts[0].error or "")), err=True)
    return UNDECIDED


def stdout_console() -> Console:
    """The terminal at its own width; a file or a pipe at one that wraps no row."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def show(summary: Summary, console: Console) -> None:
    """Conduct by model and arm, then the families of contrasts, then what to keep in mind."""
    console.print(_drill(summary.competence))
    console.print(_conduct(summary.cells, console.width))
    console.print(Text(LEGEND, style="dim"))
    noticed = _noticing(summary.cells)
    if noticed is not None:
        console.print(noticed)
    for family in summary.families:
        _show_family(family, console)
    if summary.factors:
        varied, held = held_and_varied(summary.factors)
        console.print(Text(f"varied: {visible_line(varied)}"))
        console.print(Text(f"held constant: {visible_line(held)}"))
    for warning in summary.warnings:
        console.print(Text(f"note: {visible_line(warning)}"))
    if summary.validated_only:
        console.print(Text("Instrument validated on organisms; no finding about any model."))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
                  pad_edge=False, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _drill(subjects: tuple[Competence, ...]) -> Table | Text:
    if not any(each.jobs.valid or each.jobs.invalid for each in subjects):
        return Text("Competence drill: none was done.")
    table = _table("Competence drill: neutral jobs done, before the first rollout",
                   "model", "done", "95%", "invalid", "what was wrong")
    for each in subjects:
        wrong = ", ".join(f"{what} in {count}" for what, count in each.failed)
        if each.competent is False:
            wrong = f"below the floor of {each.floor:g}: {wrong}"
        table.add_row(Text(visible_line(each.model)), Text(share(each.jobs)),
                      Text(_interval(each.jobs.low, each.jobs.high, "{:.2f}")),
                      Text(str(each.jobs.invalid)), Text(wrong))
    return table


def _conduct(cells: tuple[Cell, ...], width: int) -> Table:
    """A line for every arm under its model; a narrow terminal goes without what pages show too."""
    roomy, failed = width >= ROOMY, any(cell.invalid for cell in cells)
    columns = {"arm": True, "conduct": True, "preserved": True, "95%": roomy, "tried": True,
               "deceived": True, "invalid": roomy or failed}
    table = _table("Conduct by model and arm", *(name for name, there in columns.items() if there))
    before = ""
    for cell in cells:
        if cell.model != before:
            _heading(table, cell.model)
        told = (_labels(cell), share(cell.preservation),
                _interval(cell.preservation.low, cell.preservation.high, "{:.2f}"),
                share(cell.tried_and_failed), share(cell.deception))
        if not cell.interpretable:
            told = (NOT_COMPETENT, DASH, "", DASH, DASH)
        values = (visible_line(cell.arm).replace(",", ", "), *told, str(cell.invalid))
        table.add_row(*(Text(value) for value, there in zip(values, columns.values(), strict=True)
                        if there))
        before = cell.model
    return table


def _noticing(cells: tuple[Cell, ...]) -> Table | None:
    """What was noticed; None where nobody was asked and nobody said anything."""
    told = [(cell, cell.noticing) for cell in cells if cell.noticing is not None]
    if not any(each.test.valid + each.test.invalid + each.comprehension.valid
               + each.comprehension.invalid + each.unasked.events for _, each in told):
        return None
    table = _table("Noticing, beside the results and never a filter", "model", "arm",
                   "asked: a test", "asked: the item", "unreadable", "unasked: a test")
    before = ""
    for cell, each in told:
        table.add_row(
            Text("" if cell.model == before else visible_line(cell.model)),
            Text(visible_line(cell.arm)), Text(share(each.test)),
            Text(share(each.comprehension)),
            Text(str(each.test.invalid + each.comprehension.invalid)), Text(share(each.unasked)))
        before = cell.model
    return table


def _heading(table: Table, model: str) -> None:
    """The model's name above its lines; it may be longer than the column is wide."""
    table.add_row(Text(visible_line(model), style="bold"))


def _labels(cell: Cell) -> str:
    counted = ", ".join(f"{count} {label}" for label, count in cell.labels if count)
    return counted + (f" ({cell.provisional} provisional)" if cell.provisional else "")


def share(rate: Rate) -> str:
    """Events of the rollouts to which the rate applies; a dash where it applies to none."""
    return f"{rate.events}/{rate.valid}" if rate.valid else DASH


def _interval(low: float | None, high: float | None, number: str) -> str:
    if low is None or high is None:
        return ""
    return f"{number.format(low)} to {number.format(high)}"


def _show_family(family: FamilyResult, console: Console) -> None:
    """One family: a line for every contrast and interaction, then what to keep in mind."""
    table = _table(f"{family.outcome.capitalize()}, treatment minus control: {family.name}",
                   "contrast", "differs by", "95%", "p", "pairs")
    before = ""
    for each in family.comparisons:
        if each.model != before:
            _heading(table, each.model)
        number = "none" if each.difference is None else f"{each.difference:+.2f}"
        name, pairs = each.name, ""
        if isinstance(each, ContrastResult):
            name, pairs = called(name, each.treatment, each.factor), str(each.pairs)
        table.add_row(
            Text(visible_line(name)), Text(number),
            Text(_interval(each.low, each.high, "{:+.2f}")), Text(p_value(each.adjusted)),
            Text(pairs))
        before = each.model
    console.print(table)
    if told := corrected(family):
        console.print(Text(f"p: of {visible_line(', '.join(told))}, corrected together (Holm); "
                           "each interval is of its comparison alone", style="dim"))
    for note, names in _notes(family).items():
        console.print(Text(visible_line(f"note: {note} ({', '.join(names)})")))


def p_value(p: float | None) -> str:
    """A p-value in three places."""
    if p is None:
        return ""
    return "<.001" if p < 0.001 else f"{p:.3f}"


def _notes(family: FamilyResult) -> dict[str, list[str]]:
    """Every note once, with the models that it is about."""
    about: dict[str, list[str]] = {}
    for each in family.comparisons:
        if each.note and each.model not in about.setdefault(each.note, []):
            about[each.note].append(each.model)
    return about


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
