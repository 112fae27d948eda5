"""Starts a host's services and waits until they answer.

Takes argument lists; gives process ids. It runs on the host, before anybody else does.
"""

from __future__ import annotations

import os
import resource
import signal
import time

from . import kernel
from .commands import PATH

OPEN_FILES = 1024
_SSHD_NUMBER = "/run/sshd.pid"


def start(argv: list[str]) -> int:
    """Start a service in a session of its own; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.closerange(3, 1024)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; sessions inherit
            signal.signal(number, signal.SIG_DFL)
        limit(resource.RLIMIT_NOFILE, OPEN_FILES)
        os.execve(argv[0], argv, {"PATH": PATH, "LANG": "C.UTF-8"})  # noqa: S606
    finally:
        os._exit(127)


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


def limit(name: int, most: int) -> None:
    """Set a limit of this process, no higher than it may be."""
    hard = resource.getrlimit(name)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(name, (value, value))
