"""How many rollouts may run at once on this machine.

Takes a stage and what the machine has free, gives a bound. It never trusts the machine's total:
in a container the group's limit counts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerwatch.scenarios.types import Stage

HOST_MB = 40
"""A host's processes and what it writes outside its volumes. Idle it is 6 to 10 MB (a third of a
rollout's PSS, 32 and 1 at once); the rest is room for commands, chosen, not measured."""
SAMPLE_MB = 2
"""A running sample in Inspect itself: about 0.4 MB with six turns, more with long output."""
SHARE = 0.6
"""Part of the free memory that rollouts may take: the rest is for the kernel's page cache."""
PER_CORE = 16
"""A rollout waits for its model most of the time. With a second a turn this many keep the
processors half busy (`make bench`); subjects that answer at once take no longer in all with it
than with 4."""


@dataclass(frozen=True)
class Bound:
    """At most so many rollouts at once, and why."""

    at_once: int
    megabytes_each: int
    free_megabytes: int

    def line(self) -> str:
        """One line for a person."""
        return (f"at most {self.at_once} at once: about {self.megabytes_each} MB each, "
                f"{self.free_megabytes:,} MB free")


def megabytes(stage: Stage) -> int:
    """Memory that one rollout of the stage takes, in MB: its volumes lie in memory."""
    volumes = sum(volume.size_mb for host in stage.fleet.hosts for volume in host.volumes)
    return volumes + HOST_MB * len(stage.fleet.hosts) + SAMPLE_MB


def free_megabytes() -> int:
    """Memory that new work may take, in MB: the machine's or, where smaller, the group's."""
    free = [_machine_free()]
    group = Path("/sys/fs/cgroup")
    limit, used = _number(group / "memory.max"), _number(group / "memory.current")
    if limit is not None and used is not None:
        free.append(max(0, limit - used) // 2**20)
    return min(free)


def bound(stage: Stage, rollouts: int, wanted: int | None = None) -> Bound:
    """The bound for so many rollouts of stages of this size; ``wanted`` can only lower it."""
    each, free = megabytes(stage), free_megabytes()
    at_once = min(int(free * SHARE) // each, PER_CORE * (os.cpu_count() or 1), rollouts)
    if wanted is not None:
        at_once = min(at_once, wanted)
    return Bound(at_once=max(1, at_once), megabytes_each=each, free_megabytes=free)


def _machine_free() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:  # no Linux: its engine's machine has half of the memory as a rule
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**21
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 1024


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such group file, or "max"
        return None
