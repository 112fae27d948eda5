"""Reads tables of mappings: files that live on only in a process's memory, and memory alone.

Takes the number of a thread (`proc.py`); gives (address, length) ranges, inodes and paths. It reads
no page, and never decides what of it matters. The kernel writes a line feed in a path as ``\\012``
and everything else as it is, so a path that has these four characters itself is told wrongly; its
inode is right.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

DELETED = " (deleted)"
MEMORY_FILE = "/memfd:"
NO_FILE = (b"/dev/zero (deleted)", b"[anon_shmem:")
"""Begin the name of shared memory without a file; the second where its owner gave it a name."""
_AT_ONCE = 1 << 20  # bytes of a table; a process may have 65,530 mappings, with long paths
# In the line of every mapping without a name and of every one that may be written. Most processes
# have none, and to take hundreds of lines apart costs more than all else that is read of one.
_TELLING = re.compile(rb" \(deleted\)|/memfd:|w[-x]s ")

Ranges = list[tuple[int, int]]
"""(address, length)"""
Mapped = tuple[int, str]
"""Inode and path of a mapped file."""


class Files:
    """Files that a process has mapped, as far as it matters."""

    def __init__(self) -> None:
        self.lost: dict[Mapped, Ranges] = {}
        """Ranges of those without a name."""
        self.writable: set[Mapped] = set()


def files(thread: int) -> Files | None:
    """Mapped files without a name, and those mapped for writing; None: it has no memory any more.

    Raises:
        OSError: it is gone.
    """
    found = None
    for text in _table(thread):
        found = found or Files()
        if _TELLING.search(text):
            _note(text, found)
    return found


def _note(text: bytes, found: Files) -> None:
    for line in text.split(b"\n"):
        parts = line.split(None, 5)
        if len(parts) < 6 or not parts[5].startswith(b"/"):
            continue
        addresses, rights, _, _, inode, raw = parts
        path = os.fsdecode(raw.replace(b"\\012", b"\n"))
        memory = path.startswith((MEMORY_FILE, "/dev/zero"))
        if rights[1:2] == b"w" and rights[3:4] == b"s" and not memory:
            found.writable.add((int(inode), path))  # whatever it is called: dates will not move
        gone = path.endswith(DELETED) or path.startswith(MEMORY_FILE)
        if gone and not path.startswith("/dev/zero"):  # also what its owner has closed to itself
            mapped = (int(inode), path.removesuffix(DELETED))
            found.lost.setdefault(mapped, []).append(_range(addresses))


def without_file(thread: int) -> Ranges:
    """Readable ranges that no file is behind, the short ones first: what is reserved and never used
    is long.

    Raises:
        OSError: it is gone.
    """
    found: Ranges = []
    for text in _table(thread):
        for line in text.split(b"\n"):
            parts = line.split(None, 5)
            if len(parts) < 5 or parts[1][:1] != b"r":
                continue
            name = parts[5] if len(parts) > 5 else b""
            if (parts[4] == b"0" or name.startswith(NO_FILE)) and not name.startswith(b"[v"):
                found.append(_range(parts[0]))
    return sorted(found, key=lambda one: one[1])


def _range(addresses: bytes) -> tuple[int, int]:
    low, high = (int(part, 16) for part in addresses.split(b"-"))
    return low, high - low


def _table(thread: int) -> Iterator[bytes]:
    """Whole lines, many at once."""
    with open(f"/proc/{thread}/maps", "rb") as maps:
        while text := maps.read(_AT_ONCE):
            yield text + maps.readline()
