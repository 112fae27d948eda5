"""Notices of the kernel about programs that start and processes that end.

Takes descriptors of a filter's listener and of processes; gives what was called, what stood in the
caller's memory, and how a process ended. It reads and answers, and never decides whether a program
may start: every call goes on.
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import stat
import struct

from . import kernel, proc
from .confine import EXECUTE, EXIT

# From the kernel's headers: <linux/seccomp.h>, <linux/pidfd.h>; the same on both processors.
_RECEIVE, _SEND, _SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082104
_WAKE_AT_ONCE = 1
_CONTINUE = 1
_CALL = struct.Struct("=QIIiIQ6Q")
_PROCESS_INFO, _EXIT_STATUS = 0xC040FF0B, 1 << 3
_RESOLVE_IN_ROOT = 16
_HERE = -100 & 0xFFFFFFFF
_ADDRESS = (1 << 56) - 1  # aarch64 keeps tags in the byte above
_PATH_BYTES = 4096
MOST_ARGUMENTS = 256
ARGUMENT_BYTES = 4096
"""Kept of all arguments of a program together."""


class Notice:
    """A process that wants to start a program, or to exit, and waits."""

    __slots__ = ("arguments", "directory", "exit_status", "identity", "path", "thread")

    def __init__(self, text: bytes) -> None:
        fields = _CALL.unpack(text)
        self.identity = fields[0]
        self.thread = fields[1]
        """As the listener's process namespace numbers it."""
        self.exit_status = fields[6] & 0xFF if fields[3] == EXIT[kernel.MACHINE] else None
        """None: it wants to start a program."""
        at = [field & _ADDRESS for field in fields[6:]]
        beneath = fields[3] == EXECUTE[kernel.MACHINE][1]  # execveat
        self.directory = fields[6] & 0xFFFFFFFF if beneath else _HERE
        self.path, self.arguments = (at[1], at[2]) if beneath else (at[0], at[1])


def prepare(listener: int) -> None:
    """Have a caller and the listener wake each other without a detour (Linux 6.6)."""
    fcntl.ioctl(listener, _SET_FLAGS, _WAKE_AT_ONCE)


def receive(listener: int) -> Notice | None:
    """The next notice; None where its process has been killed meanwhile."""
    text = bytearray(_CALL.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, text)
    except OSError:
        return None
    return Notice(bytes(text))


def let_go_on(listener: int, notice: Notice) -> bool:
    """Have the kernel do the call; False where its process has been killed meanwhile."""
    answer = struct.pack("=QqiI", notice.identity, 0, 0, _CONTINUE)
    try:
        fcntl.ioctl(listener, _SEND, answer)
    except OSError:
        return False
    return True


def words(notice: Notice) -> tuple[str, list[str], bool]:
    """What was asked for: path, arguments, and whether arguments were cut.

    It stands in the caller's memory, which the caller's threads may write meanwhile.
    """
    memory = os.open(f"/proc/{notice.thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        path = _text(_read(memory, notice.path, _PATH_BYTES))
        pointers = array.array("Q")
        table = _read(memory, notice.arguments, 8 * (MOST_ARGUMENTS + 1))
        pointers.frombytes(table[: len(table) & ~7])
        count = pointers.index(0) if 0 in pointers else len(pointers)
        room, given = ARGUMENT_BYTES, []
        start, window = 0, b""  # arguments mostly lie close together: one reading has many
        for pointer in pointers[: min(count, MOST_ARGUMENTS)]:
            at = pointer & _ADDRESS
            if room <= 0:
                break
            end = window.find(b"\0", at - start) if 0 <= at - start < len(window) else -1
            if end < 0:
                start, window = at, _read(memory, at, ARGUMENT_BYTES + 1)
                end = window.find(b"\0")
            text = window[at - start : end if end >= 0 else None][:room]
            cut = end < 0 or end - (at - start) > room
            room -= len(text) + 1
            given.append(os.fsdecode(text))
            if cut:
                return path, given, True
        return path, given, len(given) < count
    finally:
        os.close(memory)


def _read(memory: int, at: int, most: int) -> bytes:
    try:
        return os.pread(memory, most, at)
    except OSError:  # nothing there
        return b""


def _text(content: bytes) -> str:
    return os.fsdecode(content.split(b"\0", 1)[0])


def whereabouts(notice: Notice, path: str) -> tuple[str, str]:
    """The caller's working directory, and the path; for an open file its name and what it is."""
    here = _link(f"/proc/{notice.thread}/cwd")
    if not path and notice.directory != _HERE:
        return here, _link(f"/proc/{notice.thread}/fd/{notice.directory}")
    return here, path


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:  # it leads nowhere, or deeper than a path has bytes
        return ""


def startable(notice: Notice, here: str, path: str) -> bool:
    """Whether an executable file lies there now; True where that cannot be looked up.

    Args:
        notice: who asks.
        here: its working directory.
        path: what it wants to start.
    """
    if path.startswith(("/proc/", "/dev/")) or notice.directory != _HERE:
        return True
    try:
        anchor = os.open(f"/proc/{notice.thread}/root", os.O_PATH | os.O_CLOEXEC)
        try:
            resolve = _RESOLVE_IN_ROOT | kernel.RESOLVE_NO_MAGICLINKS
            file = kernel.openat2(anchor, os.path.join(here, path), os.O_PATH, resolve)
        finally:
            os.close(anchor)
    except OSError as refused:
        return refused.errno not in (errno.ENOENT, errno.ENOTDIR)
    try:
        mode = os.fstat(file).st_mode
        return stat.S_ISREG(mode) and bool(mode & 0o111)
    finally:
        os.close(file)


class Identity:
    """Who a process is. (A plain class: dataclasses cost a start 20 ms of loading.)"""

    __slots__ = ("here", "parent", "pid", "uid")

    def __init__(self, number: int) -> None:
        """Of the process that the thread `number` belongs to.

        Raises:
            OSError: it is gone.
        """
        text = proc.told(f"/proc/{number}/status")
        self.here = int(proc.field(text, b"Tgid")[0])
        """As our own process namespace numbers it."""
        self.parent = int(proc.field(text, b"PPid")[0])
        """As our own process namespace numbers it."""
        self.uid = int(proc.field(text, b"Uid")[1])
        self.pid = int(proc.field(text, b"NStgid")[-1])
        """As its host numbers it."""


def number_of(process: int) -> int:
    """The number of a process that a descriptor stands for; -1 where it has ended.

    Raises:
        OSError: the descriptor is none.
    """
    text = proc.told(f"/proc/self/fdinfo/{process}")
    return int(proc.field(text, b"Pid")[0]) if b"\nPid:" in text else -1


def session(number: int) -> int:
    """The session of a process; its number is nobody else's while one process is in it. 0: gone."""
    try:
        return int(proc.stat(number)[1][3])
    except OSError:
        return 0


def exit_status(process: int) -> int | None:
    """How the process behind a descriptor ended, negative for a signal; None where nobody says.

    The kernel tells it from 6.15 on, of every process, once its parent has asked for it.
    """
    known = bytearray(struct.pack("=Q", _EXIT_STATUS) + bytes(56))
    try:
        fcntl.ioctl(process, _PROCESS_INFO, known)
    except OSError:
        return None
    mask, status = struct.unpack("=Q52xi", known)
    return os.waitstatus_to_exitcode(status) if mask & _EXIT_STATUS else None
