"""Reads a host whose upper layer is out of reach: a container, through its merged root.

Takes the container's first process and this process's own root, which must be an untouched
container of the same image; gives a `Place`. What is the base's own is told by its dates: a layer
below shows the same ctime in every container, a copy of one has its own, and nobody in a container
can set it. What the engine mounts is read too, file by file: a host may write there.
"""

from __future__ import annotations

import os
import stat

from . import kernel
from .place import Place
from .walker import Walk, fields

# What holds nothing that a process could leave there.
_NO_STORE = frozenset({"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue"})


class MergedPlace(Place):
    """Where one container can be read."""

    def __init__(self, name: str, pid: int) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        root = os.open(f"/proc/{pid}/root", flags)
        super().__init__(
            name=name, pid=pid, namespace=os.readlink(f"/proc/{pid}/ns/pid"),
            base=os.open("/", flags), upper=root, root=root, volumes={},
        )  # fmt: skip
        self.files: dict[str, int] = {}
        """Descriptor by path of each single file that is a mount of its own."""
        mounts = _mounts(pid)
        self.mounts = frozenset(mounts)
        self.layered = mounts["/"][0] == "overlay" == _mounts(os.getpid())["/"][0]
        for mount, (kind, writable) in mounts.items():
            if mount == "/" or kind in _NO_STORE or mount.startswith("/proc/") or not writable:
                continue
            opened = kernel.openat2(root, mount.lstrip("/"), os.O_RDONLY, kernel.STRICT)
            mode = os.fstat(opened).st_mode
            if stat.S_ISDIR(mode):
                self.volumes[mount] = opened
            elif stat.S_ISREG(mode):
                self.files[mount] = opened
            else:
                os.close(opened)

    def lives(self) -> bool:
        """Whether the container still has its first process."""
        try:
            return os.readlink(f"/proc/{self.pid}/ns/pid") == self.namespace
        except OSError:
            return False

    def walk(self) -> Walk:
        """As `Place.walk`, and each mounted file as a volume of its own."""
        walk = MergedWalk(self.mounts, self.layered)
        walk.tree(self.upper, self.base, "", "", 0)
        for mount, directory in self.volumes.items():
            walk.tree(directory, None, mount, mount, 0)
        for path, opened in self.files.items():
            walk.entries.append([path, path, fields(os.fstat(opened)), None, True, None])
        return walk

    def open(self, volume: str, path: str) -> int:
        """As `Place.open`; a mounted file by its own descriptor."""
        return os.dup(self.files[volume]) if volume in self.files else super().open(volume, path)


class MergedWalk(Walk):
    """A walk that tells the base's own entries from those that were changed."""

    def __init__(self, mounts: frozenset[str], layered: bool) -> None:
        super().__init__()
        self._mounts = mounts
        self._layered = layered

    def hides(self, directory: int, path: str) -> bool:  # noqa: ARG002
        """In a merged folder whatever is missing is gone."""
        return True

    def untouched(self, state: os.stat_result, before: os.stat_result) -> bool:
        """Same dates, same entry; a folder of an overlay stands for all that is below it.

        To change anything below, the overlay first copies up the folder, which gets a ctime of
        its own. Other file systems make no such promise, so their folders are always entered.
        """
        same = all(
            getattr(state, name) == getattr(before, name)
            for name in ("st_mode", "st_uid", "st_gid", "st_size", "st_mtime_ns", "st_ctime_ns")
        )
        return same and (self._layered or not stat.S_ISDIR(state.st_mode))

    def _entry(
        self, directory: int, base: int | None, name: str, path: str, volume: str, depth: int
    ) -> None:
        if path in self._mounts or (volume == "/dev" and _is_node(directory, name)):
            return
        super()._entry(directory, base, name, path, volume, depth)


def _is_node(directory: int, name: str) -> bool:
    """Whether an entry is a device, whose dates move with use; hosts may make none."""
    mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _mounts(pid: int) -> dict[str, tuple[str, bool]]:
    """Kind of file system, and whether it may be written, by mount point; the topmost counts."""
    found = {}
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            before, _, after = line.partition(" - ")
            words = before.split()
            found[words[4]] = (after.split()[0], "rw" in words[5].split(","))
    return found
