"""The controller's side of the fork server: one per controller, started when first needed.

Takes a specification and descriptors; gives the process that runs a rollout's hosts. The server
inherits an empty environment and one socket, nothing else; when this process ends in any way, the
socket closes and the server ends.
"""

from __future__ import annotations

import array
import atexit
import json
import os
import select
import signal
import socket
import subprocess
import threading

from peerwatch.errors import InfrastructureFault

from . import _door
from ._launcher.forkserver import MOST_DESCRIPTORS

_ANSWER_S = 60


class Process:
    """A process that is no child of ours, held by a descriptor that no other process can take."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor

    def ended(self, seconds: float = 0) -> bool:
        """Whether it has ended, after waiting for it so long."""
        if self._descriptor < 0:
            return True
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))

    def kill(self) -> None:
        """End it at once; the kernel then ends everything below it."""
        if self._descriptor >= 0:
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _Server:
    """A running fork server."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                _door.command("serve", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                env={},  # no key and no token of the controller may be readable from a host
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    def usable(self) -> bool:
        """Whether it runs, and is not that of a process that forked us."""
        return self.owner == os.getpid() and self.process.poll() is None

    def close(self) -> None:
        """End it, unless it belongs to a process that forked us."""
        self.socket.close()
        if self.owner == os.getpid():
            self.process.wait()


_lock = threading.Lock()
_server: _Server | None = None


def launch(spec: int, control: int, others: list[int]) -> Process:
    """Start the first process of a rollout.

    Args:
        spec: descriptor of the specification, which names those of `others` by place (from 2 on).
        control: the supervisor's end of the control socket.
        others: further descriptors for it.

    Raises:
        InfrastructureFault: no process could be started.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            passed = [theirs.fileno(), spec, control, *others]
            if len(passed) > MOST_DESCRIPTORS:
                raise InfrastructureFault(
                    f"hosts with {len(others)} different contents and sockets; "
                    f"{MOST_DESCRIPTORS - 3} can be passed"
                )
            _send(passed)
        ours.settimeout(_ANSWER_S)
        try:
            text, descriptors, _, _ = socket.recv_fds(ours, 4096, 1)
        except OSError as error:
            raise InfrastructureFault(f"hosts did not start ({error})") from error
    answer = json.loads(text) if text else {"error": "the fork server ended"}
    if "error" in answer:
        raise InfrastructureFault(f"hosts did not start: {answer['error']}")
    if not descriptors:  # the kernel had no number left for it
        raise InfrastructureFault("hosts did not start: no descriptor is left")
    return Process(int(answer["pid"]), descriptors[0])


def _send(descriptors: list[int]) -> None:
    """Hand descriptors to the server; to a new one where there is none, or it was killed."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
    for last in (False, True):
        server = _running()
        try:
            server.socket.sendmsg([b"{}"], rights)
        except OSError as error:
            if last:
                raise InfrastructureFault(f"hosts did not start ({error.strerror})") from error
        else:
            return


def _running() -> _Server:
    global _server
    with _lock:
        if _server is None or not _server.usable():
            if _server is not None:
                _server.close()
            else:
                atexit.register(_end)
            _server = _Server()
        return _server


def _end() -> None:
    if _server is not None:
        _server.close()
