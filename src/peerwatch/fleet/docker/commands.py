"""Runs one command on a container through the engine, and keeps what it prints within a limit.

Takes the engine's command line and a time; gives how it ended. The engine ends nothing by itself:
where the time is over, a callback ends the command's processes from outside.
"""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
import anyio.abc

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
                if process.returncode is None:
                    process.kill()
    except BaseException:
        with anyio.CancelScope(shield=True):
            await end()
            process.kill()
            await process.wait()
        raise
    finally:
        with anyio.CancelScope(shield=True):
            await process.aclose()
    return Ended(
        returncode=124 if timed_out else process.returncode or 0,
        stdout=out.text(), stderr=err.text(), left_out=out.left_out + err.left_out,
        timed_out=timed_out,
    )  # fmt: skip


async def _drain(stream: anyio.abc.ByteReceiveStream | None, kept: Kept) -> None:
    if stream is not None:
        async for chunk in stream:
            kept.add(chunk)
