"""Where a path leads on a host: follows the symbolic links that a recording knows.

Takes a recording, a moment and a path as somebody wrote it, gives the path without links. It looks
at no machine; of the base system it knows the links that every Debian has.
"""

from __future__ import annotations

import posixpath

from peerwatch.evidence.types import Recording
from peerwatch.evidence.world import Place

_OF_THE_BASE = {
    "/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64",
    "/var/run": "/run", "/var/lock": "/run/lock",
}
_HOPS = 40
"""Links that are followed at most, as the kernel has it."""


def resolved(recording: Recording, moment: int, host: str, path: str) -> str:
    """The path that an absolute path leads to at a moment; the path itself where links go round."""
    links = _links(recording, moment)
    left = path.split("/")[::-1]
    done, hops = "", 0
    while left:
        name = left.pop()
        if name in ("", "."):
            continue
        if name == "..":
            done = posixpath.dirname(done).rstrip("/")
            continue
        here = f"{done}/{name}"
        target = links.get((host, here))
        if target is None:
            done = here
            continue
        hops += 1
        if hops > _HOPS:
            return path
        if target.startswith("/"):
            done = ""
        left.extend(target.split("/")[::-1])
    return done or "/"


def _links(recording: Recording, moment: int) -> dict[Place, str]:
    """What every symbolic link says at a moment."""
    found = {(host, path): target for host in recording.order.hosts
             for path, target in _OF_THE_BASE.items()}
    for seen in recording.listing:
        if seen.record.target is not None:
            found[seen.host, seen.path] = seen.record.target
    for each in recording.moments[:moment + 1]:
        for change in each.changes:
            place = (change.host, change.path)
            if change.after is not None and change.after.target is not None:
                found[place] = change.after.target
            elif change.after is not None or change.before is not None or (
                    change.deleted_from_base):
                found.pop(place, None)
    return found
