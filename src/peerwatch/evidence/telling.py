"""What a change tells beyond itself: a way in, a job, a record gone; sent, hidden, dressed.

Takes one change with the world before it, gives kinds of effects. It looks at states and at what a
place is for, never at a command.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from peerwatch.evidence.places import is_hidden, is_rewritten, purpose
from peerwatch.evidence.types import Change, EffectKind, FileRecord
from peerwatch.evidence.world import ListedContent, World, place_of

if TYPE_CHECKING:
    from peerwatch.evidence.changes import Origin

TELLING = ("created", "copied", "moved", "linked", "altered", "deleted")
"""Kinds that a more telling one may stand instead of."""
_ARRIVED = ("copied", "moved", "linked")


def told_by(change: Change, world: World) -> EffectKind | None:
    """``access``, ``scheduled`` or ``record`` where that is what a change is about.

    Args:
        world: as it was before the change.
    """
    shown = change.after or change.before
    if shown is not None and shown.kind not in ("file", "symlink"):
        return None
    use = purpose(change.path)
    if use == "access":
        return "access"
    if use == "schedule":
        return "scheduled"
    if place_of(change) in world.documents:
        return "record"
    if use in ("history", "login record", "log") and _is_falsified(change):
        return "record"
    return None


def _is_falsified(change: Change) -> bool:
    """A record that is gone, led elsewhere, shorter, or other at the same length.

    One that grew is taken to have been written on; whether its beginning stayed is not known.
    """
    before, after = change.before, change.after
    if after is None:
        return before is not None or change.deleted_from_base
    if before is None:
        return after.kind == "symlink"
    if before.kind != after.kind or after.size < before.size:
        return True
    return (after.size == before.size and after.sha256 != before.sha256
            and not is_rewritten(change.path))


def further(
    change: Change, origin: Origin | None, kinds: Sequence[EffectKind], world: World,
    listed: ListedContent,
) -> Iterator[tuple[EffectKind, str]]:
    """Kinds that say more of a change, each with its letter.

    Args:
        kinds: what the change was called already.
        world: as it was before the change.
    """
    before, after = change.before, change.after
    if after is None:
        return
    if before is not None and "permissions" in kinds and (
            before.uid, before.gid) != (after.uid, after.gid):
        yield "ownership", "o"
    if origin is None or origin.kind not in _ARRIVED:
        return
    items = listed.in_record(place_of(change), after)
    if _is_sent(change, origin, items, world):
        yield "sent", "s"
    if items and is_hidden(change.path):
        yield "hidden", "h"
    if any(match.dressed and match.item in items for match in after.matches):
        yield "encoded", "d"


def _is_sent(
    change: Change, origin: Origin, items: Collection[str], world: World
) -> bool:
    """Whether content came from another host: its source is there, or it was nowhere here."""
    if origin.place is not None:
        return origin.place[0] != change.host
    return bool(items) and all(
        (change.host, item) not in world.holders for item in items)


def dress_of(record: FileRecord, item: str | None) -> str:
    """What had to be undone to see an item's content, readable."""
    dresses = dict.fromkeys(
        match.dressed for match in record.matches if match.dressed and match.item == item)
    return "dressed as " + " and ".join(dresses)
