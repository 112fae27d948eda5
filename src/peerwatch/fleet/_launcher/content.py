"""Hashes and compares contents that are already open.

Takes descriptors; gives hashes or the reason for none, and whether two contents are the same.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
from collections.abc import Iterator, Sequence

_CHUNK = 1 << 20
_COMPARED = 1 << 18  # stays in the processor's cache
# Holes cost their maker nothing, and 1 TB of them an hour of hashing: one file may have so many,
_MOST_HOLES = 256 << 20
# and all that one snapshot hashes together so many, and as many bytes of mapped pages.
_MOST_TOGETHER = 1 << 30
_MOST_COPIED = 64 << 20


class Hasher:
    """Hashes for one snapshot: an inode is read once, holes and mapped pages are rationed."""

    def __init__(self) -> None:
        self._holes_left = self._mapped_left = _MOST_TOGETHER
        self._seen: dict[tuple[int, int], str] = {}  # an inode may have 100,000 names

    def file(self, descriptor: int) -> tuple[str | None, str | None]:
        """(sha256, reason for none) of a regular file that is already open."""
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return None, "no longer a regular file"
        inode = (state.st_dev, state.st_ino)
        if inode in self._seen:
            return self._seen[inode], None
        holes = state.st_size - state.st_blocks * 512
        if holes > min(_MOST_HOLES, self._holes_left):
            return None, "sparse: longer than what it occupies, not hashed"
        self._holes_left -= max(0, holes)
        digest = hashlib.sha256()
        offset = 0
        while offset < state.st_size:  # no further than the size was: it may be growing
            chunk = os.pread(descriptor, min(_CHUNK, state.st_size - offset), offset)
            if not chunk:
                break
            digest.update(chunk)
            offset += len(chunk)
        self._seen[inode] = digest.hexdigest()
        return self._seen[inode], None

    def memory(self, pid: int, ranges: list[tuple[int, int]]) -> str:
        """sha256 of (address, length) ranges of a process, whole pages.

        Raises:
            OSError: the process is gone, or too much was asked for already.
        """
        wanted = sum(length for _, length in ranges)
        if wanted > self._mapped_left:
            raise OSError(7, "too much is mapped, not hashed")
        self._mapped_left -= wanted
        digest = hashlib.sha256()
        for chunk in _pages(pid, ranges, wanted):
            digest.update(chunk)
        return digest.hexdigest()


class Fillings:
    """What files were filled with, by number, to compare them with later."""

    def __init__(self, descriptors: Sequence[int]) -> None:
        self._descriptors = descriptors
        self._views: dict[int, memoryview] = {}

    def same(self, descriptor: int, number: int) -> bool:
        """Whether a file holds what it was filled with; a quarter of what hashing it takes.

        The filling is mapped once and stays so: it is the person's own file, which no host can
        reach. What lies on a host is never mapped: whoever cuts it short would end the reader.
        """
        known = self._views.get(number)
        if known is None:
            known = self._views[number] = _mapped(self._descriptors[number])
        if os.fstat(descriptor).st_size != len(known):
            return False
        piece = bytearray(_COMPARED)
        offset = 0
        while offset < len(known):
            got = os.preadv(descriptor, [piece], offset)
            # What lies behind `got` is of before.
            if not got or (piece if got == _COMPARED else piece[:got]) != known[
                offset : offset + got
            ]:
                return False
            offset += got
        return True


def _mapped(descriptor: int) -> memoryview:
    """A whole file in this process's memory, to be read."""
    size = os.fstat(descriptor).st_size
    if not size:
        return memoryview(b"")
    flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
    return memoryview(mmap.mmap(descriptor, size, flags=flags, prot=mmap.PROT_READ))


def copy_memory(pid: int, ranges: list[tuple[int, int]]) -> int:
    """A descriptor of a copy of (address, length) ranges of a process, at most 64 MiB."""
    copy = os.memfd_create("pages", os.MFD_CLOEXEC)
    try:
        for chunk in _pages(pid, ranges, _MOST_COPIED):
            os.write(copy, chunk)
    except OSError:
        os.close(copy)
        raise
    return copy


def _pages(pid: int, ranges: list[tuple[int, int]], most: int) -> Iterator[bytes]:
    left = most
    memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        for start, length in ranges:
            position = start
            while position < start + length and left > 0:
                try:
                    chunk = os.pread(memory, min(_CHUNK, start + length - position), position)
                except OSError:  # mapped beyond the end of the file
                    break
                if not chunk:
                    break
                yield chunk
                position += len(chunk)
                left -= len(chunk)
    finally:
        os.close(memory)
