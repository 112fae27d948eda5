"""What a file holds, in pieces that fit into memory: holes cost nothing.

Takes a descriptor or a file object, gives bytes in order. Short holes are zeros, as the file's
reader sees them; a long one ends a piece. It reads no further than it is told.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from typing import Protocol


class Readable(Protocol):
    """What is read from its beginning."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


class Joined:
    """Several files as one."""

    def __init__(self, descriptors: Sequence[int]) -> None:
        self._left = [(each, 0) for each in descriptors]

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end of the last."""
        while self._left:
            descriptor, position = self._left[0]
            got = os.pread(descriptor, size, position)
            if got:
                self._left[0] = (descriptor, position + len(got))
                return got
            del self._left[0]
        return b""


PIECE = 96 << 20
"""Bytes of one piece at most: the largest volume of a staged host."""
BUDGET = 512 << 20
"""Bytes read of one file at most: more than any host's disk of a staged rollout holds."""
_HOLE = 1 << 20
"""A longer hole ends a piece."""


def pieces(source: int | Readable, size: int, budget: int) -> Iterator[bytes]:
    """The data of a file.

    Raises:
        OSError: the source cannot be read.
    """
    made = bytearray()
    behind = 0
    for start, end in _extents(source, size):
        if made and start - behind > _HOLE:
            yield bytes(made)
            made.clear()
        elif made:
            made += bytes(start - behind)
        position = start
        while position < end and budget > 0:
            wanted = min(end - position, PIECE - len(made), budget)
            got = _read(source, wanted, position)
            made += got
            position += len(got)
            budget -= len(got)
            if len(made) >= PIECE:
                yield bytes(made)
                made.clear()
            if len(got) < wanted:  # it has shrunk
                budget = 0
        behind = position
        if budget <= 0:
            break
    if made:
        yield bytes(made)


def _extents(source: int | Readable, size: int) -> Iterator[tuple[int, int]]:
    """Where data lies, in order."""
    position = 0
    while position < size:
        start, end = _extent(source, position, size)
        if start < end:
            yield start, end
        position = max(end, position + 1)


def _extent(source: int | Readable, position: int, size: int) -> tuple[int, int]:
    """Where the next bytes lie at or behind a position: (start, end); (size, size) if nowhere."""
    if not isinstance(source, int):
        return position, size
    try:
        start = os.lseek(source, position, os.SEEK_DATA)
        return min(start, size), min(os.lseek(source, start, os.SEEK_HOLE), size)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size, size
        if error.errno == errno.EINVAL:  # a file system that knows no holes
            return position, size
        raise


def _read(source: int | Readable, wanted: int, position: int) -> bytes:
    """Bytes until ``wanted`` are there or the file ends."""
    made: list[bytes] = []
    done = 0
    while done < wanted:
        got = (os.pread(source, wanted - done, position + done) if isinstance(source, int)
               else source.read(wanted - done))
        if not got:
            break
        made.append(got)
        done += len(got)
    return made[0] if len(made) == 1 else b"".join(made)
