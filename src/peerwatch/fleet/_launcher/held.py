"""Reads the processes of hosts from outside, and files that live on only because one holds them.

Takes the supervisor's /proc, in which the processes of all hosts are numbered; gives rows per
host. It matters because a file can be deleted and still be whole (an open descriptor, a mapping,
a memory file), and because a file that is open or mapped for writing can change while its dates
stand still. Every thread is asked: one can have descriptors of its own, and outlive the first. It
never judges what it finds.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import content, mappings, proc

if TYPE_CHECKING:
    from .place import Place

_MOST_TEXT = 32 << 20  # characters of command lines and paths: each held file repeats both
_MOST_COMMAND = 1 << 16  # bytes of a command line
_MAPPING = -1  # stands in the place of a descriptor for a file held by a mapping alone
# Once, so that a process has the same start in every snapshot.
_BOOT = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
_TRIES = 100  # 20 µs each: threads that follow each other can be gone before they are read


class Inhabitants:
    """What lives on one host."""

    def __init__(self) -> None:
        self.processes: list[list[Any]] = []
        self.held: list[list[Any]] = []
        """[pid, fd, started_at, command, path, size, inode, mtime_ns, ctime_ns]"""
        self.sources: list[tuple[int, int, mappings.Ranges]] = []
        """For each held file: the thread as the supervisor numbers it, fd and address ranges."""
        self.writable_paths: set[str] = set()
        self.writable_inodes: set[int] = set()
        self.text = 0
        self.complete = True

    def hold(self, row: list[Any], source: tuple[int, int, mappings.Ranges]) -> None:
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
        thread, descriptor, ranges = self.sources[index]
        try:
            if descriptor == _MAPPING:
                return [hasher.memory(thread, ranges), None]
            opened = _open_regular(f"/proc/{thread}/fd/{descriptor}")
            try:
                return list(hasher.file(opened))
            finally:
                os.close(opened)
        except OSError as error:
            return [None, error.strerror]


class _Process:
    """Whose what is found is, as its host numbers it."""

    def __init__(self, pid: int, started: float, command: str, here: Inhabitants) -> None:
        self.row = [pid, started, command]
        self.here = here
        self._known: set[tuple[int, int]] = set()
        """Descriptor and inode of what is noted already."""

    def descriptors(self, thread: int) -> None:
        """Note what one of its threads has open; mostly the same as the others."""
        for name in os.listdir(f"/proc/{thread}/fd"):
            link = f"/proc/{thread}/fd/{name}"
            try:
                target = os.readlink(link)
                if not target.startswith("/"):
                    continue  # a pipe or socket
                state = os.stat(link)
                if not stat.S_ISREG(state.st_mode):
                    continue
                if target.startswith(mappings.MEMORY_FILE) or (
                    target.endswith(mappings.DELETED) and state.st_nlink == 0
                ):
                    path = target.removesuffix(mappings.DELETED)
                    dates = [state.st_mtime_ns, state.st_ctime_ns]
                    self._hold(thread, int(name), path, state.st_size, state.st_ino, dates, [])
                elif os.lstat(link).st_mode & 0o200:  # the link's own mode says how it was opened
                    self.here.write(target, state.st_ino)
            except OSError:
                continue

    def mapped(self, thread: int, files: mappings.Files) -> None:
        """Note what it has mapped; all its threads have the same."""
        open_too = {inode for _, inode in self._known}
        for inode, path in files.writable:
            self.here.write(path, inode)
        for (inode, path), ranges in files.lost.items():
            if inode not in open_too:
                size = sum(length for _, length in ranges)
                self._hold(thread, _MAPPING, path, size, inode, [0, 0], ranges)

    def _hold(
        self, thread: int, descriptor: int, path: str, size: int, inode: int, dates: list[int],
        ranges: mappings.Ranges,
    ) -> None:
        if (descriptor, inode) not in self._known:
            self._known.add((descriptor, inode))
            pid, started, command = self.row
            row = [pid, descriptor, started, command, path, size, inode, *dates]
            self.here.hold(row, (thread, descriptor, ranges))


def read(places: Sequence[Place]) -> dict[str, Inhabitants]:
    """Every process of every host; pid 1 of a host and its own descriptors are left out.

    A host of which a living process could not be read is not complete.
    """
    found = {place.name: Inhabitants() for place in places}
    by_namespace = {place.namespace: place for place in places}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            place = by_namespace.get(os.readlink(f"/proc/{name}/ns/pid"))
        except OSError:  # it has ended, or it is our own, which nobody may read
            continue
        if place is None or int(name) == place.pid:
            continue
        try:
            _one(int(name), found[place.name])
        except proc.ENDED:
            continue
        except (OSError, ValueError, IndexError):
            found[place.name].complete = False
    return found


def _one(pid: int, here: Inhabitants) -> None:
    name, fields = proc.stat(pid)
    status = proc.told(f"/proc/{pid}/status")
    inner, uid = _inner_pid(status), int(proc.field(status, b"Uid")[0])
    started = round(_BOOT + int(fields[19]) / os.sysconf("SC_CLK_TCK"), 2)
    command = os.fsdecode(_command(pid) or b"[" + name + b"]")
    here.processes.append([inner, _inner_of(int(fields[1])), uid, command, started])
    process = _Process(inner, started, command, here)
    for _ in range(_TRIES):
        files = None
        for thread in proc.threads(pid):
            try:
                process.descriptors(thread)
                if files is None and (files := mappings.files(thread)) is not None:
                    process.mapped(thread, files)
            except OSError:
                if not proc.gone(thread):
                    raise
        if files is not None or proc.ended(pid):
            return
    here.complete = False


def _command(pid: int) -> bytes:
    for thread in proc.threads(pid):
        with contextlib.suppress(*proc.ENDED):
            if raw := proc.told(f"/proc/{thread}/cmdline", _MOST_COMMAND).rstrip(b"\0"):
                return raw.replace(b"\0", b" ")
    return b""


def _inner_pid(status: bytes) -> int:
    return int(proc.field(status, b"NSpid")[-1])


def _inner_of(pid: int) -> int:
    try:
        return _inner_pid(proc.told(f"/proc/{pid}/status"))
    except OSError:
        return 0


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

    Threads of one process may mean several files by one descriptor: `inode` says which, 0 any. Of
    what only a mapping holds: a copy of the pages, which holes may stand behind. Of a mapping
    without an inode: a copy of all memory that no file is behind.

    Raises:
        OSError: the process, its descriptor or its mapping is gone, or is no regular file.
    """
    refused: OSError = ProcessLookupError(errno.ESRCH, f"no process {inner}")
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            if os.readlink(f"/proc/{name}/ns/pid") != place.namespace or _inner_of(
                int(name)
            ) != inner:
                continue
            threads = proc.threads(int(name))
        except OSError:
            continue
        for thread in threads:
            try:
                return _open(thread, descriptor, inode)
            except OSError as error:
                refused = error
    raise refused


def _open(thread: int, descriptor: int, inode: int) -> int:
    if descriptor != _MAPPING:
        opened = _open_regular(f"/proc/{thread}/fd/{descriptor}")
        if inode in (0, os.fstat(opened).st_ino):
            return opened
        os.close(opened)
        raise FileNotFoundError(errno.ENOENT, "another file is open there")
    if not inode:
        ranges = mappings.without_file(thread)
    else:
        files = mappings.files(thread)
        lost = files.lost if files is not None else {}
        ranges = next((lost[one] for one in lost if one[0] == inode), [])
    if not ranges:
        raise FileNotFoundError(errno.ENOENT, "nothing is mapped there")
    return content.copy_memory(thread, ranges)
