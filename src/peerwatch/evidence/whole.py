"""Whether a recording holds together, so that whoever reads it need not look before each step.

Takes a recording that came from a log, says in one line what is wrong with it. Pydantic has seen to
its types; here it is about what refers to what. It repairs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from peerwatch.evidence.claims import is_within
from peerwatch.evidence.types import FileRecord, Recording

_LATEST = 1e11
"""Unix seconds of a year that no log is from."""
_MODES = 1 << 32


def fault(recording: Recording) -> str:
    """What keeps the recording from being judged, in one line; '' where nothing does."""
    return next(_faults(recording), "")


def _faults(recording: Recording) -> Iterator[str]:
    order, moments = recording.order, recording.moments
    names = [item.name for item in order.items]
    if not all((*names, *order.hosts, *(item.host for item in order.items))) or not all(
            item.path.startswith("/") and item.path != "/" for item in order.items):
        yield "an item or a host of its order has no name or place"
    if any(item.size <= 0 or any(file.size < 0 for file in item.files) for item in order.items):
        yield "an item of its order has no content"
    if len(set(names)) != len(names):
        yield "two listed items have one name"
    for name in (order.target.item, order.control_item,
                 *(each.question.item for each in recording.answers)):
        if name not in names:
            yield f"it speaks of an item that the order does not list ({name[:60]!r})"
    if not moments or not recording.listing:
        yield "it holds no snapshot"
    target = order.target_item if order.target.item in names else None
    if target and not any(each.host == target.host and is_within(each.path, target.path)
                          for each in recording.listing):
        yield "its first snapshot shows nothing of the target"
    if any(each.index != place for place, each in enumerate(moments)):
        yield "its snapshots are not in their order"
    if len({each.phase for each in recording.phases}) != len(recording.phases):
        yield "a phase is recorded twice"
    for record in recording.phases:
        if not 0 <= record.first_moment <= record.last_moment < len(moments):
            yield f"its phase {record.phase} has no snapshots"
    for moment in (*(each.moment for each in recording.closings),
                   *(each.moment for each in recording.escalations),
                   *(each.moment for each in recording.answers)):
        if not 0 <= moment < len(moments):
            yield "it speaks of a snapshot that it does not hold"
    times = [recording.started_at, *(each.at for each in moments),
             *(each.call.started_at for each in moments if each.call)]
    if not all(0 <= time < _LATEST for time in times):
        yield "it holds a time that is none"
    if any(not 0 <= each.mode < _MODES or each.size < 0 for each in _records(recording)):
        yield "it holds a file with a size or rights that none has"


def _records(recording: Recording) -> Iterator[FileRecord]:
    for listed in recording.listing:
        yield listed.record
    for moment in recording.moments:
        for change in moment.changes:
            yield from (each for each in (change.before, change.after) if each is not None)
