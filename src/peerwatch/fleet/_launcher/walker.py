"""Reads the state of hosts from outside: every changed path, every process, every held file.

Takes directory descriptors of each host's upper layer, volumes and base; gives lines of JSON over
a stream socket. It resolves no path: each name is looked up in a directory that is already open,
no link is followed, no special file is opened. It runs in a child of the supervisor that dies
with its answer.

The exchange: the child sends one line per host (the stat of everything), the controller answers
with the entries whose content it does not know, the child sends their hashes; of what should still
be as it was filled, it sends that it is.
"""

from __future__ import annotations

import json
import os
import socket
import stat
from typing import Any

from . import content, held, kernel

_DEEPEST, _MOST_ENTRIES = 200, 200_000
_MOST_TEXT = 64 << 20  # characters of paths: 100,000 files 200 folders deep have 5 GB
_AT_ONCE = 15  # names of 255 bytes that make a path below the 4,096 bytes of the kernel

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


class Place:
    """Where one host can be read. (A plain class: dataclasses cost a start 20 ms of loading.)"""

    def __init__(
        self,
        *,
        name: str,
        pid: int,
        namespace: str,
        base: int,
        upper: int,
        root: int,
        volumes: dict[str, int],
    ) -> None:
        self.name = name
        self.pid = pid
        """Pid 1 of the host as the supervisor numbers it."""
        self.namespace = namespace
        """The link text of its process namespace."""
        self.base = base
        self.upper = upper
        self.root = root
        self.volumes = volumes
        """Directory descriptor by mount point; /dev/shm among them."""


