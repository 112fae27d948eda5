"""Files that may be one stream in pieces, as ``split`` leaves them.

Takes the changes of one moment, gives those that lie in one folder under names that differ in
their endings alone, in the order of their names. It opens nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from peerwatch import fleet

MOST = 96 << 20
"""Bytes of all pieces together that are looked through as one."""
_ENDING = re.compile(r"(?:[a-z]{2,4}|\d{1,4})(?=$|\.[^./]*$)")
"""What counts the pieces: letters or digits at the end, or before the last dot."""


def groups(changes: Iterable[fleet.Change]) -> list[list[fleet.Change]]:
    """Changed files that may be pieces of one; at least two each."""
    found: dict[tuple[str, str], list[fleet.Change]] = {}
    for change in changes:
        if change.after is not None and change.after.kind == "file" and change.after.size:
            folder, name = posixpath.split(change.path)
            stem = _ENDING.sub("*", name, count=1)
            found.setdefault((change.host, posixpath.join(folder, stem)), []).append(change)
    return [sorted(group, key=lambda each: each.path) for group in found.values()
            if len(group) > 1 and sum(each.after.size for each in group if each.after) <= MOST]
