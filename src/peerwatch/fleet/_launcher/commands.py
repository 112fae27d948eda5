"""Runs commands on a host: one short-lived monitor per command, ended with its whole process tree.

Takes a time limit, a label and six descriptors (standard input, output and error, a pipe for the
outcome, a pipe whose closing cancels, a memory file with the request); gives one JSON outcome. The
monitor is a child of the host's pid 1 and adopts every descendant of the command, also those that
call setsid or double-fork, so that the end of the time is the end of them all. Pid 1, which nothing
on the host can stop or kill, keeps a later deadline of its own and settles a call whose monitor was
killed or stopped. The ledger is told of each command before it starts, and of what it leaves.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from typing import Any

from . import kernel, proc, starting, telling

TERM_GRACE = 0.3  # seconds from SIGTERM to SIGKILL when the time is over
KILL_GRACE = 2.0  # seconds in which what was killed must be gone
PID1_GRACE = 3.0  # seconds after which pid 1 ends a command whose monitor did not

_MOST_LOOKS = 60  # at a tree that goes on growing while it is killed
_QUIET_LOOKS = 10  # in a row; one may miss what is gone between its number and its `stat`


class Pending:
    """One running command, as pid 1 remembers it."""

    def __init__(self, outcome: int, deadline: float) -> None:
        self.outcome = outcome
        self.deadline = deadline


class CommandServer:
    """Accepts requests on a host's command socket and settles each exactly once."""

    def __init__(self) -> None:
        self.pending: dict[int, Pending] = {}

    def accept(
        self,
        request: dict[str, Any],
        descriptors: list[int],
        supervisor: socket.socket,
        others: list[int],
    ) -> None:
        """Start the monitor for one request.

        Args:
            request: its `timeout` in seconds and its `label`, if it has one.
            descriptors: see the module.
            others: descriptors that the monitor must not keep.
        """
        timeout = float(request["timeout"])
        if len(descriptors) != 6:
            for descriptor in descriptors:
                os.close(descriptor)
            return
        outcome = descriptors[3]
        try:
            pid = os.fork()
        except OSError as refused:  # no process left on this host
            _write(outcome, {"returncode": 126, "no_process": refused.strerror})
            for descriptor in descriptors:
                os.close(descriptor)
            return
        if pid == 0:
            try:
                for descriptor in [*others, *(one.outcome for one in self.pending.values())]:
                    os.close(descriptor)
                _monitor(timeout, descriptors, supervisor, request.get("label"))
            finally:
                os._exit(71)
        self.pending[pid] = Pending(outcome, time.monotonic() + timeout + PID1_GRACE)
        for descriptor in (*descriptors[:3], *descriptors[4:]):
            os.close(descriptor)

    def wait_ms(self) -> float | None:
        """Milliseconds until the next deadline, None without one."""
        deadlines = [one.deadline for one in self.pending.values()]
        return max(0.0, min(deadlines) - time.monotonic()) * 1000 if deadlines else None

    def ended(self, pid: int, status: int) -> None:
        """A child of pid 1 has ended; settle its call if it was a monitor."""
        one = self.pending.pop(pid, None)
        if one is None:
            return
        if status != 0:
            _write(one.outcome, {"returncode": 137, "monitor_lost": True})
        os.close(one.outcome)

    def overdue(self) -> None:
        """End commands whose monitor let the time pass (stopped by someone on the host)."""
        now = time.monotonic()
        for pid, one in list(self.pending.items()):
            if now >= one.deadline:
                # Before the tree ends: with it a stopped monitor may go on, and say something else.
                _write(one.outcome, {"returncode": 124, "timed_out": True})
                _kill_below(pid)
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                os.close(one.outcome)
                del self.pending[pid]


def descendants(root: int) -> list[int]:
    """Every process below `root` that still runs, as this /proc numbers them."""
    return [pid for pid, _ in _below(root)]


def _below(root: int) -> list[tuple[int, bytes]]:
    """The same, each with when it started: numbers come round again."""
    children: dict[int, list[tuple[int, bytes]]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                _, fields = proc.stat(int(name))
            except OSError:
                continue
            if proc.runs(fields):
                children.setdefault(int(fields[1]), []).append((int(name), fields[19]))
    found: list[tuple[int, bytes]] = []
    todo = [root]
    while todo:
        below = children.get(todo.pop(), [])
        found.extend(below)
        todo.extend(pid for pid, _ in below)
    return found


def _kill_below(root: int) -> None:
    """Kill every process below `root`, and what they start meanwhile.

    One that goes on from process to process faster than it can be looked up is ended by the one
    call that no process escapes, and with it whatever else runs on this host.
    """
    killed: set[tuple[int, bytes]] = set()
    quiet = 0
    for _ in range(_MOST_LOOKS):
        fresh = set(_below(root)) - killed
        quiet = 0 if fresh else quiet + 1
        if quiet == _QUIET_LOOKS:
            return
        for pid, _ in fresh:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        killed |= fresh
        time.sleep(0.005)
    with contextlib.suppress(OSError):
        os.kill(-1, signal.SIGKILL)  # all but pid 1 and the caller


def _write(descriptor: int, outcome: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.write(descriptor, json.dumps(outcome).encode())


def _monitor(
    timeout: float, descriptors: list[int], supervisor: socket.socket, label: str | None
) -> None:
    """The monitor's life: start the command, wait, end the tree if need be, report, exit."""
    *standard, outcome, cancel, memory = descriptors
    with os.fdopen(memory, "rb") as text:
        request = json.loads(text.read())
    user = str(request.get("user") or "root")
    kernel.retitle(f"sshd: {user}@notty")
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        child, failure = starting.Command(request, supervisor, label).start(standard)
    except starting.Refused as refused:
        _write(outcome, refused.outcome)
        os._exit(0)
    for descriptor in standard:
        os.close(descriptor)
    ending = _wait(child, cancel, timeout)
    if ending is None:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        result: dict[str, Any] = {"returncode": 128 - code if code < 0 else code}
        if label is not None and _has_children():
            telling.leaves(supervisor, label, descendants(os.getpid()))
    else:
        _end_tree()
        result = {"returncode": 124, ending: True}
    refusal = os.read(failure, 4096)
    if refusal:
        result.update(json.loads(refusal))
    _write(outcome, result)
    os._exit(0)


def _wait(child: int, cancel: int, timeout: float) -> str | None:
    """Wait for the command; None when it ended by itself, else why it must end."""
    poll = select.poll()
    watched = os.pidfd_open(child)
    poll.register(watched, select.POLLIN)
    poll.register(cancel, select.POLLIN | select.POLLHUP)
    ready = dict(poll.poll(timeout * 1000))
    if watched in ready:
        return None
    return "cancelled" if cancel in ready else "timed_out"


def _has_children() -> bool:
    """Whether anything that this monitor adopted still runs; buries what does not."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def _end_tree() -> None:
    """SIGTERM, then SIGKILL, until nothing is left below this monitor."""
    if not _gone(signal.SIGTERM, TERM_GRACE):
        _kill_below(os.getpid())
        _gone(signal.SIGKILL, KILL_GRACE)


def _gone(number: int, patience: float) -> bool:
    """Signal all that is below this monitor until nothing is; whether that came in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                os.kill(pid, number)
        if not (_has_children() and descendants(os.getpid())):
            return True
        time.sleep(0.02)
    return False
