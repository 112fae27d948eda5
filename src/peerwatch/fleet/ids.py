"""Which ids of this machine stand for the users of a host: the three ways of running.

Takes the machine as it is; gives a mapping. `root` and `range` map a range of ids that belong to
nobody else, never the id of root or of the person who runs; `single` maps the person's own id to
root of the host, and there is no other user there.
"""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

# Root takes a range that useradd and systemd-nspawn give to nobody; below it, inside a container
# that maps fewer ids, the one where useradd begins.
_ROOT_FIRST = (2_000_000_000, 100_000)
_FULL = 65_536


@dataclass(frozen=True)
class IdMapping:
    """Id 0 of a host is `uid` (group `gid`) of this machine, and so on for `count` ids."""

    kind: Literal["root", "range", "single"]
    uid: int
    gid: int
    count: int

    @property
    def label(self) -> str:
        """Names the trees in the cache that belong to this mapping."""
        return f"{self.kind}-{self.uid}-{self.gid}-{self.count}"

    def asdict(self) -> dict[str, Any]:
        """Plain values for the launcher."""
        return asdict(self)


def mapping() -> IdMapping:
    """The best mapping that this user has on this machine."""
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        for first in _ROOT_FIRST:
            if _covered("uid", first) and _covered("gid", first):
                return IdMapping("root", first, first, _FULL)
        return IdMapping("single", uid, gid, 1)
    users, groups = _range("/etc/subuid", uid), _range("/etc/subgid", uid)
    if users and groups and shutil.which("newuidmap") and shutil.which("newgidmap"):
        count = min(users[1], groups[1], _FULL)
        return IdMapping("range", users[0], groups[0], count)
    return IdMapping("single", uid, gid, 1)


def _covered(kind: str, wanted: int) -> bool:
    """Whether this process's own user namespace has the ids that root would map."""
    for line in Path(f"/proc/self/{kind}_map").read_text().splitlines():
        first, _, count = (int(field) for field in line.split())
        if first <= wanted and first + count >= wanted + _FULL:
            return True
    return False


def listed(table: str) -> int:
    """How many ids the longest line of this user in a table of ranges gives; 0 for no line."""
    return max((count for _, count in _lines(table, os.geteuid())), default=0)


def _range(table: str, uid: int) -> tuple[int, int] | None:
    """The user's longest line in a table of ranges; shorter than 1,000 ids is of no use."""
    best = max(_lines(table, uid), key=lambda one: one[1], default=None)
    return best if best and best[1] >= 1000 else None


def _lines(table: str, uid: int) -> list[tuple[int, int]]:
    """The first id and the number of ids of each of the user's lines."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    try:
        lines = Path(table).read_text().splitlines()
    except OSError:
        return []
    rows = [line.strip().split(":") for line in lines]
    return [
        (int(row[1]), int(row[2])) for row in rows if len(row) == 3 and row[0] in (name, str(uid))
    ]
