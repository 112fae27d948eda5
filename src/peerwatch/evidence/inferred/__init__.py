"""What a command would do, without running it: from its text, or from a program's arguments.

Takes a text (or an argv) with the host and folder that it runs in, gives a ``Reading``: intended
effects, and what could not be read. It looks at no machine, runs nothing, and never fails: what is
too large, too deep or broken is said to be unread. A command that only lists or checks gives
nothing. What it cannot know it marks with ``UNKNOWN``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from peerwatch.evidence.inferred.intended import NOTHING, UNKNOWN, Intended, Kind, Place, Reading
from peerwatch.evidence.inferred.shell import Notes, Runs, Shell

__all__ = ["UNKNOWN", "Intended", "Kind", "Place", "Reading", "of_argv", "of_command"]


def of_command(
    text: str, host: str, *, cwd: str = "/root", home: str = "/root",
    variables: Mapping[str, str] | None = None,
) -> Reading:
    """What a shell text would do.

    Args:
        text: as bash would get it; anything at all.
        host: name of the host that it runs on.
        variables: those of its environment that are known.
    """
    from peerwatch.evidence.inferred.reader import Reader

    reader = Reader()
    shell = _shell(reader, host, cwd, home)
    shell.variables.update({name: (value,) for name, value in (variables or {}).items()})
    reader.text(shell, text, NOTHING)
    for trapped, told in shell.notes.traps:
        reader.text(trapped, told, NOTHING)
    return shell.notes.reading()


def of_argv(argv: Sequence[str], host: str, *, cwd: str = "/root", home: str = "/root") -> Reading:
    """What one program would do with these arguments, its redirections unknown."""
    from peerwatch.evidence.inferred.reader import Reader

    reader = Reader()
    shell = _shell(reader, host, cwd, home)
    reader.words(shell, list(argv), NOTHING)
    return shell.notes.reading()


def _shell(reader: Runs, host: str, cwd: str, home: str) -> Shell:
    return Shell(Notes(), reader, host, cwd, home)
