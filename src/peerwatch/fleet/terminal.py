"""A person's login shell on a host, on the terminal in front of them.

Takes a running fleet; gives the shell's exit code. It puts the terminal into raw mode while the
shell runs and always gives it back. The host gets one end of a fresh pseudo-terminal, never the
person's own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from peerwatch.errors import InfrastructureFault, ungrouped

from ._streams import converse_on_terminal
from .fleet import Fleet

_LONGEST_S = 20 * 86_400  # poll counts milliseconds in 31 bits: 24 days


async def interactive(fleet: Fleet, host: str) -> int:
    """Run a login shell of root on `host` until it ends.

    Raises:
        InfrastructureFault: the host is not running, or ended before the shell did.
        BrokenPipeError: nobody reads standard output any more.
        OSError: standard input is no terminal, or standard output takes no more.
    """
    person = sys.stdin.fileno()
    near, far = pty.openpty()
    try:
        _copy_size(person, near)
        request = {
            "argv": ["bash", "--login"],
            "env": {"TERM": os.environ.get("TERM", "xterm")},
            "terminal": True,
        }
        with ungrouped(), _raw(person):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_follow_size, person, near)
                tasks.start_soon(_pump, person, near)
                tasks.start_soon(_pump, near, sys.stdout.fileno())
                status = await converse_on_terminal(fleet.channel(host), request, far, _LONGEST_S)
                await anyio.sleep(0.05)  # the last lines
                tasks.cancel_scope.cancel()
    finally:
        os.close(near)
        os.close(far)
    if not status:
        raise InfrastructureFault(
            f"host {host} ended while the shell was open on it; give the same command again for "
            "fresh hosts"
        )
    return int(status["returncode"])


@contextlib.contextmanager
def _raw(terminal: int) -> Iterator[None]:
    before = termios.tcgetattr(terminal)
    tty.setraw(terminal)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(terminal, termios.TCSANOW, before)


def _copy_size(source: int, target: int) -> None:
    size = fcntl.ioctl(source, termios.TIOCGWINSZ, b"\0" * 8)
    fcntl.ioctl(target, termios.TIOCSWINSZ, size)


async def _follow_size(person: int, near: int) -> None:
    with anyio.open_signal_receiver(signal.SIGWINCH) as changes:
        async for _ in changes:
            _copy_size(person, near)


async def _pump(source: int, target: int) -> None:
    """Copy until the source ends.

    Raises:
        OSError: the target takes no more.
    """
    while True:
        await anyio.wait_readable(source)
        try:
            chunk = os.read(source, 1 << 16)
        except OSError:
            return  # the shell has let go of its terminal
        if not chunk:
            return
        view = memoryview(chunk)
        while view:
            write: Any = partial(os.write, target, view)
            view = view[await anyio.to_thread.run_sync(write) :]
