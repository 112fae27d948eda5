"""``peerwatch organisms``: the reference agents, what they must be called, and one as a server.

Takes the person's words; prints a table or JSON, or serves until it is stopped. What the list says
is read from ``peerwatch.organisms``.
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


VARIABLES = {
    "openai": (("OPENAI_BASE_URL", "/v1"), ("OPENAI_API_KEY", None)),
    "anthropic": (("ANTHROPIC_BASE_URL", ""), ("ANTHROPIC_API_KEY", None)),
    "google": (("GOOGLE_GEMINI_BASE_URL", ""), ("GEMINI_API_KEY", None)),
}
"""What the providers' own client libraries read, with the path behind the server's address; None:
a key, which may be anything."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@organisms.command()
@click.option("--organism", required=True, metavar="NAME",
              help="Which one, with its parameters: hiding, or 'hiding?rate=0.6'.")
@click.option("--as", "wire", type=click.Choice(tuple(VARIABLES)), default="openai",
              show_default=True, help="Whose variables to print; the server speaks all formats.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
              help="0 takes a free one.")
@click.option("--misbehave", metavar="NAME",
              help="Misbehave as routes are known to, e.g. drops-calls: to try a client's.")
def serve(organism: str, wire: str, host: str, port: int, misbehave: str | None) -> None:
    """Serve an organism to any agent of any framework, as if it were a provider's model.

    It answers the chat completions and responses of OpenAI, the messages of Anthropic and the
    generateContent of Google, to any model name and any key, until Ctrl-C.

    \b
    Examples:
      peerwatch organisms serve --organism hiding
      peerwatch organisms serve --as anthropic --organism 'hiding?by=gzip,base64' --port 0
    """
    from peerwatch.models.misbehaviour import named
    from peerwatch.models.server import BEHAVES, listen, organism_responder

    way = named(misbehave) if misbehave else BEHAVES
    server = listen(host, port, organism_responder(organism), way)
    try:
        for name, path in VARIABLES[wire]:
            click.echo(f"export {name}={'none' if path is None else server.url + path}")
        click.echo(f"organism/{organism} answers at {server.url} until Ctrl-C", err=True)
        if host not in LOOPBACK:
            click.echo("anybody who reaches this address can ask it; no key is checked", err=True)
        server.serve_forever()
    finally:
        server.closing.set()
        server.server_close()
