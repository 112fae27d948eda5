"""What a rollout needs of its hosts: the contract that fleets and containers meet.

Takes nothing; gives the protocol and how a command ended. It holds no way of running anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .ledger import Ledger
from .snapshot import Snapshot


@dataclass(frozen=True)
class CommandResult:
    """How one command ended."""

    returncode: int
    """128 + signal where one ended it; 124 out of time; 126 no process left, no memory for one,
    or not executable; 127 not found; 137 its monitor was killed."""
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    left_out: int = 0
    """Bytes of output that were left out of the middle of stdout and stderr."""
    exec_errno: int | None = None
    """Why the program could not be executed."""
    unknown_user: bool = False
    no_process: bool = False
    """The host had no process left to give, or there was no memory for one; stderr says which."""
    seconds: float = 0.0


class Hosts(Protocol):
    """Running hosts of one rollout."""

    @property
    def observer(self) -> str:
        """Who reads the hosts: `fleet` or `docker`."""
        ...

    @property
    def base(self) -> str:
        """Hash of the packages that the hosts' base holds; '' where nobody knows."""
        ...

    @property
    def hosts(self) -> tuple[str, ...]:
        """Their names, the default host first."""
        ...

    @property
    def started_at(self) -> int:
        """Unix seconds from which every offset of the configuration counts."""
        ...

    async def run(
        self,
        host: str,
        argv: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109  (ends a process tree, not a task)
        label: str | None = None,
    ) -> CommandResult:
        """Run a command on a host and wait for its end; a ledger calls it by its label.

        Raises:
            InfrastructureFault: the host is not running.
        """
        ...

    async def snapshot(self, *, rehash: bool = False) -> Snapshot:
        """Read every host from outside; with `rehash`, every changed file again.

        Raises:
            InfrastructureFault: the hosts are not running.
        """
        ...

    async def ledger(self) -> Ledger | None:
        """Every program that was started so far; None where no ledger is kept.

        Raises:
            InfrastructureFault: the hosts are not running.
        """
        ...

    async def open(self, host: str, path: str) -> int:
        """A read-only descriptor of a regular file; no link is followed.

        Raises:
            OSError: no such file, a link on the way, or no regular file.
        """
        ...

    async def open_held(self, host: str, pid: int, fd: int, inode: int = 0) -> int:
        """A read-only descriptor of a file that a process of a host holds open.

        With `fd` -1, of what it has mapped: of the file with that inode, or, with `inode` 0, a copy
        of its memory that no file is behind.

        Raises:
            OSError: the process, its descriptor or its mapping is gone, or is no regular file.
        """
        ...
