"""Starts a command's own process on a host: identity, environment, folder, descriptors, program.

Takes a request and three descriptors, in the monitor of one command; gives the process, or why
there is none. The ledger is told of it before it starts. It waits for nothing and ends nothing.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import socket
import termios
from typing import Any

from . import accounts, telling

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Python or a caller ignores or handles some of these; what is ignored would stay so.
_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)


class Refused(Exception):  # noqa: N818  (named for what the reader of the outcome needs)
    """There is no process; `outcome` is what the controller is told."""

    def __init__(self, outcome: dict[str, Any]) -> None:
        super().__init__()
        self.outcome = outcome


class Command:
    """What is to be started, as whom, and who keeps the ledger of it."""

    def __init__(
        self, request: dict[str, Any], supervisor: socket.socket, label: str | None
    ) -> None:
        """Look up whose it is.

        Args:
            request: `argv`, and `user`, `env`, `cwd`, `terminal` where it has them.
            supervisor: keeps the ledger.
            label: what the ledger calls it.

        Raises:
            Refused: the host has no such user.
        """
        user = str(request.get("user") or "root")
        try:
            self._account = accounts.find(user)
        except KeyError:
            raise Refused({"returncode": 127, "user_unknown": user}) from None
        self._argv = list(request["argv"])
        self._terminal = bool(request.get("terminal"))
        self._cwd = request.get("cwd") or ""
        self._environment = {
            "PATH": PATH,
            "HOME": self._account.home,
            "USER": self._account.name,
            "LOGNAME": self._account.name,
            "SHELL": self._account.shell,
            "LANG": "C.UTF-8",
            **(request.get("env") or {}),
        }
        self._supervisor, self._label = supervisor, label

    def start(self, standard: list[int]) -> tuple[int, int]:
        """Start it with these three descriptors.

        Returns:
            Its number, and a descriptor on which may stand at its end why it could not begin.

        Raises:
            Refused: it did not begin.
        """
        failure, failure_in = os.pipe2(os.O_CLOEXEC)
        if self._account.uid == 0 and not self._terminal:
            child = self._spawn(standard)
        else:
            child = self._fork(standard, failure_in)
        os.close(failure_in)
        return child, failure

    def _spawn(self, standard: list[int]) -> int:
        """Start it without a copy of this process's memory, which costs 3 ms of CPU: to make, to
        write to and to drop. The child borrows it until its program begins."""
        try:
            path = self._enter(by_parent=True)
            return os.posix_spawn(
                path, self._argv, self._environment, setsid=True, setsigdef=_SIGNALS,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(standard)
                ],
            )  # fmt: skip
        except OSError as refused:
            if refused.errno in (errno.EAGAIN, errno.ENOMEM):
                raise _no_process(refused) from None
            raise Refused({"returncode": 127, **_reason(refused)}) from None
        except ValueError:  # a NUL in an argument
            raise Refused({"returncode": 127}) from None

    def _fork(self, standard: list[int], failure: int) -> int:
        """Start it by way of a process of our own that becomes another user, or takes a terminal.

        Nothing but a process itself can do either.
        """
        try:
            child = os.fork()
        except OSError as refused:
            raise _no_process(refused) from None
        if child:
            return child
        try:
            os.setsid()
            if self._terminal:
                fcntl.ioctl(standard[0], termios.TIOCSCTTY, 0)
            for target, source in enumerate(standard):
                os.dup2(source, target)
            if self._account.uid != 0:
                os.setgroups(accounts.groups_of(self._account))
                os.setresgid(*[self._account.gid] * 3)
                os.setresuid(*[self._account.uid] * 3)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            os.execve(self._enter(by_parent=False), self._argv, self._environment)  # noqa: S606
        except OSError as refused:
            os.write(failure, json.dumps(_reason(refused)).encode())
        finally:
            os._exit(127)

    def _enter(self, *, by_parent: bool) -> str:
        """Go to its folder and tell the ledger; where its program lies."""
        home = self._account.home if os.path.isdir(self._account.home) else "/"
        os.chdir(os.path.join(home, self._cwd))
        folders = self._environment["PATH"]
        return telling.begins(
            self._supervisor, self._label, self._argv, folders, by_parent=by_parent
        )


def _reason(refused: OSError) -> dict[str, Any]:
    return {"exec_errno": refused.errno, "exec_error": refused.strerror}


def _no_process(refused: OSError) -> Refused:
    return Refused({"returncode": 126, "no_process": refused.strerror})