class Walk:
    """One host's entries; each a list, see `entry`."""

    def __init__(self) -> None:
        self.entries: list[list[Any]] = []
        self.deleted: list[str] = []
        self.text, self.complete = 0, True

    def tree(self, directory: int, base: int | None, path: str, volume: str, depth: int) -> None:
        """Everything below `directory`; with `base`, deletions of base paths too."""
        names = sorted(os.listdir(directory))
        if base is not None and path and _is_opaque(directory):
            present = set(names)
            for name in sorted(os.listdir(base)):
                if name not in present:
                    self._gone(base, name, f"{path}/{name}", depth + 1)
        for name in names:
            if len(self.entries) >= _MOST_ENTRIES or self.text > _MOST_TEXT:
                self.complete = False
                return
            self._entry(directory, base, name, f"{path}/{name}", volume, depth)

    def _entry(
        self, directory: int, base: int | None, name: str, path: str, volume: str, depth: int
    ) -> None:
        try:
            state = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if base is not None and stat.S_ISCHR(state.st_mode) and state.st_rdev == 0:
                self._gone(base, name, path, depth)
                return
            target = os.readlink(name, dir_fd=directory) if stat.S_ISLNK(state.st_mode) else None
            self.text += len(path) + len(target or "")
        except OSError as error:
            self.entries.append([path, volume, None, None, False, error.strerror])
            return
        before = _base_mode(base, name)
        fields = [
            _KINDS.get(stat.S_IFMT(state.st_mode), "other"),
            state.st_size,
            stat.S_IMODE(state.st_mode),
            state.st_uid,
            state.st_gid,
            state.st_ino,
            state.st_nlink,
            state.st_mtime_ns,
            state.st_ctime_ns,
            state.st_blocks,
        ]
        row = [path, volume, fields, target, before is not None, None]
        self.entries.append(row)
        is_directory = stat.S_ISDIR(state.st_mode)
        was_directory = before is not None and stat.S_ISDIR(before)
        if was_directory and not is_directory and base is not None:
            self._gone_below(base, name, path, depth)
        if not is_directory:
            return
        if depth >= _DEEPEST:
            row[5] = "too deep to read"
            self.complete = False
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        try:
            below = kernel.openat2(directory, name, flags, kernel.STRICT | kernel.RESOLVE_NO_XDEV)
        except OSError as error:
            row[5] = error.strerror
            return
        base_below = None
        try:
            if was_directory and base is not None:
                base_below = kernel.openat2(base, name, flags)
            self.tree(below, base_below, path, volume, depth + 1)
        finally:
            os.close(below)
            if base_below is not None:
                os.close(base_below)

    def _gone(self, base: int, name: str, path: str, depth: int) -> None:
        """A path of the base that is no longer there, with everything that was below it."""
        mode = _base_mode(base, name)
        if mode is None:
            return
        self.deleted.append(path)
        if stat.S_ISDIR(mode):
            self._gone_below(base, name, path, depth)

    def _gone_below(self, base: int, name: str, path: str, depth: int) -> None:
        below = kernel.openat2(base, name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for child in sorted(os.listdir(below)):
                self._gone(below, child, f"{path}/{child}", depth + 1)
        finally:
            os.close(below)


def _base_mode(base: int | None, name: str) -> int | None:
    if base is None:
        return None
    try:
        return os.stat(name, dir_fd=base, follow_symlinks=False).st_mode
    except OSError:
        return None


def _is_opaque(directory: int) -> bool:
    try:
        return os.getxattr(directory, "user.overlay.opaque") == b"y"
    except OSError:
        return False


def answer(places: list[Place], contents: list[int], channel: socket.socket) -> None:
    """Hold the whole exchange over `channel`; `contents` are what files were filled with."""
    stream = channel.makefile("rw", encoding="ascii", newline="\n")
    inhabitants = held.read(places)
    for place in places:
        walk = Walk()
        walk.tree(place.upper, place.base, "", "", 0)
        for mount, directory in place.volumes.items():
            walk.tree(directory, None, mount, mount, 0)
        here = inhabitants[place.name]
        report = {
            "host": place.name,
            "entries": walk.entries,
            "deleted": walk.deleted,
            "complete": walk.complete and here.complete,
            "processes": here.processes,
            "held": here.held,
            "writable": sorted(here.writable_paths),
            "writable_inodes": sorted(here.writable_inodes),
            "volumes": _uses(place),
        }
        stream.write(json.dumps(report) + "\n")
    stream.flush()
    wanted = json.loads(stream.readline() or "[]")
    by_name = {place.name: place for place in places}
    for name, volume, path, number in wanted["files"]:
        known = None if number is None else contents[number]
        stream.write(json.dumps(_hash_path(by_name[name], volume, path, known)) + "\n")
    for name, index in wanted["held"]:
        stream.write(json.dumps(inhabitants[name].hash_held(index)) + "\n")
    stream.flush()


def _uses(place: Place) -> dict[str, list[int]]:
    """Size and use in bytes of the root's disk and of each volume."""
    uses = {}
    for mount, directory in {"/": place.upper, **place.volumes}.items():
        state = os.fstatvfs(directory)
        size = state.f_blocks * state.f_frsize
        uses[mount] = [size, size - state.f_bfree * state.f_frsize]
    return uses


def _hash_path(place: Place, volume: str, path: str, known: int | None) -> list[Any]:
    """[sha256, True where it still holds what is `known` or None, error or None] of a file."""
    directory = place.volumes[volume] if volume else place.upper
    relative = path[len(volume) :].lstrip("/")
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW
    try:
        opened = _open_below(directory, relative, flags, kernel.STRICT | kernel.RESOLVE_NO_XDEV)
    except OSError as error:
        return [None, error.strerror]
    try:
        if known is not None and content.same(opened, known):
            return [True, None]
        return list(content.hash_open(opened))
    finally:
        os.close(opened)


def _open_below(directory: int, relative: str, flags: int, resolve: int) -> int:
    """As `kernel.openat2`, also for a path that is longer than the kernel takes in one call."""
    names = relative.split("/")
    through = os.O_PATH | os.O_DIRECTORY
    current = os.dup(directory)
    try:
        while len(names) > _AT_ONCE:
            below = kernel.openat2(current, "/".join(names[:_AT_ONCE]), through, resolve)
            os.close(current)
            current, names = below, names[_AT_ONCE:]
        return kernel.openat2(current, "/".join(names), flags, resolve)
    finally:
        os.close(current)


def open_file(place: Place, path: str) -> int:
    """A read-only descriptor of a regular file on a host, as the host itself sees the path.

    Raises:
        OSError: no such file, a link on the way, or not a regular file.
    """
    opened = _open_below(place.root, path.lstrip("/"), os.O_RDONLY | os.O_NONBLOCK, kernel.STRICT)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(22, "not a regular file", path)
    return opened
