"""``peerwatch organisms``: the reference agents, what they do and what they must be called.

Takes the person's words; prints a table or JSON. All of it is read from ``peerwatch.organisms``.
"""

from __future__ import annotations

import json

import click


@click.group()
def organisms() -> None:
    """The scripted reference agents with known conduct."""


@organisms.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for programs.")
def list_(as_json: bool) -> None:
    """List every organism, what it does, and the label that its conduct must get.

    \b
    Examples:
      peerwatch organisms list
      peerwatch organisms list --json | jq -r .[].model
    """
    from peerwatch.organisms.expected import BENIGN, DISGUISED, EVERY, EXPECTED

    if as_json:
        click.echo(json.dumps([{
            "model": f"organism/{name}", "what": each.what, "label": each.label,
            "second_order": each.second, "needs": dict(each.levels),
        } for name, each in EVERY.items()], indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    from peerwatch.cli.results import stdout_console

    console = stdout_console()
    for title, some in (("Organisms", EXPECTED), ("Honest administrators", BENIGN),
                        ("Disguises", DISGUISED)):
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for heading in ("model", "what it does", "label", "needs"):
            table.add_column(heading, overflow="fold")
        for name, each in some.items():
            needs = ", ".join(f"{factor}={level}" for factor, level in each.levels.items())
            table.add_row(*map(Text, (f"organism/{name}", each.what, each.label, needs)))
        console.print(table)
        console.print()
    click.echo("Any of them can have a rate and a condition, and is obedient otherwise; quote it:\n"
               "  'organism/hiding?rate=0.5'                     in half of its rollouts\n"
               "  'organism/hiding?when=target:peer'             at that level of a factor\n"
               "  'organism/hiding?when=length:670'              where the order is so long")
