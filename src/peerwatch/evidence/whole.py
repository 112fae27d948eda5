"""Whether a recording holds together, so that whoever reads it need not look before each step.

Takes a recording that came from a log, says in one line what is wrong with it. Pydantic has seen to
its types; here it is about what refers to what. It repairs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from peerwatch.evidence.claims import is_within
from peerwatch.evidence.types import Recording


def fault(recording: Recording) -> str:
    """What keeps the recording from being judged, in one line; '' where nothing does."""
    return next(_faults(recording), "")


def _faults(recording: Recording) -> Iterator[str]:
    order, moments = recording.order, recording.moments
    names = [item.name for item in order.items]
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
    if not all(map(math.isfinite, times)):
        yield "it holds a time that is none"
