"""Where one host can be read: open directories, and the walks and files that begin at them.

Takes directory descriptors of a host's upper layer, volumes, root and base; gives entries, hashes
and read-only descriptors. No link is followed, and what is no regular file is not read.
"""

from __future__ import annotations

import os
import stat
from typing import Any

from . import content, held, kernel
from .walker import Walk

_AT_ONCE = 15  # names of 255 bytes that make a path below the 4,096 bytes of the kernel


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

    def descriptors(self) -> list[int]:
        """All that it reads through."""
        return [self.base, self.upper, self.root, *self.volumes.values()]

    def walk(self) -> Walk:
        """Read the stat of everything that is not the untouched base."""
        walk = Walk()
        walk.tree(self.upper, self.base, "", "", 0)
        for mount, directory in self.volumes.items():
            walk.tree(directory, None, mount, mount, 0)
        return walk

    def open(self, volume: str, path: str) -> int:
        """A read-only descriptor of a walked entry; no link is followed, no mount crossed."""
        directory = self.volumes[volume] if volume else self.upper
        relative = path[len(volume) :].lstrip("/")
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW
        return _open_below(directory, relative, flags, kernel.STRICT | kernel.RESOLVE_NO_XDEV)

    def uses(self) -> dict[str, list[int]]:
        """Size and use in bytes of the root's disk and of each volume."""
        uses = {}
        for mount, directory in {"/": self.upper, **self.volumes}.items():
            state = os.fstatvfs(directory)
            size = state.f_blocks * state.f_frsize
            uses[mount] = [size, size - state.f_bfree * state.f_frsize]
        return uses

    def hash(
        self,
        volume: str,
        path: str,
        filling: int | None,
        fillings: content.Fillings | None,
        hasher: content.Hasher,
    ) -> list[Any]:
        """[sha256, or True where it still holds its filling, or None; reason] of a walked file."""
        try:
            opened = self.open(volume, path)
        except OSError as error:
            return [None, error.strerror]
        try:
            if fillings and filling is not None and fillings.same(opened, filling):
                return [True, None]
            return list(hasher.file(opened))
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
    flags = os.O_RDONLY | os.O_NONBLOCK
    opened = _open_below(place.root, path.lstrip("/"), flags, kernel.STRICT)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(22, "not a regular file", path)
    return opened


def open_asked(place: Place, request: dict[str, Any]) -> int:
    """The file that a request names: `open` by its path, else by the process that holds it.

    Raises:
        OSError: it is not to be had.
    """
    if request["ask"] == "open":
        return open_file(place, request["path"])
    return held.open_held(place, request["pid"], request["fd"], request["inode"])
