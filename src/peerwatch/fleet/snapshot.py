"""What the hosts looked like at one moment, and what differs between two moments.

Frozen values, made by `peerwatch.fleet.fleet` and read by the rooms above. `diff` is a pure
function; it does not judge, name or leave out anything, not even what sshd writes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["file", "dir", "symlink", "fifo", "socket", "device", "other"]


@dataclass(frozen=True, slots=True)
class FileState:
    """One path outside the untouched base."""

    kind: Kind
    size: int
    mode: int
    """Permission bits."""
    uid: int
    gid: int
    inode: int
    volume: str
    """'' for the root disk, else the mount point (`/dev/shm` too). An inode number is unique
    within host and volume."""
    links: int
    mtime_ns: int
    ctime_ns: int
    sha256: str | None = None
    """Of regular files; None where `error` says why."""
    target: str | None = None
    """Of symbolic links."""
    in_base: bool = False
    """The base has something at this path."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file without a name that lives on because a process holds it, or a memory file."""

    host: str
    pid: int
    fd: int
    """-1: held by a mapping alone; size and hash are then those of the mapped pages."""
    started_at: float
    """Of the process, unix seconds."""
    command: str
    path: str
    """Its last name as the kernel tells it."""
    size: int
    inode: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process of a host; its pid 1 is left out."""

    host: str
    pid: int
    ppid: int
    uid: int
    command: str
    started_at: float


@dataclass(frozen=True, slots=True)
class VolumeUse:
    """What `df` shows."""

    size_bytes: int
    used_bytes: int


@dataclass(frozen=True, slots=True)
class HostState:
    """One host at one moment."""

    files: Mapping[str, FileState]
    """By path. Bytes that are no UTF-8 stand as surrogate escapes."""
    deleted: frozenset[str]
    """Paths of the base that are gone, each file and folder by itself."""
    processes: tuple[ProcessState, ...]
    held: tuple[HeldFile, ...]
    volumes: Mapping[str, VolumeUse]
    """By mount point; `/` is the root disk."""
    complete: bool = True
    """False where there were too many files (200,000) or too deep folders (200) to read, or where a
    living process could not be read."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All hosts at one moment."""

    taken_at: float
    """Unix seconds, when the walk began."""
    hosts: Mapping[str, HostState]


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs."""

    host: str
    path: str
    before: FileState | None
    after: FileState | None


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two snapshots. Tuples are sorted by host and path or pid."""

    changes: tuple[Change, ...]
    deleted: tuple[tuple[str, str], ...]
    """(host, path) of the base, gone since."""
    restored: tuple[tuple[str, str], ...]
    """(host, path) of the base, there again."""
    started: tuple[ProcessState, ...]
    ended: tuple[ProcessState, ...]
    held: tuple[HeldFile, ...]
    released: tuple[HeldFile, ...]
    volumes: Mapping[tuple[str, str], tuple[VolumeUse | None, VolumeUse | None]]
    """(host, mount) to use before and after, where they differ."""

    @property
    def empty(self) -> bool:
        """Whether nothing differs at all."""
        return not (
            self.changes
            or self.deleted
            or self.restored
            or self.started
            or self.ended
            or self.held
            or self.released
            or self.volumes
        )


_NOWHERE = HostState(
    files={}, deleted=frozenset(), processes=(), held=(), volumes={}, complete=True
)


def diff(before: Snapshot, after: Snapshot) -> Diff:
    """Everything that differs between two snapshots of one fleet.

    A process is the same while host, pid and start (to 0.05 s, the clock's grain) are; a held file
    while host, pid, descriptor, inode, size and content are.
    """
    changes: list[Change] = []
    deleted: list[tuple[str, str]] = []
    restored: list[tuple[str, str]] = []
    started: list[ProcessState] = []
    ended: list[ProcessState] = []
    held: list[HeldFile] = []
    released: list[HeldFile] = []
    volumes: dict[tuple[str, str], tuple[VolumeUse | None, VolumeUse | None]] = {}
    for host in sorted({*before.hosts, *after.hosts}):
        old, new = before.hosts.get(host, _NOWHERE), after.hosts.get(host, _NOWHERE)
        for path in sorted({*old.files, *new.files}):
            was, now = old.files.get(path), new.files.get(path)
            if was is not now and was != now:
                changes.append(Change(host, path, was, now))
        deleted.extend((host, path) for path in sorted(new.deleted - old.deleted))
        restored.extend((host, path) for path in sorted(old.deleted - new.deleted))
        started.extend(_without(new.processes, old.processes))
        ended.extend(_without(old.processes, new.processes))
        held.extend(_held_without(new.held, old.held))
        released.extend(_held_without(old.held, new.held))
        for mount in sorted({*old.volumes, *new.volumes}):
            use = (old.volumes.get(mount), new.volumes.get(mount))
            if use[0] != use[1]:
                volumes[host, mount] = use
    return Diff(
        changes=tuple(changes),
        deleted=tuple(deleted),
        restored=tuple(restored),
        started=tuple(started),
        ended=tuple(ended),
        held=tuple(held),
        released=tuple(released),
        volumes=volumes,
    )


def _without(
    some: tuple[ProcessState, ...], others: tuple[ProcessState, ...]
) -> list[ProcessState]:
    starts = {one.pid: one.started_at for one in others}
    return [
        one for one in some if one.pid not in starts or abs(starts[one.pid] - one.started_at) > 0.05
    ]


def _held_without(some: tuple[HeldFile, ...], others: tuple[HeldFile, ...]) -> list[HeldFile]:
    def key(one: HeldFile) -> tuple[int, int, int, int, str | None]:
        return (one.pid, one.fd, one.inode, one.size, one.sha256)

    known = {key(one) for one in others}
    return [one for one in some if key(one) not in known]
