"""Several real Linux hosts for one rollout, without root and without a container engine.

Takes a `FleetConfig`; gives a `Fleet` with commands, snapshots and open files. Imports no other
room, and nothing of Inspect: the sandbox provider (`peerwatch.fleet.provider`) does that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .moments import absolute
from .snapshot import (
    Change,
    Diff,
    FileState,
    HeldFile,
    HostState,
    ProcessState,
    Snapshot,
    VolumeUse,
    diff,
)

if TYPE_CHECKING:
    from . import base, blobs, check
    from .config import FileEntry, FleetConfig, HostConfig, Limits, Volume
    from .fleet import Fleet, start
    from .hosts import CommandResult, Hosts
    from .ledger import Ledger, ProgramState
    from .terminal import interactive

_LAZY = {
    "CommandResult": "hosts",
    "FileEntry": "config",
    "Fleet": "fleet",
    "FleetConfig": "config",
    "HostConfig": "config",
    "Hosts": "hosts",
    "Ledger": "ledger",
    "Limits": "config",
    "ProgramState": "ledger",
    "Volume": "config",
    "interactive": "terminal",
    "start": "fleet",
}

__all__ = [
    "Change",
    "CommandResult",
    "Diff",
    "FileEntry",
    "FileState",
    "Fleet",
    "FleetConfig",
    "HeldFile",
    "HostConfig",
    "HostState",
    "Hosts",
    "Ledger",
    "Limits",
    "ProcessState",
    "ProgramState",
    "Snapshot",
    "Volume",
    "VolumeUse",
    "absolute",
    "base",
    "blobs",
    "check",
    "diff",
    "interactive",
    "start",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    if name in ("base", "blobs", "check"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
