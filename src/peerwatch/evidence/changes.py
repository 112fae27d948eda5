"""Reads the changes of one moment: where what is new came from, and the effects that shows.

Takes a moment and the world before it, gives origins and effects. It looks at states alone: a
command is named beside an effect and never read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from peerwatch.evidence.doers import NOBODY, Doer, Doers
from peerwatch.evidence.readable import described
from peerwatch.evidence.spans import Spans, length, without
from peerwatch.evidence.telling import TELLING, dress_of, further, told_by
from peerwatch.evidence.types import Change, Effect, EffectKind, FileRecord, Moment
from peerwatch.evidence.world import (
    ListedContent,
    Node,
    Place,
    World,
    node_of,
    place_of,
    seconds,
)

IN_BASE = "in the base system"
"""What ``Effect.before`` says of a file of which only its place in the base is known."""
_TELLING = 64
"""Two shorter files with equal content need not come from each other."""
_CLOCK = 2.0
"""Seconds by which a file may be older than the snapshot before it: grain of clocks."""
_FUTURE = 60.0
_COMMAND_KEPT = 1_000


@dataclass(frozen=True)
class Origin:
    """Where the content of a place that is new came from."""

    kind: EffectKind
    place: Place | None = None


def call_of(change: Change, moment: Moment, origin: Origin | None, world: World) -> str | None:
    """Id of the call that was running when the change was made; None: background.

    Args:
        origin: where the content came from, if it is new.
        world: as it was before the moment.
    """
    if moment.call is None:
        return None
    if origin is not None and origin.kind == "moved" and origin.place is not None:
        source = world.records.get(origin.place)
        # What lies in a folder that is renamed keeps its ctime, which then does not say that
        # the change was made while no call was running.
        if source and change.after and source.ctime_ns == change.after.ctime_ns:
            return moment.call.id
    return None if change.background else moment.call.id


def content_changed(before: FileRecord | None, after: FileRecord) -> bool:
    """Whether an object is new, or says something else than before."""
    if before is None or before.kind != after.kind:
        return True
    if after.kind == "symlink":
        return before.target != after.target
    if after.kind != "file":
        return False
    if before.sha256 is None or after.sha256 is None:
        return (before.size, before.mtime_ns) != (after.size, after.mtime_ns)
    return before.sha256 != after.sha256


def origins(moment: Moment, world: World, listed: ListedContent) -> dict[Place, Origin]:
    """The origin of every file, link or folder of which a moment shows new content.

    Args:
        world: as it was before the moment.
    """
    gone = _Gone(moment, world)
    return {
        place_of(change): _origin(change, change.after, gone, world, listed)
        for change in moment.changes
        if change.after is not None and content_changed(change.before, change.after)
    }


class _Gone:
    """Files that a moment shows to be gone; each explains one move."""

    def __init__(self, moment: Moment, world: World) -> None:
        self.places: set[Place] = set()
        self._by_node: dict[Node, Place] = {}
        self._by_content: dict[str, list[Place]] = {}
        self._used: set[Place] = set()
        for change in moment.changes:
            if change.after is not None:
                continue
            place = place_of(change)
            self.places.add(place)
            record = change.before or world.records.get(place)
            if record is not None and record.kind == "file":
                self._by_node[node_of(place[0], record)] = place
                if record.sha256 is not None and record.size >= _TELLING:
                    self._by_content.setdefault(record.sha256, []).append(place)

    def source_of(self, node: Node, record: FileRecord, world: World) -> Place | None:
        """The place that a file was moved from; it explains no second file."""
        place = self._by_node.get(node)
        if place is not None and place not in self._used:
            old = world.records.get(place)
            if old is None or old.sha256 == record.sha256:
                self._used.add(place)
                return place
        places = self._by_content.get(record.sha256 or "", [])
        while places:
            place = places.pop()
            if place not in self._used:
                self._used.add(place)
                return place
        return None


def _origin(
    change: Change, after: FileRecord, gone: _Gone, world: World, listed: ListedContent
) -> Origin:
    place = place_of(change)
    known: EffectKind = "created" if change.before is None and not after.in_base else "altered"
    if change.before is None and after.in_base and after.mtime_ns < world.began * 1e9:
        known = "permissions"  # copied up with its time: writing would have moved that
    if after.kind != "file":
        return Origin(known)
    node = node_of(change.host, after)
    source = gone.source_of(node, after, world)
    if source is not None:
        return Origin("moved", source)
    other = next((each for each in world.with_node(node)
                  if each not in gone.places and each != place), None)
    if after.links > 1 and other is not None:
        return Origin("linked", other)
    before = listed.in_record(place, change.before)
    new = {item: without(spans, before.get(item, ()))
           for item, spans in listed.in_record(place, after).items()}
    same = next((each for each in world.with_content(after.sha256 or "") if each != place), None)
    if any(new.values()) or (same is not None and after.size >= _TELLING):
        return Origin("copied", same)
    return Origin(known)


@dataclass(frozen=True)
class Made:
    """An effect that has no id yet."""

    effect: Effect
    further: str = ""
    """The letter behind the id where it says more of the change of the effect before it."""


def effects(
    moment: Moment, last_at: float, found: Mapping[Place, Origin], world: World,
    listed: ListedContent, doers: Doers | None,
) -> list[Made]:
    """The effects of one moment, without those of held files and processes; ids are empty.

    Args:
        last_at: when the snapshot before was taken.
        found: what ``origins`` gave for the moment.
        world: as it was before the moment.
        doers: look-ups in the ledger; None: there is none.
    """
    moved_away = {origin.place for origin in found.values() if origin.kind == "moved"}
    parents = {(change.host, posixpath.dirname(change.path)) for change in moment.changes}
    made: list[Made] = []
    for change in moment.changes:
        place = place_of(change)
        origin = found.get(place)
        call = call_of(change, moment, origin, world)
        kinds = _kinds(change, origin, place in moved_away, place in parents)
        redated = _redated(change, origin, moment, last_at, world)
        telling = told_by(change, world) if listed_item(change, listed) is None else None
        if telling is not None:
            kinds = [telling if kind in TELLING else kind for kind in kinds]
            if place in moved_away:
                kinds.append(telling)
        if not kinds and not redated:
            continue
        doer = _doer(change, call, moment, last_at, doers)

        def effect(
            kind: EffectKind, origin: Origin | None, *, change: Change = change,
            call: str | None = call, doer: Doer = doer,
        ) -> Effect:
            return _effect(kind, change, call, moment, origin, listed, doer)

        for kind in kinds:
            made.append(Made(effect(kind, origin)))
        made.extend(
            Made(effect(kind, origin), letter)
            for kind, letter in further(change, origin, kinds, world, listed))
        if redated:
            made.append(Made(effect("redated", None)))
    return made


def listed_item(change: Change, listed: ListedContent) -> str | None:
    """The listed item whose content or place a change is about."""
    held = listed.in_record(place_of(change), change.after or change.before)
    return largest(held, listed)[0] or listed.item_at(place_of(change))


def _doer(
    change: Change, call: str | None, moment: Moment, last_at: float, doers: Doers | None
) -> Doer:
    """Who did it. What is there now says when in its times; what is gone says nothing.

    The time of new content is its mtime, if it is from then: a later ``chmod`` moves only ctime.
    """
    if doers is None:
        return NOBODY
    first, last = last_at, moment.at
    if call is not None and moment.call is not None:
        first = moment.call.started_at
    if change.after is not None:
        times = [change.after.ctime_ns / 1e9]
        if content_changed(change.before, change.after):
            times.insert(0, change.after.mtime_ns / 1e9)
        at = next((each for each in times if first <= each <= last), None)
        if at is not None:
            first = last = at
    return doers.of_change(change.host, change.path, first, last)


def _kinds(
    change: Change, origin: Origin | None, moved_away: bool, has_changed_child: bool
) -> list[EffectKind]:
    before, after = change.before, change.after
    shown = after or before
    folder = shown is not None and shown.kind == "dir"
    if after is None:
        return [] if moved_away or (folder and has_changed_child) else ["deleted"]
    made: list[EffectKind] = []
    if origin is not None and not (folder and (has_changed_child or after.in_base)):
        made.append(origin.kind)
    if before is not None and before.kind == after.kind:
        if before.mode != after.mode:
            made.append("permissions")
        elif (before.uid, before.gid) != (after.uid, after.gid):
            made.append("ownership")
    return made


def _redated(
    change: Change, origin: Origin | None, moment: Moment, last_at: float, world: World
) -> bool:
    """Whether a file carries a time that neither writing nor keeping its origin's time gives."""
    before, after = change.before, change.after
    if after is None or after.kind != "file" or (
            before is not None and before.mtime_ns == after.mtime_ns):
        return False
    if before is None and (origin is None or origin.kind in (
            "created", "altered", "permissions")):
        return False  # e.g. unpacked: whose time it keeps is not known
    written = after.mtime_ns / 1e9
    if written > moment.at + _FUTURE:
        return True
    return written < last_at - _CLOCK and seconds(after.mtime_ns) not in world.mtimes


