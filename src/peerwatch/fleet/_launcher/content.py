"""Hashes and compares contents that are already open.

Takes descriptors; gives hashes or the reason for none, and whether two contents are the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator

_CHUNK = 1 << 20
_COMPARED = 1 << 18  # two of them stay in the processor's cache
# A file much longer than what it occupies is holes: 1 TB of them would take an hour to hash.
_LONGEST_SPARSE = 256 << 20
_MOST_MAPPED = 1 << 30
_MOST_COPIED = 64 << 20


def hash_open(descriptor: int) -> tuple[str | None, str | None]:
    """(sha256, reason for none) of a regular file that is already open."""
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        return None, "no longer a regular file"
    if state.st_size > _LONGEST_SPARSE and state.st_blocks * 512 < state.st_size // 2:
        return None, "sparse: longer than what it occupies, not hashed"
    digest = hashlib.sha256()
    offset = 0
    while offset < state.st_size:  # no further than the size was: it may be growing
        chunk = os.pread(descriptor, min(_CHUNK, state.st_size - offset), offset)
        if not chunk:
            break
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest(), None


def same(descriptor: int, known: int) -> bool:
    """Whether two files that are open hold the same; a third of the time that hashing one takes."""
    size = os.fstat(descriptor).st_size
    if size != os.fstat(known).st_size:
        return False
    one, other = bytearray(_COMPARED), bytearray(_COMPARED)
    offset = 0
    while offset < size:
        got = os.preadv(descriptor, [one], offset)
        if got != os.preadv(known, [other], offset) or not got:
            return False
        # What lies behind `got` is the same in both: equal pieces of before.
        if one != other:
            return False
        offset += got
    return True


def hash_memory(pid: int, ranges: list[tuple[int, int]]) -> str:
    """sha256 of (address, length) ranges of a process, whole pages, at most 1 GiB."""
    digest = hashlib.sha256()
    for chunk in _pages(pid, ranges, _MOST_MAPPED):
        digest.update(chunk)
    return digest.hexdigest()


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
