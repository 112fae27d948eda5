"""Reads the processes of hosts from outside, and files that live on only because one holds them.

Takes the supervisor's /proc, in which the processes of all hosts are numbered; gives rows per
host. It matters because a file can be deleted and still be whole (an open descriptor, a mapping,
a memory file), and because a file that is open or mapped for writing can change while its dates
stand still.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import content

if TYPE_CHECKING:
    from .place import Place

_DELETED = " (deleted)"
_MEMORY_FILE = "/memfd:"
_MOST_TEXT = 32 << 20  # characters of command lines and paths: each held file repeats both
_MAPPING = -1  # stands in the place of a descriptor for a file held by a mapping alone
# Once, so that a process has the same start in every snapshot.
_BOOT = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
_AT_ONCE = 1 << 20  # bytes of a table of mappings; a process may have 65,530, with long paths
# In the line of every mapping without a name and of every one that may be written. Most processes
# have none, and to take hundreds of lines apart costs more than all else that is read of one.
_TELLING = re.compile(rb" \(deleted\)|/memfd:|w[-x]s ")
_ESCAPE = re.compile(r"\\(\d{3})")


_Mapped = tuple[int, str]
"""Inode and path of a mapped file."""


class Inhabitants:
    """What lives on one host."""

    def __init__(self) -> None:
        self.processes: list[list[Any]] = []
        self.held: list[list[Any]] = []
        """[pid, fd, started_at, command, path, size, inode, mtime_ns, ctime_ns]"""
        self.sources: list[tuple[int, int, list[tuple[int, int]]]] = []
        """For each held file: the supervisor's pid, fd and address ranges."""
        self.writable_paths: set[str] = set()
        self.writable_inodes: set[int] = set()
        self.text = 0
        self.complete = True

    def hold(self, row: list[Any], source: tuple[int, int, list[tuple[int, int]]]) -> None:
        """Note a held file, as far as there is room for what a host can make us write down."""
        if self._room(len(row[3]) + len(row[4])):
            self.held.append(row)
            self.sources.append(source)

    def write(self, path: str, inode: int) -> None:
        """Note a file that is open or mapped for writing."""
        self.writable_inodes.add(inode)
        if path not in self.writable_paths and self._room(len(path)):
            self.writable_paths.add(path)

    def _room(self, text: int) -> bool:
        self.text += 100 + text
        self.complete = self.complete and self.text <= _MOST_TEXT
        return self.complete

    def hash_held(self, index: int, hasher: content.Hasher) -> list[Any]:
        """[sha256 or None, error or None]; of a mapping, the hash of its pages from the start."""
        pid, descriptor, ranges = self.sources[index]
        try:
            if descriptor == _MAPPING:
                return [hasher.memory(pid, ranges), None]
            opened = _open_regular(f"/proc/{pid}/fd/{descriptor}")
            try:
                return list(hasher.file(opened))
            finally:
                os.close(opened)
        except OSError as error:
            return [None, error.strerror]


def read(places: Sequence[Place]) -> dict[str, Inhabitants]:
    """Every process of every host; pid 1 of a host and its own descriptors are left out."""
    found = {place.name: Inhabitants() for place in places}
    by_namespace = {place.namespace: place for place in places}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            place = by_namespace.get(os.readlink(f"/proc/{name}/ns/pid"))
            if place is not None and int(name) != place.pid:
                _one(int(name), found[place.name])
        except (OSError, ValueError, IndexError):
            continue  # it ended while being read
    return found


def _one(pid: int, here: Inhabitants) -> None:
    with open(f"/proc/{pid}/stat", "rb") as stat_file:
        comm, rest = stat_file.read().split(b"(", 1)[1].rsplit(b")", 1)
    fields = rest.split()
    with open(f"/proc/{pid}/status", "rb") as status_file:
        status = status_file.read()
    inner = _inner_pid(status)
    uid = int(status.split(b"\nUid:", 1)[1].split(None, 1)[0])
    started = round(_BOOT + int(fields[19]) / os.sysconf("SC_CLK_TCK"), 2)
    with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
        raw = cmdline.read(65536).rstrip(b"\0")
    command = os.fsdecode(raw.replace(b"\0", b" ") if raw else b"[" + comm + b"]")
    parent = int(fields[1])
    here.processes.append([inner, _inner_of(parent), uid, command, started])
    _descriptors(pid, inner, started, command, here)
    _mappings(pid, inner, started, command, here)


def _inner_pid(status: bytes) -> int:
    line = status.split(b"\nNSpid:", 1)[1].split(b"\n", 1)[0]
    return int(line.split()[-1])


