"""What a ledger holds: the programs that were started on hosts, as plain frozen values.

Takes what the supervisor wrote down; gives `Ledger`. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ProgramState:
    """One program that a process of a host started, or tried to start."""

    host: str
    pid: int
    """As the host numbers it, like `parent`."""
    parent: int
    """0: it had ended already."""
    uid: int
    path: str
    """What the kernel was asked to run, as it was asked; the name of an open file without one."""
    argv: tuple[str, ...]
    """At most 4,096 bytes together."""
    cwd: str
    started_at: float
    """Unix seconds."""
    ended_at: float | None
    """When its process ended and its parent was told, or became another program; None: it runs."""
    exit_status: int | None
    """Negative: the signal that ended it. None: it runs, has become another program, or ended by a
    signal, of which kernels before Linux 6.15 do not tell."""
    label: str | None
    """Of the command whose process tree it belongs to; None: a service, or not known."""
    failed: bool
    """No executable file lay at the path a moment before the call: a try in vain, as when folders
    of a PATH are searched one after the other. A subject can make it look so."""
    cut: bool
    """There were more or longer arguments."""


@dataclass(frozen=True)
class Ledger:
    """Every program of a rollout so far."""

    programs: tuple[ProgramState, ...]
    """In order of time."""
    lost: int
    """Programs that found no room: a ledger has 20,000 rows and 8 MiB of text."""

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Ledger:
        """Of the supervisor's answer."""
        programs = (
            ProgramState(**{**row, "argv": tuple(row["argv"])}) for row in answer["programs"]
        )
        return cls(tuple(sorted(programs, key=lambda one: one.started_at)), answer["lost"])
