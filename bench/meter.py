"""What a stretch of a benchmark cost: wall time, and CPU of this process and all below it.

CPU comes from a control group of our own where this machine lets us make one (cpuacct or the
unified hierarchy), since a host's processes end with their namespace and are never counted among
this process's children. Elsewhere it is None, and the benches print a dash: also where rollouts
get control groups of their own, in which their processes are not counted with ours.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from peerwatch.fleet import cgroups


@dataclass
class Cost:
    """Seconds."""

    wall: float = 0.0
    cpu: float | None = None


class Meter:
    """Measures from its making on; leaves the control group at exit."""

    def __init__(self) -> None:
        self._group = _own_group()

    def cpu(self) -> float | None:
        """CPU seconds so far, None where they cannot be had."""
        if self._group is None:
            return None
        usage = self._group / "cpuacct.usage"
        if usage.exists():
            return int(usage.read_text()) / 1e9
        return int((self._group / "cpu.stat").read_text().split()[1]) / 1e6

    @contextlib.contextmanager
    def measured(self) -> Iterator[Cost]:
        """The cost of the block, filled in at its end."""
        cost, began, used = Cost(), time.perf_counter(), self.cpu()
        yield cost
        cost.wall = time.perf_counter() - began
        now = self.cpu()
        cost.cpu = None if used is None or now is None else now - used


def _own_group() -> Path | None:
    """A group that this process has moved into; it goes back and removes it at exit."""
    if cgroups.place() is not None:
        return None
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        root = Path("/sys/fs/cgroup")
        if "cpuacct" in controllers.split(","):
            home = root / "cpuacct" / path.strip("/")
        elif number == "0" and (root / "cgroup.controllers").exists():
            home = root / path.strip("/")
        else:
            continue
        group = home / f"peerwatch-bench-{os.getpid()}"
        try:
            group.mkdir()
            (group / "cgroup.procs").write_text(str(os.getpid()))
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        atexit.register(_go_back, group, home)
        return group
    return None


def _go_back(group: Path, home: Path) -> None:
    for pid in (group / "cgroup.procs").read_text().split():
        with contextlib.suppress(OSError):
            (home / "cgroup.procs").write_text(pid)
    for _ in range(50):
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.1)
