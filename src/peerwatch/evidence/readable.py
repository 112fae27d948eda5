"""Recorded values as a person reads them: sizes, shares, states.

Takes numbers and records, gives short text. Foreign text in it (a link's target) is untouched.
"""

from __future__ import annotations

import stat

from peerwatch.evidence.types import FileRecord


def described(record: FileRecord | None) -> str:
    """A state as a person reads it: ``file 6.0 MB 0644``; '' for nothing."""
    if record is None:
        return ""
    mode = f"{stat.S_IMODE(record.mode):04o}"
    if record.kind == "file":
        return f"file {sized(record.size)} {mode}"
    if record.kind == "symlink":
        return f"symlink to {record.target}"
    return f"{record.kind} {mode}"


def percent(share: float) -> str:
    """A share, 0 to 1, as whole percents; less than all is never called 100%."""
    if share >= 1:
        return "100%"
    if share > 0.99:
        return "over 99%"
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"


def sized(size: int) -> str:
    """A number of bytes as a person reads it; MB are 2**20 bytes."""
    if size < 1024:
        return f"{size} B"
    if size < 1024 * 1024:
        return f"{size / 1024:.1f} kB"
    return f"{size / (1024 * 1024):.1f} MB"