def _inner_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            return _inner_pid(status.read())
    except (OSError, IndexError):
        return 0


def _descriptors(pid: int, inner: int, started: float, command: str, here: Inhabitants) -> None:
    for name in os.listdir(f"/proc/{pid}/fd"):
        link = f"/proc/{pid}/fd/{name}"
        try:
            target = os.readlink(link)
            if not target.startswith("/"):
                continue  # a pipe or socket
            state = os.stat(link)
            if not stat.S_ISREG(state.st_mode):
                continue
            memory = target.startswith(_MEMORY_FILE)
            if memory or (target.endswith(_DELETED) and state.st_nlink == 0):
                path = target.removesuffix(_DELETED)
                dates = [state.st_mtime_ns, state.st_ctime_ns]
                row = [inner, int(name), started, command, path, state.st_size, state.st_ino]
                here.hold([*row, *dates], (pid, int(name), []))
            elif os.lstat(link).st_mode & 0o200:  # the link's own mode says how it was opened
                here.write(target, state.st_ino)
        except OSError:
            continue


def _mappings(pid: int, inner: int, started: float, command: str, here: Inhabitants) -> None:
    held_already = {row[6] for row in here.held if row[0] == inner}
    lost, writable = _mapped(pid)
    for number, path in writable:
        here.write(path, number)
    for (inode_number, path), ranges in lost.items():
        if inode_number not in held_already:
            size = sum(length for _, length in ranges)
            row = [inner, _MAPPING, started, command, path, size, inode_number, 0, 0]
            here.hold(row, (pid, _MAPPING, ranges))


def _mapped(pid: int) -> tuple[dict[_Mapped, list[tuple[int, int]]], set[_Mapped]]:
    """Readable (address, length) ranges of files without a name, and files mapped for writing."""
    lost: dict[_Mapped, list[tuple[int, int]]] = {}
    writable: set[_Mapped] = set()
    with open(f"/proc/{pid}/maps", "rb") as maps:
        while text := maps.read(_AT_ONCE):
            text += maps.readline()
            if not _TELLING.search(text):
                continue
            for line in os.fsdecode(text).split("\n"):
                parts = line.split(None, 5)
                if len(parts) < 6 or not parts[5].startswith("/"):
                    continue
                addresses, rights, _, _, inode, path = parts
                path = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), path)
                gone = path.endswith(_DELETED) or path.startswith(_MEMORY_FILE)
                if gone and not path.startswith("/dev/zero"):
                    if rights[0] == "r":
                        low, high = (int(part, 16) for part in addresses.split("-"))
                        lost.setdefault((int(inode), path.removesuffix(_DELETED)), []).append(
                            (low, high - low)
                        )
                elif rights[1] == "w" and rights[3] == "s":
                    writable.add((int(inode), path))
    return lost, writable


def _without_file(pid: int) -> list[tuple[int, int]]:
    """Readable (address, length) ranges that no file is behind, the short ones first: what is
    reserved and never used is long."""
    found: list[tuple[int, int]] = []
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            addresses, rights, _, _, inode, *path = line.split(None, 5)
            if rights[0] == "r" and (
                inode == "0" or path[0].startswith("/dev/zero")
            ) and not (path and path[0].startswith("[v")):
                low, high = (int(part, 16) for part in addresses.split("-"))
                found.append((low, high - low))
    return sorted(found, key=lambda one: one[1])


def _open_regular(link: str) -> int:
    """Open through a link of /proc; a descriptor swapped for something else is refused."""
    if not stat.S_ISREG(os.stat(link).st_mode):
        raise OSError(22, "not a regular file")
    opened = os.open(link, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(22, "not a regular file")
    return opened


def open_held(place: Place, inner: int, descriptor: int, inode: int) -> int:
    """A read-only descriptor of what process `inner` of a host holds open.

    Of what only a mapping holds: a copy of the pages, which holes may stand behind. Of a mapping
    without an inode: a copy of all memory that no file is behind.

    Raises:
        OSError: the process, its descriptor or its mapping is gone, or is no regular file.
    """
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            if os.readlink(f"/proc/{name}/ns/pid") != place.namespace:
                continue
            with open(f"/proc/{name}/status", "rb") as status:
                if _inner_pid(status.read()) != inner:
                    continue
        except OSError:
            continue
        if descriptor != _MAPPING:
            return _open_regular(f"/proc/{name}/fd/{descriptor}")
        if not inode:
            return content.copy_memory(int(name), _without_file(int(name)))
        for (number, _), ranges in _mapped(int(name))[0].items():
            if number == inode:
                return content.copy_memory(int(name), ranges)
    raise OSError(3, f"no process {inner}")