def _effect(
    kind: EffectKind, change: Change, call: str | None, moment: Moment, origin: Origin | None,
    listed: ListedContent, doer: Doer,
) -> Effect:
    place = place_of(change)
    shown = change.after or change.before
    held = listed.in_record(place, shown)
    item, spans = largest(held, listed)
    before, after = described(change.before), described(change.after)
    if kind == "encoded" and change.after is not None:
        after += f", {dress_of(change.after, item)}"
    if kind == "ownership" and change.before is not None and change.after is not None:
        before, after = (f"{text}, owner {record.uid}:{record.gid}" for text, record in (
            (before, change.before), (after, change.after)))
    return Effect(
        id="", phase=moment.phase, moment=moment.index, kind=kind, host=change.host,
        path=change.path,
        origin=None if origin is None or origin.place is None else ":".join(origin.place),
        item=item if item is not None else listed.item_at(place),
        share=length(spans) / listed.sizes[item] if item is not None else 0.0,
        call=call, command=command_of(moment) if call is not None else "",
        before=IN_BASE if change.before is None and (
            change.deleted_from_base or (change.after is not None and change.after.in_base))
        else before,
        after=after, size=shown.size if shown is not None and shown.kind == "file" else 0,
        by=doer.by, starter=doer.call if doer.call != call else None)


def largest(held: Mapping[str, Spans], listed: ListedContent) -> tuple[str | None, Spans]:
    """The item of which most is held, and what is held of it."""
    if not held:
        return None, ()
    item = max(sorted(held), key=lambda name: length(held[name]) / listed.sizes[name])
    return item, held[item]


def command_of(moment: Moment) -> str:
    """The command of the call that a moment follows, or the name of its tool."""
    if moment.call is None:
        return ""
    command = moment.call.arguments.get("command")
    return str(command)[:_COMMAND_KEPT] if command is not None else moment.call.tool
