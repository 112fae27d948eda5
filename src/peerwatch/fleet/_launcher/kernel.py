"""The system calls that Python lacks, each with an error that names the step.

Takes plain values, gives plain values, raises `StepFailed`. It never decides anything: which
namespaces, mounts or limits a host gets is decided by its callers.
"""

from __future__ import annotations

import array
import codecs
import contextlib
import ctypes
import json
import os
import re
import socket
import struct
import sys
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)
# Codecs load on first use, when the file system that holds them may be out of reach already.
for _codec in ("ascii", "utf-8"):
    codecs.lookup(_codec)

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x00020000, 0x02000000, 0x04000000
CLONE_NEWIPC, CLONE_NEWUSER = 0x08000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME = 1, 4, 15
PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER = 24, 36

RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH = 2, 4, 8
RESOLVE_NO_XDEV, RESOLVE_IN_ROOT = 1, 16
STRICT = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH

# From the kernel's headers. The aarch64 column has not been run.
_NUMBERS = {
    "x86_64": {"pivot_root": 155, "keyctl": 250, "seccomp": 317, "openat2": 437},
    "aarch64": {"pivot_root": 41, "keyctl": 219, "seccomp": 277, "openat2": 437},
}

MACHINE = os.uname().machine
TELLS_HOW_IT_ENDED = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 15)
"""Whether a process descriptor tells how its process ended, to others than its parent."""


class StepFailed(OSError):  # noqa: N818  (named for what the reader of the message needs)
    """A named step of the set-up was refused by the kernel."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__(number, f"{step}: {os.strerror(number)}")
        self.step = step

    def __str__(self) -> str:
        return str(self.strerror)


def number(name: str) -> int:
    """The number of a system call on this machine.

    Raises:
        StepFailed: this processor has no table.
    """
    table = _NUMBERS.get(MACHINE)
    if table is None:
        raise StepFailed(f"system call table for {MACHINE}", 38)
    return table[name]


def check(result: int, step: str) -> int:
    """Pass a libc result through, or raise with the step's name."""
    if result < 0:
        raise StepFailed(step, ctypes.get_errno())
    return result


def unshare(flags: int, step: str) -> None:
    """Leave the namespaces in `flags` for new ones."""
    check(libc.unshare(flags), step)


def setns(descriptor: int, kind: int, step: str) -> None:
    """Enter the namespace behind `descriptor`."""
    check(libc.setns(descriptor, kind), step)


def mount(
    source: str | None,
    target: str,
    kind: str | None = None,
    flags: int = 0,
    options: str | None = None,
) -> None:
    """mount(2)."""

    def raw(text: str | None) -> bytes | None:
        return None if text is None else os.fsencode(text)

    result = libc.mount(raw(source), raw(target), raw(kind), ctypes.c_ulong(flags), raw(options))
    check(result, f"mount {kind or 'bind'} on {target}")


def detach(target: str) -> None:
    """Take a mount out of sight at once."""
    check(libc.umount2(os.fsencode(target), MNT_DETACH), f"detach {target}")


def pivot_here() -> None:
    """Make the working directory the root and drop the old root."""
    check(libc.syscall(number("pivot_root"), b".", b"."), "pivot_root")
    detach(".")
    os.chdir("/")


def prctl(option: int, value: int = 0) -> int:
    """prctl(2) with one argument."""
    return int(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def openat2(directory: int, path: str, flags: int, resolve: int = STRICT) -> int:
    """Open beneath `directory`; by default no link of any kind is followed.

    Raises:
        OSError: as open(2), with ELOOP for a link and EXDEV for a way out.
    """
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, resolve)
    descriptor = int(libc.syscall(number("openat2"), directory, os.fsencode(path), how, len(how)))
    if descriptor < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), path)
    return descriptor


def new_session_keyring() -> None:
    """Leave the keyring that came with the controller's session."""
    libc.syscall(number("keyctl"), 1, 0)


def stop_importing() -> None:
    """Load no module from a file from here on: the files now in reach are the host's own."""
    sys.path.clear()
    sys.meta_path[:] = [one for one in sys.meta_path if "PathFinder" not in repr(one)]


def keep_descriptors(kept: set[int]) -> None:
    """Close every descriptor above 2 that is not in `kept`, whoever opened it.

    The caller must never drop an object that holds one of the closed: its number may be another's.
    """
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            with contextlib.suppress(OSError):  # the one that listed them is closed already
                os.close(int(name))


def retitle(title: str) -> None:
    """Overwrite our own argv and name, so that `ps` inside a host shows an ordinary program."""
    with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    start, end = int(fields[45]), int(fields[46])
    room = end - start
    if start and room > 1:
        ctypes.memset(start, 0, room)
        ctypes.memmove(start, title.encode()[: room - 1], min(len(title), room - 1))
    name = os.path.basename(title.split()[0].rstrip(":")).encode()[:15]
    libc.prctl(PR_SET_NAME, ctypes.c_char_p(name), 0, 0, 0)


def write_kernel_file(path: str, text: str) -> None:
    """Write a /proc file with one write(2): a buffered file swallows the refusal."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def send(channel: socket.socket, message: dict[str, Any], descriptors: list[int]) -> None:
    """One message with descriptors over a Unix socket."""
    rights = array.array("i", descriptors)
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if descriptors else []
    channel.sendmsg([json.dumps(message).encode()], ancillary)


def receive(channel: socket.socket, most: int = 64) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message and its descriptors, `most` of them; None when the other side is gone."""
    rights = array.array("i")
    text, ancillary, _, _ = channel.recvmsg(
        1 << 16, socket.CMSG_SPACE(most * 4), socket.MSG_CMSG_CLOEXEC
    )
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            rights.frombytes(content[: len(content) - len(content) % 4])
    return (json.loads(text) if text else None), list(rights)
