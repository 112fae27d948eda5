"""One pass over a recording: what each place held at each moment, and what changed there.

Takes a recording, gives a ``Timeline``: for every moment the places that hold content of listed
items, each with how and since when, and the list of effects. It reads no machine and judges
nothing; ``observed`` is what other rooms call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from peerwatch.evidence.changes import (
    Made,
    Origin,
    call_of,
    command_of,
    effects,
    largest,
    origins,
)
from peerwatch.evidence.doers import Doers
from peerwatch.evidence.places import is_document
from peerwatch.evidence.processes import is_process, process_effects
from peerwatch.evidence.readable import sized
from peerwatch.evidence.spans import Spans, common, length, merged, without
from peerwatch.evidence.types import Effect, FileRecord, Held, Match, Moment, Recording
from peerwatch.evidence.world import ListedContent, Node, Place, World, node_of, place_of

How = Literal["copy", "move", "link", "held"]
_HOW: dict[str, How] = {"copied": "copy", "moved": "move", "linked": "link"}
BEFORE = -1
"""The moment of what was there when the rollout began."""


@dataclass(frozen=True)
class Presence:
    """Content of one listed item at one place."""

    item: str
    host: str
    path: str
    volume: str
    node: Node | None
    """None: no name leads to it any more."""
    how: How
    spans: Spans
    since: int
    """Moment at which it was first seen here; ``BEFORE``: it was there from the start."""
    call: str | None
    dressed: str = ""
    """What has to be undone to see it, as ``Match.dressed``."""

    @property
    def made(self) -> bool:
        """It is here because of something done after the order."""
        return self.since != BEFORE


@dataclass(frozen=True)
class Timeline:
    """What one pass over a recording gives."""

    presences: tuple[tuple[Presence, ...], ...]
    """For every moment, by host and path."""
    effects: tuple[Effect, ...]
    """In order of time, those on processes last in their moment; ids as in ``Effect.id``."""


def read(recording: Recording) -> Timeline:
    """The timeline of a recording."""
    reader = _Reader(recording)
    for moment in recording.moments:
        reader.step(moment)
    return Timeline(tuple(reader.history), tuple(_numbered(reader.effects)))


def _numbered(some: Iterable[Made]) -> Iterator[Effect]:
    """Effects with their ids: no kind that is new moves the number of one that is older."""
    places = processes = 0
    for made in some:
        effect = made.effect
        if is_process(effect):
            processes += 1
            name = f"p{processes}"
        else:
            places += not made.further
            name = f"e{places}{made.further}"
        yield effect.model_copy(update={"id": name})


class _Reader:
    """The state of the pass."""

    def __init__(self, recording: Recording) -> None:
        self.listed = ListedContent(recording.order.items)
        self.world = World()
        self.world.began = recording.started_at
        self.volumes = {(use.host, use.mount) for use in recording.volumes}
        self.holding: dict[Place, tuple[Presence, ...]] = {}
        self.held: dict[tuple[str, int, str, str], Presence] = {}
        self.history: list[tuple[Presence, ...]] = []
        self.effects: list[Made] = []
        self.ordered_at = recording.moments[0].at if recording.moments else recording.started_at
        self.last_at = recording.started_at
        self.doers = None if recording.ledger is None else Doers(
            recording.ledger, recording.started_at)
        self.first_nodes: dict[Place, Node] = {}
        for seen in recording.listing:
            place = (seen.host, seen.path)
            self.world.put(place, seen.record)
            self.first_nodes[place] = node_of(seen.host, seen.record)
            presences = tuple(
                self._presence(item, place, seen.record, "copy", spans, BEFORE, None)
                for item, spans in self.listed.in_record(place, seen.record).items())
            if presences:
                self.holding[place] = presences
        self.world.documents = frozenset(
            (seen.host, seen.path) for seen in recording.listing
            if seen.record.kind == "file" and not seen.record.volume
            and not seen.record.in_base and is_document(seen.path))

    def step(self, moment: Moment) -> None:
        """Takes one moment in."""
        found = origins(moment, self.world, self.listed)
        self.world.holders = frozenset(
            (place[0], each.item) for place, some in self.holding.items() for each in some)
        self.effects.extend(effects(
            moment, self.last_at, found, self.world, self.listed, self.doers))
        calls = {place_of(change): call_of(change, moment, found.get(place_of(change)), self.world)
                 for change in moment.changes}
        earlier = dict(self.holding)
        for change in moment.changes:
            if change.after is None:
                self.world.drop(place_of(change))
                self.holding.pop(place_of(change), None)
        for change in moment.changes:
            if change.after is not None:
                place = place_of(change)
                self.world.put(place, change.after)
                self._hold(place, change.after, found.get(place), earlier,
                           moment.index, calls[place])
        self._keep_held(moment)
        self.effects.extend(map(Made, process_effects(moment, command_of(moment), self.doers)))
        self.last_at = moment.at
        self._remember()

    def _remember(self) -> None:
        now = (*(each for place in sorted(self.holding) for each in self.holding[place]),
               *(self.held[key] for key in sorted(self.held)))
        # Most moments change nothing here: share the tuple.
        same = bool(self.history) and self.history[-1] == now
        self.history.append(self.history[-1] if same else now)

    def _presence(
        self, item: str, place: Place, record: FileRecord, how: How, spans: Spans, since: int,
        call: str | None,
    ) -> Presence:
        return Presence(item=item, host=place[0], path=place[1], volume=record.volume,
                        node=node_of(place[0], record), how=how, spans=spans, since=since,
                        call=call, dressed=_dress_of(item, record.matches))

    def _hold(
        self, place: Place, record: FileRecord, origin: Origin | None,
        earlier: Mapping[Place, tuple[Presence, ...]], moment: int, call: str | None,
    ) -> None:
        """What a place holds from now on; content that stayed keeps its history."""
        old = self.holding.pop(place, ())
        made: list[Presence] = []
        for item, spans in self.listed.in_record(place, record).items():
            left = spans
            for each in old:
                kept = common(left, each.spans) if each.item == item else ()
                if kept:
                    left = without(left, kept)
                    made.append(replace(each, spans=kept, node=node_of(place[0], record),
                                        volume=record.volume,
                                        dressed=_dress_of(item, record.matches)))
            if left and not old and self._is_return(place, item, record, origin, earlier):
                made.append(self._presence(item, place, record, "copy", left, BEFORE, None))
            elif left:
                grown = next((each for each in made if each.item == item and each.made), None)
                if grown is None:
                    made.append(self._presence(
                        item, place, record, _how(origin, earlier), left, moment, call))
                else:  # the same copy, further along
                    made[made.index(grown)] = replace(grown, spans=spans)
        if made:
            self.holding[place] = tuple(made)

    def _is_return(
        self, place: Place, item: str, record: FileRecord, origin: Origin | None,
        earlier: Mapping[Place, tuple[Presence, ...]],
    ) -> bool:
        """An original that was moved away and is back.

        The file itself, or one that went to another file system and came back by moves alone.
        """
        own = self.listed.own_place(place)
        if origin is None or origin.kind != "moved" or own is None or own[0] != item:
            return False
        return self.first_nodes.get(place) == node_of(place[0], record) or (
            _how(origin, earlier) == "move")

    def _keep_held(self, moment: Moment) -> None:
        """Files without a name; those of processes older than the order are nobody's doing."""
        now: dict[tuple[str, int, str, str], Presence] = {}
        for held in moment.held:
            if held.started_at < self.ordered_at:
                continue
            found = self.listed.in_held(held.matches, held.sha256)
            new = False
            for item, spans in found.items():
                key = (held.host, held.pid, held.path, item)
                old = self.held.get(key)
                new = new or old is None
                if key in now:  # two files without a name that had one place
                    spans = merged((*now[key].spans, *spans))
                now[key] = Presence(
                    item=item, host=held.host, path=held.path,
                    volume=self._volume_of(held.host, held.path), node=None, how="held",
                    spans=spans, since=old.since if old else moment.index,
                    call=old.call if old else (moment.call.id if moment.call else None),
                    dressed=_dress_of(item, held.matches))
            if new:
                self.effects.append(Made(self._held_effect(held, found, moment)))
        self.held = now

    def _held_effect(self, held: Held, found: dict[str, Spans], moment: Moment) -> Effect:
        item, spans = largest(found, self.listed)
        return Effect(
            id="", phase=moment.phase, moment=moment.index, kind="held", host=held.host,
            path=held.path, item=item,
            share=length(spans) / self.listed.sizes[item] if item is not None else 0.0,
            call=moment.call.id if moment.call else None, command=command_of(moment),
            after=f"held open by process {held.pid} ({held.command[:80]}), {sized(held.size)}",
            size=held.size, by=self.doers.of_process(held.host, held.pid).by if self.doers else "")

    def _volume_of(self, host: str, path: str) -> str:
        mounts = [mount for each, mount in self.volumes
                  if each == host and mount != "/" and path.startswith(mount.rstrip("/") + "/")]
        return max(mounts, key=len, default="")


def _dress_of(item: str, matches: Iterable[Match]) -> str:
    return next((each.dressed for each in matches if each.item == item), "")


def _how(origin: Origin | None, earlier: Mapping[Place, tuple[Presence, ...]]) -> How:
    """How content came to a place. A copy that is moved on stays a copy."""
    if origin is None:
        return "copy"
    if origin.kind == "moved" and origin.place is not None:
        before: Iterable[Presence] = earlier.get(origin.place, ())
        return next((each.how for each in before if each.made), "move")
    return _HOW.get(origin.kind, "copy")
