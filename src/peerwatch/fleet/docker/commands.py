"""Runs one command on a container through the engine, and keeps what it prints within a limit.

Takes the engine's command line and a time; gives how its client ended, never whether that was the
command's own doing. The engine ends nothing by itself: where the time is over, a callback ends the
command's processes from outside. The client has ended when `execute` has, whatever failed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
import anyio.abc

from peerwatch.errors import InfrastructureFault

from .._streams import Kept

_OVERTIME_S = 10.0  # ending a tree takes 2.3 s; the engine waits 2 s for a last output


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: bytes
    stderr: bytes
    left_out: int
    timed_out: bool


async def execute(
    command: Sequence[str], limit: int, seconds: float, end: Callable[[], Awaitable[None]]
) -> Ended:
    """Run the engine's client until the command is over.

    Args:
        command: the client with all its arguments.
        limit: bytes kept of each stream, head and tail.
        seconds: the command's time.
        end: ends the command's processes; called when the time is over or the wait is cancelled.

    Raises:
        InfrastructureFault: a signal ended the client, or `end` raised this.
    """
    out, err = Kept(limit), Kept(limit)
    timed_out = False
    process = await anyio.open_process(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_drain, process.stdout, out)
            tasks.start_soon(_drain, process.stderr, err)
            with anyio.move_on_after(seconds) as time:
                await process.wait()
            if time.cancelled_caught:
                timed_out = True
                await end()
                with anyio.move_on_after(_OVERTIME_S):
                    await process.wait()
                _kill(process)
    except BaseException as problem:
        with anyio.CancelScope(shield=True):
            await end()
        if isinstance(problem, BaseExceptionGroup):  # what failed in the group, by itself
            raise problem.exceptions[0] from None
        raise
    finally:
        with anyio.CancelScope(shield=True):
            _kill(process)
            await process.aclose()
    code = process.returncode or 0
    if code < 0 and not timed_out:
        raise InfrastructureFault(f"the engine's client was ended by signal {-code}")
    return Ended(
        returncode=124 if timed_out else code,
        stdout=out.text(), stderr=err.text(), left_out=out.left_out + err.left_out,
        timed_out=timed_out,
    )  # fmt: skip


def _kill(process: anyio.abc.Process) -> None:
    if process.returncode is None:
        process.kill()


async def _drain(stream: anyio.abc.ByteReceiveStream | None, kept: Kept) -> None:
    if stream is not None:
        async for chunk in stream:
            kept.add(chunk)
