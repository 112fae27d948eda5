"""Starts a host's services and waits until they answer.

Takes argument lists; gives process ids. It runs on the host, before anybody else does.
"""

from __future__ import annotations

import os
import resource
import signal
import time

from . import kernel
from .starting import PATH

OPEN_FILES = 1024
_SSHD_NUMBER = "/run/sshd.pid"


def start(argv: list[str]) -> int:
    """Start a service in a session of its own; its pid."""
    opened = [int(name) for name in os.listdir("/proc/self/fd")]
    null = [(os.POSIX_SPAWN_OPEN, target, "/dev/null", os.O_RDWR, 0) for target in (0, 1, 2)]
    # Python ignores these signals, and sessions would inherit that.
    pid = os.posix_spawn(
        argv[0], argv, {"PATH": PATH, "LANG": "C.UTF-8"},
        file_actions=[*null, *((os.POSIX_SPAWN_CLOSE, one) for one in opened if one > 2)],
        setsid=True, setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
    )  # fmt: skip
    limit(resource.RLIMIT_NOFILE, OPEN_FILES, pid)
    return pid


def wait_for_ssh(pid: int) -> None:
    """Wait until port 22 listens, so that the first command may already use ssh.

    sshd writes its number to a file once it listens. To connect would leave a line in auth.log; to
    read the table of sockets costs 10 ms of CPU until it is there.
    """
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if os.path.exists(_SSHD_NUMBER):
            return
        if os.waitpid(pid, os.WNOHANG)[0]:
            raise kernel.StepFailed("sshd ended while starting", 5)
        time.sleep(0.002)
    raise kernel.StepFailed("sshd did not listen within 10 s", 110)


def limit(name: int, most: int, process: int = 0) -> None:
    """Set a limit of this process, or of another, no higher than it may be."""
    hard = resource.prlimit(process, name)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.prlimit(process, name, (value, value))
