"""Makes snapshots of the answers that the supervisor's child gives about the hosts.

Takes lines of JSON, which a hostile host can influence but not forge; gives `Snapshot`. It
remembers the hash of each content it has seen, so that an unchanged file is not read again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from peerwatch.errors import InfrastructureFault

from ._staging import Staged
from .snapshot import FileState, HeldFile, HostState, ProcessState, Snapshot, VolumeUse

# Dates move in ticks (4 ms at most on common kernels). A file that changed within this time of
# the walk may change again without moving them, so what was hashed then is not trusted next time.
_GRAIN_NS = 20_000_000


class Stream(Protocol):
    """Lines to and from whoever reads the hosts."""

    def readline(self) -> str:
        """The next line with its end; '' when the other side is gone."""
        ...

    def write(self, text: str, /) -> Any:
        """Send text."""
        ...

    def flush(self) -> None:
        """Send it now."""
        ...


_Key = tuple[str, str, int, int, int, int]
"""host, volume, inode, size, mtime_ns, ctime_ns"""


class Reader:
    """Takes the snapshots of one fleet."""

    def __init__(
        self,
        hosts: tuple[str, ...],
        staged: Staged,
        exchange: Callable[[dict[str, Any]], AbstractContextManager[Stream]],
    ) -> None:
        self.filled_ns = 0
        """When the last host was filled. What has an older ctime is as it was staged: ctime cannot
        be set, and sshd starts (20 ms, more than its grain) before the first command can."""
        self._hosts = hosts
        self._staged = staged
        self._exchange = exchange
        self._known: dict[_Key, str] = {}
        self._before: dict[str, dict[str, tuple[list[Any], FileState]]] = {}
        """By host and path, what was reported last and the state that was made of it."""
        self._contents = {sha256: place for place, sha256 in enumerate(staged.blobs)}
        """What the hosts were filled with, as the supervisor numbers it."""

    def snapshot(self, *, rehash: bool) -> Snapshot:
        """Read all hosts; blocks. See `Fleet.snapshot`."""
        taken_at = time.time()
        walk_ns = time.time_ns()
        with self._exchange({"ask": "snapshot"}) as stream:
            reports = [line(stream) for _ in self._hosts]
            wanted, places = self._unknown(reports, rehash)
            held = [
                [report["host"], number]
                for report in reports
                for number in range(len(report["held"]))
            ]
            stream.write(json.dumps({"files": wanted, "held": held}) + "\n")
            stream.flush()
            hashed = {place: line(stream) for place in places}
            held_hashes = {(one[0], one[1]): line(stream) for one in held}
        fresh: dict[_Key, str] = {}
        states = {
            report["host"]: self._state(report, hashed, held_hashes, walk_ns, fresh)
            for report in reports
        }
        self._known = fresh
        return Snapshot(taken_at=taken_at, hosts=states)

    def _unknown(
        self, reports: list[Any], rehash: bool
    ) -> tuple[list[list[str | int | None]], list[tuple[str, str]]]:
        """What must be hashed: requests for the child, and the same as (host, path).

        A request ends with the number of the content that should still be there, if it is one that
        the supervisor has at hand.
        """
        wanted: list[list[str | int | None]] = []
        places: list[tuple[str, str]] = []
        for report in reports:
            host = report["host"]
            writable, inodes = set(report["writable"]), set(report["writable_inodes"])
            for path, volume, fields, _, _, _ in report["entries"]:
                if fields is None or fields[0] != "file":
                    continue
                in_hand = path in writable or fields[5] in inodes
                known = self._remembered(host, path, volume, fields)
                if rehash or in_hand or known is None:
                    wanted.append([host, volume, path, self._contents.get(known or "")])
                    places.append((host, path))
        return wanted, places

    def _remembered(self, host: str, path: str, volume: str, fields: list[Any]) -> str | None:
        _, size, _, _, _, inode, _, mtime_ns, ctime_ns, _ = fields
        known = self._known.get((host, volume, inode, size, mtime_ns, ctime_ns))
        if known is not None:
            return known
        staged = self._staged.sha256.get((host, path))
        if staged and staged[1] == size and ctime_ns <= self.filled_ns:
            return staged[0]
        return None

    def _state(
        self,
        report: Any,
        hashed: dict[tuple[str, str], Any],
        held_hashes: dict[tuple[str, int], Any],
        walk_ns: int,
        fresh: dict[_Key, str],
    ) -> HostState:
        host = report["host"]
        files: dict[str, FileState] = {}
        before, made = self._before.get(host, {}), {}
        for row in report["entries"]:
            path, volume, fields, target, in_base, error = row
            if fields is None:
                files[path] = FileState(
                    "other", 0, 0, 0, 0, 0, volume, 0, 0, 0, in_base=in_base, error=error
                )
                continue
            kind, size, mode, uid, gid, inode, links, mtime_ns, ctime_ns, _ = fields
            sha256 = None
            if kind == "file":
                if (host, path) in hashed:
                    sha256, error = hashed[host, path]
                    if sha256 is True:  # still what it was
                        sha256 = self._remembered(host, path, volume, fields)
                else:
                    sha256 = self._remembered(host, path, volume, fields)
                if sha256 is not None and ctime_ns < walk_ns - _GRAIN_NS:
                    fresh[host, volume, inode, size, mtime_ns, ctime_ns] = sha256
            last = before.get(path)
            if last is not None and last[0] == row and (
                (last[1].sha256, last[1].error) == (sha256, error)
            ):
                files[path] = last[1]
            else:
                files[path] = FileState(
                    kind, size, mode, uid, gid, inode, volume, links, mtime_ns, ctime_ns,
                    sha256, target, in_base, error,
                )  # fmt: skip
            made[path] = (row, files[path])
        self._before[host] = made
        held = []
        for number, row in enumerate(report["held"]):
            pid, fd, started, command, path, size, inode, _, _ = row
            sha256 = held_hashes[host, number][0]
            held.append(HeldFile(host, pid, fd, started, command, path, size, inode, sha256))
        processes = [ProcessState(host, *row) for row in report["processes"]]
        return HostState(
            files=files,
            deleted=frozenset(report["deleted"]),
            processes=tuple(sorted(processes, key=lambda one: one.pid)),
            held=tuple(sorted(held, key=lambda one: (one.pid, one.fd, one.inode))),
            volumes={mount: VolumeUse(*use) for mount, use in report["volumes"].items()},
            complete=bool(report["complete"]),
        )


def line(stream: Stream) -> Any:
    """The next answer.

    Raises:
        InfrastructureFault: there is none, or not the whole of it.
    """
    try:
        text = stream.readline()
    except OSError as error:
        raise InfrastructureFault(f"a snapshot gave no answer ({error})") from error
    if not text.endswith("\n"):
        raise InfrastructureFault("a snapshot ended before its answer was whole")
    return json.loads(text)
