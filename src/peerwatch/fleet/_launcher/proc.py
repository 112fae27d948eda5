"""What /proc tells of a process, read to its end and of all its threads.

Takes numbers as our own process namespace has them; gives text and numbers. A file is as long as a
host makes it (`status` names 65,536 groups), and a process lives on in its other threads when its
first has ended: then that one's files are empty. It keeps nothing and judges nothing.
"""

from __future__ import annotations

import errno
import os

ENDED = (FileNotFoundError, ProcessLookupError)
"""Raised where there is no such process or thread any more."""

_AT_ONCE = 1 << 14
_MOST = 1 << 20  # of a `status` with all groups that the kernel allows there are 0.8 MB
_EXITING = 4  # among the flags of a thread


def told(path: str, most: int = _MOST) -> bytes:
    """A file of /proc, without what a file object costs.

    Raises:
        OSError: it is gone, or not ours to read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = b""
        while len(text) < most and (piece := os.read(descriptor, min(_AT_ONCE, most - len(text)))):
            text += piece
        return text
    finally:
        os.close(descriptor)


def field(text: bytes, name: bytes) -> list[bytes]:
    """The words behind a name in a `status` or a descriptor's `fdinfo`.

    Raises:
        ProcessLookupError: it is not there; of a thread that has ended some are not.
    """
    _, found, rest = text.partition(b"\n" + name + b":")
    if not found:
        raise ProcessLookupError(errno.ESRCH, f"no {name.decode()}")
    return rest[: rest.index(b"\n")].split()


def stat(number: int) -> tuple[bytes, list[bytes]]:
    """The name of a thread, and what its `stat` says behind that, the state first."""
    name, _, rest = told(f"/proc/{number}/stat").partition(b"(")[2].rpartition(b")")
    return name, rest.split()


def runs(fields: list[bytes]) -> bool:
    """Whether a process runs, by its `stat`: one whose first thread has ended looks like a dead one
    and has others."""
    return fields[0] not in (b"Z", b"X") or int(fields[17]) > 1


def threads(process: int) -> list[int]:
    """The threads of a process, mostly one; whatever has its files has them too: /proc/THREAD."""
    return [int(name) for name in os.listdir(f"/proc/{process}/task")]


def gone(thread: int) -> bool:
    """Whether a thread has ended or is about to; most of its files are empty then, or forbidden."""
    try:
        return _is_ending(thread)
    except ENDED:
        return True


def ended(process: int) -> bool:
    """Whether all threads of a process are gone and no other can come."""
    try:
        numbers = threads(process)
    except ENDED:
        return True
    try:
        return all(_is_ending(number) for number in numbers)
    except ENDED:  # another may have come in its place
        return False


def _is_ending(thread: int) -> bool:
    fields = stat(thread)[1]
    return fields[0] in b"ZX" or bool(int(fields[6]) & _EXITING)
