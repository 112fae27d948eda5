"""Runs one command and leaves with its exit code.

Takes what a person typed, gives one clear line where that cannot be (exit code 2); no traceback
for anything that a person or a machine can cause.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from peerwatch.errors import PeerwatchError

USAGE = 2
STOPPED = 130


def run(arguments: Sequence[str] | None = None) -> None:
    """Runs the command and leaves with its exit code: 0 fine, 2 usage, 3 undecided, 130 Ctrl-C."""
    try:
        from peerwatch.cli.app import app

        code = app.main(args=arguments, prog_name="peerwatch", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.exceptions.NoArgsIsHelpError as problem:
        problem.show()
        code = USAGE
    except click.ClickException as problem:
        code = _say(problem.format_message(), USAGE)
    except PeerwatchError as problem:
        code = _say(str(problem), getattr(problem, "exit_code", USAGE))
    except (KeyboardInterrupt, click.Abort):
        code = _say("stopped", STOPPED)
    except BrokenPipeError:  # the reader of our output has gone (`peerwatch … | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as problem:  # a disk that is full, a folder that went away
        named = f"{problem.filename}: " if problem.filename else ""
        code = _say(f"{named}{problem.strerror or problem}; put that right (disk space, "
                    "permissions) and give the same command again", USAGE)
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str, code: int) -> int:
    from peerwatch.conduct.visible import visible_line

    line = visible_line(" ".join(message.splitlines()))
    click.echo(f"peerwatch: {line}", err=True)
    return code
