"""Reads the state of hosts from outside: every changed path, every process, every held file.

Takes a place for each host; gives lines of JSON over a stream. It resolves no path: each name is
looked up in a directory that is already open, no link is followed, no special file is opened. It
runs in a child of the supervisor that dies with its answer, or in the observer of docker's hosts.

The exchange: the child sends one line per host (the stat of everything), the controller answers
with the entries whose content it does not know, the child sends their hashes; of what should still
be as it was filled, it sends that it is.
"""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import content, held, kernel

if TYPE_CHECKING:
    from .place import Place

_DEEPEST, _MOST_ENTRIES = 200, 200_000
_MOST_TEXT = 24 << 20  # bytes that paths take in JSON: 100,000 files 200 folders deep have 5 GB

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


class Walk:
    """One host's entries; each a list, see `entry`."""

    def __init__(self) -> None:
        self.entries: list[list[Any]] = []
        self.deleted: list[str] = []
        self.text, self.complete = 0, True

    def tree(self, directory: int, base: int | None, path: str, volume: str, depth: int) -> None:
        """Everything below `directory`; with `base`, deletions of base paths too."""
        names = sorted(os.listdir(directory))
        if base is not None and self.hides(directory, path):
            present = set(names)
            for name in sorted(os.listdir(base)):
                if name not in present:
                    self._gone(base, name, f"{path}/{name}", depth + 1)
        for name in names:
            if len(self.entries) >= _MOST_ENTRIES or self.text > _MOST_TEXT:
                self.complete = False
                return
            self._entry(directory, base, name, f"{path}/{name}", volume, depth)

    def hides(self, directory: int, path: str) -> bool:
        """Whether what the base has here and `directory` has not is gone."""
        return bool(path) and _is_opaque(directory)

    def untouched(self, state: os.stat_result, before: os.stat_result) -> bool:  # noqa: ARG002
        """Whether an entry, with all below it, is the base's own. None is in an upper layer."""
        return False

    def _entry(
        self, directory: int, base: int | None, name: str, path: str, volume: str, depth: int
    ) -> None:
        try:
            state = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if base is not None and stat.S_ISCHR(state.st_mode) and state.st_rdev == 0:
                self._gone(base, name, path, depth)
                return
            target = os.readlink(name, dir_fd=directory) if stat.S_ISLNK(state.st_mode) else None
            self.text += _told(path) + (0 if target is None else _told(target))
        except OSError as error:
            self.entries.append([path, volume, None, None, False, error.strerror])
            return
        before = _base_state(base, name)
        if before is not None and self.untouched(state, before):
            return
        row = [path, volume, fields(state), target, before is not None, None]
        self.entries.append(row)
        is_directory = stat.S_ISDIR(state.st_mode)
        was_directory = before is not None and stat.S_ISDIR(before.st_mode)
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
        state = _base_state(base, name)
        if state is None:
            return
        self.deleted.append(path)
        if stat.S_ISDIR(state.st_mode):
            self._gone_below(base, name, path, depth)

    def _gone_below(self, base: int, name: str, path: str, depth: int) -> None:
        below = kernel.openat2(base, name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for child in sorted(os.listdir(below)):
                self._gone(below, child, f"{path}/{child}", depth + 1)
        finally:
            os.close(below)


def _told(text: str) -> int:
    """Bytes that a text takes in JSON, at most."""
    return len(text) * (1 if text.isascii() and text.isprintable() else 12)


def fields(state: os.stat_result) -> list[Any]:
    """What is told of one entry."""
    return [
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


def _base_state(base: int | None, name: str) -> os.stat_result | None:
    if base is None:
        return None
    try:
        return os.stat(name, dir_fd=base, follow_symlinks=False)
    except OSError:
        return None


def _is_opaque(directory: int) -> bool:
    try:
        return os.getxattr(directory, "user.overlay.opaque") == b"y"
    except OSError:
        return False


def answer(
    places: Sequence[Place], fillings: content.Fillings | None, stream: io.TextIOBase
) -> None:
    """Hold the whole exchange over `stream`; without `fillings` every content is hashed."""
    inhabitants = held.read(places)
    for place in places:
        walk = place.walk()
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
            "volumes": place.uses(),
        }
        stream.write(json.dumps(report) + "\n")
    stream.flush()
    line = stream.readline()
    if not line:  # nobody waits any more
        return
    wanted = json.loads(line)
    by_name, hasher = {place.name: place for place in places}, content.Hasher()
    for name, volume, path, filling in wanted["files"]:
        told = by_name[name].hash(volume, path, filling, fillings, hasher)
        stream.write(json.dumps(told) + "\n")
    for name, index in wanted["held"]:
        stream.write(json.dumps(inhabitants[name].hash_held(index, hasher)) + "\n")
    stream.flush()
