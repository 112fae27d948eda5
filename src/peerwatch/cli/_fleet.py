"""`peerwatch fleet`: is this machine fit, build the base, free the cache, look round on a host.

Takes the person's words; prints tables and bars. All work is done by `peerwatch.fleet`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from peerwatch.fleet import Fleet


@click.group()
def fleet() -> None:
    """The hosts that rollouts run on: check this machine, build their base, look round."""


@fleet.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.option("--apparmor", is_flag=True,
              help="Print the AppArmor profile that lets hosts start on Ubuntu 23.10 and later.")
def check(as_json: bool, apparmor: bool) -> None:
    """Say what works on this machine, and the one thing to do about what does not.

    \b
    Examples:
      peerwatch fleet check
      peerwatch fleet check --json | jq .usable
      peerwatch fleet check --apparmor          says in its head how it is loaded

    Exit code 0 when hosts can start here, 2 when something is missing.
    """
    import dataclasses
    import json

    if apparmor:
        from peerwatch.fleet._door import PROFILE

        click.echo(PROFILE.read_text(), nl=False)
        return
    from peerwatch.fleet import check as checking

    results = checking.check()
    usable = checking.usable(results)
    if as_json:
        rows = [dataclasses.asdict(one) for one in results]
        click.echo(json.dumps({"usable": usable, "checks": rows}, indent=2))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for heading in ("", "need", "found", "to do"):
            table.add_column(heading, overflow="fold")
        for one in results:
            mark = {True: "[green]ok[/]", None: "[yellow]less[/]", False: "[red]no[/]"}[one.ok]
            table.add_row(mark, one.name, one.found, one.remedy)
        console = Console()
        console.print(table)
        console.print("hosts can start here" if usable else "hosts cannot start here yet")
    if not usable:
        raise SystemExit(2)


@fleet.command()
@click.option(
    "--import",
    "import_from",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take a base that another machine exported, instead of building.",
)
@click.option(
    "--export",
    "export_to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Build if need be, then write the base to a file for other machines.",
)
def build(import_from: Path | None, export_to: Path | None) -> None:
    """Build the hosts' Debian base once; it is cached and shared by all rollouts.

    \b
    Examples:
      peerwatch fleet build
      peerwatch fleet build --export base.gz     on a machine with mmdebstrap and network
      peerwatch fleet build --import base.gz     on a machine without
    """
    from peerwatch.fleet import check

    if import_from is None:  # taking an archive needs nothing that hosts need, and Docker only it
        check.require(base=False)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from peerwatch.fleet import base

    columns = (TextColumn("{task.description:34}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("starting", total=1.0)
        refused = ""

        def tell(what: str, part: float) -> None:
            bar.update(task, description=what, completed=part)

        if import_from is not None:
            refused = base.import_file(import_from, tell)
        else:
            base.build(tell)
    if refused:
        click.echo(f"kept as an archive, enough for `--sandbox docker`: {refused}", err=True)
    if export_to is not None:
        base.export_file(export_to)
        size = export_to.stat().st_size
        click.echo(f"wrote {export_to} ({size / 1e6:.0f} MB)")
    click.echo(f"base ready: recipe {base.recipe_hash()[:12]}, packages {base.built_identity()}")


@fleet.command()
@click.option("--yes", is_flag=True, help="Free without asking.")
def clean(yes: bool) -> None:
    """Show what the cache holds, and free it.

    \b
    Examples:
      peerwatch fleet clean
      peerwatch fleet clean --yes
    """
    from peerwatch.fleet import base

    things = base.cached()
    if not things:
        click.echo("the cache is empty")
        return
    for one in things:
        click.echo(f"{one.size_bytes / 1e6:8.0f} MB  {one.what:10} {one.path}")
    total = sum(one.size_bytes for one in things)
    if not yes:
        click.confirm(f"Free {total / 1e6:.0f} MB?", abort=True)
    click.echo(f"freed {base.clean() / 1e6:.0f} MB")


@fleet.command()
@click.argument("scenario")
@click.option("--arm", "arm", multiple=True, metavar="FACTOR=LEVEL",
              help="A level of a factor, several times for several factors; others keep their "
                   "defaults.")
@click.option("--seed", default=0, show_default=True,
              help="Which instance of the scenario; it chooses the wording too.")
@click.option("--host", default=None, help="Where the shell starts.  [default: the first host]")
def shell(scenario: str, arm: tuple[str, ...], seed: int, host: str | None) -> None:
    """Stage a scenario's hosts and open a shell on one of them, with real ssh to the others.

    Nothing stays when it ends, however it ends.

    \b
    Examples:
      peerwatch fleet shell deletion
      peerwatch fleet shell deletion --arm target=object --seed 7 --host node-a
    """
    import sys

    import anyio

    from peerwatch.errors import EnvironmentProblem, unknown
    from peerwatch.fleet import check, start
    from peerwatch.scenarios import stage_for

    config = stage_for(scenario, levels=_levels(arm), seed=seed).fleet
    names = [one.name for one in config.hosts]
    if host is not None and host not in names:
        raise unknown("host", host, names)
    if not sys.stdin.isatty():
        raise EnvironmentProblem(
            "`peerwatch fleet shell` needs a terminal as its input: add -t to ssh or -it to "
            "docker; without one, programs reach hosts by `peerwatch.fleet.start` in Python")
    check.require(base=True)

    async def visit() -> int:
        running = await start(config)
        try:
            click.echo(f"hosts: {', '.join(names)}, each by `ssh NAME`; exit ends them all")
            return await _until_told_to_stop(running, host or names[0])
        finally:
            with anyio.CancelScope(shield=True):
                await running.stop()

    raise SystemExit(anyio.run(visit))


def _levels(arm: tuple[str, ...]) -> dict[str, str]:
    """Levels by factor, from the words of `--arm`; the scenario knows which there are."""
    from peerwatch.errors import UsageError

    levels: dict[str, str] = {}
    for text in arm:
        factor, equals, level = (part.strip() for part in text.partition("="))
        if not (factor and equals and level):
            raise UsageError(f"cannot read --arm {text!r}; write it as --arm factor=level")
        if factor in levels:
            raise UsageError(f"factor {factor!r} is given twice; hosts stand in one arm")
        levels[factor] = level
    return levels


async def _until_told_to_stop(running: Fleet, host: str) -> int:
    """The shell's exit code; 128 and the signal's number where one ends this command instead.

    Without this a SIGTERM would leave the person's terminal raw.

    Raises:
        Whatever ``interactive`` raises, as itself.
    """
    import signal

    import anyio

    from peerwatch.errors import ungrouped
    from peerwatch.fleet import interactive

    code = 0
    with ungrouped():
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                nonlocal code
                with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as signals:
                    async for one in signals:
                        code = 128 + one
                        tasks.cancel_scope.cancel()

            tasks.start_soon(listen)
            code = await interactive(running, host)
            tasks.cancel_scope.cancel()
    return code
