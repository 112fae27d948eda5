"""One conversation with a host about one command: input in, output out, outcome at the end.

Takes a host's command socket and a request; gives an `Outcome`. Cancelling it ends the command
with its process tree: the closing of a pipe tells the monitor.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import socket
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc

from peerwatch.errors import InfrastructureFault

_CHUNK = 1 << 18
_LEFTOVER_PIPE = 1 << 20
_AFTERGLOW_S = 0.02  # for output of a last child that the shell did not wait for
_MARK = b"\n[... %d bytes left out ...]\n"


class Kept:
    """Head and tail of a stream within a limit, with a mark where the middle was."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit // 2
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail = bytearray()
        self.left_out = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk
        excess = len(self._tail) - self._tail_limit
        if excess > 0:
            self.left_out += excess
            del self._tail[:excess]

    def text(self) -> bytes:
        """What is kept."""
        mark = _MARK % self.left_out if self.left_out else b""
        return bytes(self._head) + mark + bytes(self._tail)


@dataclass
class Outcome:
    """What came of one command."""

    status: dict[str, Any] | None
    """None when no outcome came in time; empty when pid 1 of the host ended without one."""
    stdout: bytes
    stderr: bytes
    left_out: int
    leftovers: list[int] = field(default_factory=list)
    """Reading ends that something in the background still has the other end of."""


async def converse(
    channel: socket.socket,
    request: dict[str, Any],
    stdin: bytes,
    limit: int,
    seconds: float,
    overtime: float,
    label: str | None = None,
) -> Outcome:
    """Hold the conversation.

    Args:
        channel: the host's command socket.
        request: see `_launcher.commands`.
        stdin: bytes for the command.
        limit: bytes kept of each output stream.
        seconds: the command's time.
        overtime: seconds after that in which its host must have ended it.
        label: what the ledger calls it.

    Raises:
        InfrastructureFault: the host is gone.
    """
    pipes, memory = _pipes(request)
    (in_far, in_near), (out_near, out_far), (err_near, err_far), (told, tell), (off, offing) = pipes
    far = [in_far, out_far, err_far, tell, off]
    near = {in_near, out_near, err_near, told, offing}
    for descriptor in far:
        os.set_blocking(descriptor, True)
    out, err = Kept(limit), Kept(limit)
    leftovers: list[int] = []
    status: dict[str, Any] | None = None
    try:
        try:
            _send(channel, seconds, [*far, memory], label)
        finally:
            for descriptor in (*far, memory):
                os.close(descriptor)
        open_streams = {out_near: out, err_near: err}
        dry = anyio.Event()
        async with anyio.create_task_group() as tasks:
            if stdin:
                tasks.start_soon(_feed, in_near, stdin, near)
            else:
                near.discard(in_near)
                os.close(in_near)
            for descriptor, kept in list(open_streams.items()):
                tasks.start_soon(_drain, descriptor, kept, open_streams, dry)
            with anyio.move_on_after(seconds + overtime):
                status = await _outcome(told)
            if status is not None:
                with anyio.move_on_after(_AFTERGLOW_S):
                    await dry.wait()
            tasks.cancel_scope.cancel()
        for descriptor in open_streams:
            _take_what_is_there(descriptor, open_streams[descriptor])
            if status is not None and not status.get("timed_out"):
                with contextlib.suppress(OSError):
                    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _LEFTOVER_PIPE)
                leftovers.append(descriptor)
                near.discard(descriptor)
    finally:
        for descriptor in near:
            anyio.notify_closing(descriptor)
            os.close(descriptor)
    return Outcome(status, out.text(), err.text(), out.left_out + err.left_out, leftovers)


async def converse_on_terminal(
    channel: socket.socket, request: dict[str, Any], terminal: int, seconds: float
) -> dict[str, Any]:
    """Run a command with a pseudo-terminal as its input, output and error; its outcome.

    Raises:
        InfrastructureFault: the host is gone.
    """
    told, tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    off, offing = os.pipe2(os.O_CLOEXEC)
    memory = _memory(request)
    try:
        try:
            _send(channel, seconds, [terminal, terminal, terminal, tell, off, memory])
        finally:
            for descriptor in (tell, off, memory):
                os.close(descriptor)
        return await _outcome(told)
    finally:
        anyio.notify_closing(told)
        os.close(told)
        os.close(offing)


def _send(
    channel: socket.socket, seconds: float, descriptors: list[int], label: str | None = None
) -> None:
    header = json.dumps({"timeout": seconds, "label": label}).encode()
    rights = array.array("i", descriptors)
    try:
        channel.sendmsg([header], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    except OSError as error:
        raise InfrastructureFault(f"the host is not running ({error.strerror})") from error


def _pipes(request: dict[str, Any]) -> tuple[list[tuple[int, int]], int]:
    """Five pipes and the request's memory file, or none of them."""
    made: list[tuple[int, int]] = []
    try:
        for _ in range(5):
            made.append(os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK))
        return made, _memory(request)
    except OSError as error:
        for pair in made:
            for descriptor in pair:
                os.close(descriptor)
        raise InfrastructureFault(f"cannot speak to the host ({error.strerror})") from error


def _memory(request: dict[str, Any]) -> int:
    """The request as a memory file: a command line may be longer than a socket message."""
    memory = os.memfd_create("request", os.MFD_CLOEXEC)
    content = memoryview(json.dumps(request).encode())
    while content:
        content = content[os.write(memory, content) :]
    os.lseek(memory, 0, os.SEEK_SET)
    return memory


async def _feed(descriptor: int, content: bytes, near: set[int]) -> None:
    view = memoryview(content)
    while view:
        try:
            view = view[os.write(descriptor, view[:_CHUNK]) :]
        except BlockingIOError:
            await anyio.wait_writable(descriptor)
        except OSError:
            break  # the command reads no more
    near.discard(descriptor)
    anyio.notify_closing(descriptor)
    os.close(descriptor)


async def _drain(
    descriptor: int, kept: Kept, open_streams: dict[int, Kept], dry: anyio.Event
) -> None:
    while chunk := await _chunk(descriptor):
        kept.add(chunk)
    del open_streams[descriptor]
    if not open_streams:
        dry.set()


async def _outcome(descriptor: int) -> dict[str, Any]:
    text = b""
    while chunk := await _chunk(descriptor):
        text += chunk
    if not text:
        return {}
    # A monitor that is killed after its outcome and before its end has pid 1 write another.
    first: dict[str, Any] = json.JSONDecoder().raw_decode(text.decode("ascii"))[0]
    return first


async def _chunk(descriptor: int) -> bytes:
    """The next bytes; none at the end."""
    while True:
        await anyio.wait_readable(descriptor)
        with contextlib.suppress(BlockingIOError):
            return os.read(descriptor, _CHUNK)


def _take_what_is_there(descriptor: int, kept: Kept) -> None:
    """One pipe's fill at most: something in the background may write as fast as we read."""
    room = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    with contextlib.suppress(BlockingIOError):
        while room > 0 and (chunk := os.read(descriptor, _CHUNK)):
            kept.add(chunk)
            room -= len(chunk)
