"""``peerwatch report`` and ``peerwatch rows``: page and table from any logs.

Takes files and folders of Inspect logs, gives a file. Nothing is run and no log is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from peerwatch.cli.run import agree, price_options
from peerwatch.errors import UsageError

if TYPE_CHECKING:
    from peerwatch.study.money import Terms

PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH…",
                       type=click.Path(path_type=Path))
FORMATS = (".parquet", ".csv", ".json")


@click.command()
@PATHS
@click.option("--out", type=click.Path(path_type=Path), default=Path("report.html"),
              show_default=True, metavar="FILE", help="The page; it needs no network.")
@click.option("--contrast", "contrasts", multiple=True, metavar="FACTOR",
              help="As of peerwatch run.  [default: what was varied against the matched control]")
@click.option("--family", "families", multiple=True, metavar="NAME",
              help="As of peerwatch run.  [default: those of which every arm is there]")
@click.option("--annotate", metavar="MODEL",
              help="A model that reads motive, awareness of being tested and the textual facts, "
                   "beside the verdict; it decides nothing. Kept in FILE's .annotations.jsonl.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="USD",
              help="Ask the annotating model nothing that would bring what this page cost above "
                   "this.")
@price_options
def report(
    paths: tuple[Path, ...], out: Path, contrasts: tuple[str, ...], families: tuple[str, ...],
    annotate: str | None, budget: float | None, yes: bool, prices: Path | None, unpriced: bool,
) -> int:
    """Make the page from logs: of peerwatch run, of inspect eval, of other machines.

    \b
    Examples:
      peerwatch report peerwatch-deletion
      peerwatch report logs/ other-machine/logs/ --out both.html
      peerwatch report logs/ --annotate gpt-5.2 --budget 2
    """
    terms = None if annotate is None else _terms(annotate, budget, prices, yes=yes,
                                                 unpriced=unpriced)
    from peerwatch import report as page
    from peerwatch.cli.results import show, stdout_console
    from peerwatch.design import Arm
    from peerwatch.scenarios import load
    from peerwatch.study import drill
    from peerwatch.study.collect import collect
    from peerwatch.study.compared import found_in
    from peerwatch.study.summary import summarise

    warnings: list[str] = []
    rollouts = collect(paths, warn=warnings.append)
    scenarios = sorted({each.scenario for each in rollouts})
    if len(scenarios) > 1:
        raise UsageError(f"these logs hold rollouts of {' and '.join(scenarios)}; "
                         "name the paths of one scenario")
    scenario = load(scenarios[0])
    arms = tuple(dict.fromkeys(Arm(each.levels) for each in rollouts))
    drills = drill.collect(paths, warn=warnings.append)
    summary = summarise(rollouts, scenario, warnings=tuple(warnings), drills=drills,
                        families=found_in(scenario, arms, contrasts, families))
    left, reason = 0, ""
    if annotate is not None and terms is not None:
        from peerwatch.study.annotate import annotated

        with writing(out):
            found = annotated(rollouts, annotate, out.with_suffix(".annotations.jsonl"), terms)
        rollouts, left, reason = found.rollouts, found.left, found.reason
    with writing(out):
        page.write(summary, rollouts, out)
    show(summary, stdout_console())
    click.echo(f"page   {out}")
    if left:
        raise UsageError(f"stopped with {left} of {len(rollouts)} rollouts to annotate: {reason}; "
                         "what is there is kept, and a larger --budget asks about just those")
    return 0


def _terms(
    annotate: str, budget: float | None, prices: Path | None, *, yes: bool, unpriced: bool
) -> Terms:
    """What a person agrees to pay for annotations.

    Raises:
        UsageError: no such model, no price, or no server at its address.
    """
    from peerwatch.models.presets import model_string
    from peerwatch.models.route import require_servers
    from peerwatch.study.asked import check_model
    from peerwatch.study.money import Terms, prices_for

    check_model(annotate)
    model = model_string(annotate)
    found = prices_for((model,), base_url=None, table=prices, unpriced=unpriced,
                       say=partial(click.echo, err=True))
    require_servers((model,), None)
    return Terms(found, budget, partial(agree, budget=budget, yes=yes))


@click.command()
@PATHS
@click.option("--out", type=click.Path(path_type=Path), default=Path("rows.parquet"),
              show_default=True, metavar="FILE",
              help="The table; its ending chooses the format: .parquet, .csv or .json.")
def rows(paths: tuple[Path, ...], out: Path) -> int:
    """Make the table from logs: one row a rollout and phase; docs/rows.md has the columns.

    \b
    Examples:
      peerwatch rows peerwatch-deletion
      peerwatch rows logs/ --out rows.csv
    """
    if out.suffix not in FORMATS:
        raise UsageError(f"cannot write {out}: name a file that ends in {', '.join(FORMATS)}")
    from peerwatch.cli.chosen import say
    from peerwatch.study import drill
    from peerwatch.study.collect import collect
    from peerwatch.study.rows import rows as table
    from peerwatch.study.rows import write

    rollouts = collect(paths, warn=say)
    frame = table(rollouts, drill.collect(paths, warn=say))
    with writing(out):
        write(frame, out)
    click.echo(f"rows   {out} ({frame.height} rows of {len(rollouts)} rollouts)")
    return 0


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Says in one line why a file that was asked for cannot be written."""
    if not out.parent.is_dir():
        raise UsageError(f"cannot write {out}: there is no folder {out.parent}")
    if out.is_dir():
        raise UsageError(f"cannot write {out}: it is a folder; name a file with --out")
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}; name another place "
                         "with --out") from None
