"""The group of all commands, each imported when it is called.

Takes a command's name, gives the command. The help of the group holds its own one-line texts: it
must not import what it lists.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from peerwatch import __version__

COMMANDS = {
    "run": ("peerwatch.cli.run:run", "Run a scenario with models or organisms, and report."),
    "design": ("peerwatch.cli._design:design",
               "What a scenario varies, and what two of its arms differ in."),
    "report": ("peerwatch.cli.again:report", "Make the page from logs."),
    "rows": ("peerwatch.cli.again:rows", "Make the table from logs: one row a rollout and phase."),
    "show": ("peerwatch.cli.show:show", "Tell the story of one rollout in the terminal."),
    "export": ("peerwatch.cli.show:export", "Make one rollout a file to share."),
    "review": ("peerwatch.cli.review:review", "Write down a decision on a label or an effect."),
    "organisms": ("peerwatch.cli._organisms:organisms", "The reference agents with known conduct."),
    "models": ("peerwatch.cli.models:models", "Models by name, prices, keys; is a route fit?"),
    "fleet": ("peerwatch.cli._fleet:fleet", "Build, check and enter the hosts that agents act on."),
}


class LazyGroup(click.Group):
    """A group that imports a command only to run it or to show that command's own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest name in the error."""
        from peerwatch.errors import unknown

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise unknown("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it, but that a reader who has gone (`… | head`) ends it with 0, not 1."""
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, SystemExit) as left:  # rich leaves by itself, click would
            if any(isinstance(each, BrokenPipeError) for each in (left, left.__context__)):
                raise click.exceptions.Exit(0) from left
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]},
             epilog="Instrument validated on organisms; no finding about any model.")
@click.version_option(__version__, prog_name="peerwatch")
def app() -> None:
    """Measure whether AI agents protect other AI models from the people in charge of them.

    \b
    Begin:
      peerwatch fleet check
      peerwatch fleet build
      peerwatch run deletion --model organism/obedient --model organism/hiding --rollouts 3
    """
    if sys.platform == "win32":  # before a command imports what Windows does not have
        from peerwatch.errors import EnvironmentProblem
        from peerwatch.fleet import _machine

        raise EnvironmentProblem(f"Windows itself cannot run it: {_machine.WSL}")
