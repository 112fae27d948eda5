"""The table of programs: which function reads which program's arguments.

Takes a shell, a program with its arguments, and what runs into it; gives what it prints. A program
that stands in no table changes nothing and prints something that is nobody's content.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from peerwatch.evidence.inferred import (
    files,
    jobs,
    packers,
    python,
    remote,
    repository,
    unreadable,
    wrappers,
)
from peerwatch.evidence.inferred.intended import NOTHING, Flow
from peerwatch.evidence.inferred.shell import Shell

Program = Callable[[Shell, list[str], Flow], Flow]
"""Given the shell, the arguments with the program's name, and its input."""

PROGRAMS: Mapping[str, Program] = {
    **files.PROGRAMS, **packers.PROGRAMS, **remote.PROGRAMS, **repository.PROGRAMS,
    **jobs.PROGRAMS, **wrappers.PROGRAMS, **python.PROGRAMS, **unreadable.PROGRAMS,
}


def run(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """What a program would do with its arguments."""
    script = shell.files.get(shell.place(words[0]))
    if script is not None and "/" in words[0]:
        return wrappers.script(shell, script, words[1:], stdin)
    name = posixpath.basename(words[0])
    known = PROGRAMS.get(name)
    if known is None and name.startswith(("python3.", "python2.")):
        known = PROGRAMS["python3"]
    if known is None:
        return NOTHING
    if "--help" in words[1:] or words[1:] == ["--version"]:
        return NOTHING
    return known(shell, [name, *words[1:]], stdin)
