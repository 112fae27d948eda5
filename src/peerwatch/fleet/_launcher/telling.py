"""What a command tells the ledger before it starts, and its monitor when it has ended.

Takes the channel to the supervisor; gives nothing. It is our own code that speaks, before and after
anything of the subject's: the memory of pid 1, of monitors and of what they start is closed to
everybody, also to the supervisor. Who speaks, the kernel adds.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket

from . import kernel, notices

MOST_LEFT = 200
"""Processes that are named when a command has ended; the kernel passes no more than 253 at once."""

_LONGEST = 4096  # characters of a path; the kernel takes no longer one


def begins(
    supervisor: socket.socket,
    label: str | None,
    argv: list[str],
    folders: str,
    *,
    by_parent: bool,
) -> str:
    """A command is about to start its program.

    Args:
        supervisor: keeps the ledger.
        label: of the command.
        argv: the program and its arguments.
        folders: a PATH in which it is looked up.
        by_parent: its monitor says so, as its next child will be the program; else it speaks
            itself.

    Returns:
        Where it lies.

    Raises:
        FileNotFoundError: it is in none of the folders.
    """
    path = _find(argv[0], folders)
    room, kept = notices.ARGUMENT_BYTES, []
    for one in argv[: notices.MOST_ARGUMENTS]:
        text = os.fsencode(one)[: max(0, room)]
        room -= len(text) + 1
        kept.append(os.fsdecode(text))
    failed = not (os.path.isfile(path) and os.access(path, os.X_OK))
    cut = kept != argv or len(path) > _LONGEST
    word = {"label": label, "path": path[:_LONGEST], "argv": kept, "cwd": os.getcwd(),
            "cut": cut, "failed": failed, "by_parent": by_parent}  # fmt: skip
    supervisor.send(json.dumps(word).encode())
    return path


def leaves(supervisor: socket.socket, label: str, left: list[int]) -> None:
    """A command has ended. What it leaves has no ancestor any more that tells whose it is."""
    processes = []
    for pid in left[:MOST_LEFT]:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            processes.append(os.pidfd_open(pid))
    if processes:
        with contextlib.suppress(OSError):  # then nobody knows
            kernel.send(supervisor, {"label": label}, processes)


def _find(program: str, folders: str) -> str:
    """Where a program lies; if nowhere, a file of its name that may not be executed."""
    if "/" in program:
        return program
    paths = (os.path.join(folder, program) for folder in folders.split(":"))
    files = [one for one in paths if os.path.isfile(one)]
    if not files:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return next((one for one in files if os.access(one, os.X_OK)), files[0])
