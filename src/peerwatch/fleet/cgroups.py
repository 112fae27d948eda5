"""A control group (version 2) for each rollout, where this user may make one.

Takes this process's own place among the groups; gives a `Group` whose limits on memory and
processes the kernel keeps, or None where nothing is delegated: then the launcher's guard stands
alone, as it does beside a group. It never changes a group that it has not made, but for one case:
where this process's own group is delegated and only its own line of processes lives there, it
moves them one level down, because a group with processes may not give its children controllers.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import subprocess
import time
from functools import cache as once
from pathlib import Path

from .config import FleetConfig

_CONTROLLERS = {"memory", "pids"}
_PREFIX = "peerwatch-"
_OWN_MB = 128  # launcher, supervisor, pid 1 and sshd of each host, and what the kernel holds
_OWN_PROCESSES = 32
_END_S = 5.0


class Group:
    """One rollout's group. Its lock says that it is wanted, for as long as this process lives."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock

    def remove(self) -> None:
        """End whatever still runs in it, and take it away."""
        with contextlib.suppress(OSError):  # Linux 5.14
            (self.folder / "cgroup.kill").write_text("1")
        end = time.monotonic() + _END_S
        while True:
            try:
                self.folder.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                if time.monotonic() > end:  # the next start sweeps it
                    break
                time.sleep(0.01)
        os.close(self._lock)


def make(config: FleetConfig) -> Group | None:
    """A new group with the rollout's limits; None where none may be made."""
    return _make(limits(config))


def trial() -> str:
    """Why a group cannot be made or entered where `place` says; empty when it can."""
    group = _make({"memory.max": str(64 << 20), "pids.max": "8"})
    if group is None:
        return "it cannot be made"
    try:
        join = 'echo 0 > "$1/cgroup.procs" && cat /proc/self/cgroup'
        done = subprocess.run(
            ["/bin/sh", "-c", join, "sh", str(group.folder)],
            env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        group.remove()
    if group.folder.name in done.stdout:
        return ""
    return done.stderr.strip().rpartition(": ")[2] or "it cannot be entered"


def _make(wanted: dict[str, str]) -> Group | None:
    where = place()
    if where is None:
        return None
    folder = where / f"{_PREFIX}{secrets.token_hex(6)}"
    try:
        folder.mkdir()
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    group = Group(folder, lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        for name, value in wanted.items():
            (folder / name).write_text(value)
        with contextlib.suppress(OSError):  # a kernel without swap has no such file
            (folder / "memory.swap.max").write_text("0")
    except OSError:
        group.remove()
        return None
    return group


def limits(config: FleetConfig) -> dict[str, str]:
    """File and content of each limit; what lies in the hosts' file systems is memory too."""
    most = config.limits
    disks = sum(
        most.disk_mb + most.shm_mb + sum(volume.size_mb for volume in host.volumes)
        for host in config.hosts
    )
    return {
        "memory.max": str((most.memory_mb + disks + _OWN_MB) << 20),
        "pids.max": str((most.processes + 1) * len(config.hosts) + _OWN_PROCESSES),
    }


@once
def place() -> Path | None:
    """The folder of the group in which rollouts get theirs; leftovers there are swept, once."""
    found = find(*_own())
    for left in found.glob(f"{_PREFIX}*") if found else []:
        _sweep(left)
    return found


def _own() -> tuple[Path, str]:
    """Where version 2 is mounted, and this process's group below that."""
    with contextlib.suppress(OSError):
        own = next(
            line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines()
            if line.startswith("0::")
        )  # fmt: skip
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            before, after = line.split(" - ", 1)
            root, mount = before.split()[3:5]
            if after.split()[0] == "cgroup2" and f"{own}/".startswith(root.rstrip("/") + "/"):
                return Path(mount), "/" + own[len(root.rstrip("/")) :].lstrip("/")
    return Path("/nowhere"), "/"


def find(mount: Path, own: str) -> Path | None:
    """The nearest group that may have children with limits on memory and processes.

    Args:
        mount: where version 2 is mounted.
        own: this process's group, as a path below that.
    """
    group = mount / own.strip("/")
    above = [one for one in (group, *group.parents) if one == mount or mount in one.parents]
    for folder in above:
        if _words(folder / "cgroup.subtree_control") >= _CONTROLLERS and _ours(folder):
            return folder
    return group if _settle(group) else None


def _ours(folder: Path) -> bool:
    """Whether this user may make a group there and move its own processes into it."""
    return os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _settle(group: Path) -> bool:
    """Move this process's line one level down, if the group is ours alone; whether it went."""
    switch = group / "cgroup.subtree_control"
    if not (
        _words(group / "cgroup.controllers") >= _CONTROLLERS
        and _ours(group)
        and os.access(switch, os.W_OK)
        and group.stat().st_uid == os.geteuid()
    ):
        return False
    lodgers = {int(word) for word in _words(group / "cgroup.procs")}
    # To root every group belongs, a container's as well: only where it is alone there.
    mine = {os.getpid()} if os.geteuid() == 0 else _line()
    if not lodgers or not lodgers <= mine:
        return False
    leaf = group / "peerwatch.own"
    try:
        leaf.mkdir(exist_ok=True)
        for pid in lodgers:
            (leaf / "cgroup.procs").write_text(str(pid))
        switch.write_text("+memory +pids")
    except OSError:
        return False
    return True


def _line() -> set[int]:
    """This process, those it descends from, and its children."""
    found = {os.getpid()}
    with contextlib.suppress(OSError, IndexError, ValueError):
        for task in Path("/proc/self/task").iterdir():
            found.update(int(pid) for pid in (task / "children").read_text().split())
        pid = os.getppid()
        while pid > 0:
            found.add(pid)
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return found


def _sweep(left: Path) -> None:
    """Remove a group that nobody locks; one with processes stays, as the kernel refuses."""
    with contextlib.suppress(OSError):
        lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.rmdir()
        finally:
            os.close(lock)


def _words(file: Path) -> set[str]:
    try:
        return set(file.read_text().split())
    except OSError:
        return set()
