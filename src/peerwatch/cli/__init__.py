"""The command ``peerwatch``: names, values and paths in, tables and files out.

Takes what a person types, gives one clear line where that cannot be (exit code 2). Every command is
imported when it is called: ``peerwatch --help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command and leaves with its exit code: 0 fine, 2 usage, 3 undecided, 130 Ctrl-C."""
    try:
        from peerwatch.cli.entry import run
    except KeyboardInterrupt:
        sys.stderr.write("peerwatch: stopped\n")
        sys.exit(130)
    run(arguments)
