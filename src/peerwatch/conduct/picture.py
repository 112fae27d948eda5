"""A picture of the hosts: what of the listed items lay where before and after, and what moved.

Takes a recording and its effects, gives spots, flows and volumes as plain values; page and
terminal draw the same one. It reads states alone and judges nothing. Text in it is foreign and
untouched; how much is held is bounded, and says how much was left out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from peerwatch.evidence.claims import is_within
from peerwatch.evidence.observed import timeline
from peerwatch.evidence.spans import length, merged
from peerwatch.evidence.timeline import Presence
from peerwatch.evidence.types import Effect, Recording

SPOTS = 24
"""Places of one host in a picture."""
FLOWS = 40
IDS = 12
"""Ids of effects that one flow names."""
QUIET = frozenset({
    "created", "altered", "redated", "permissions", "ownership", "access", "scheduled", "record",
    "started", "stopped"})
"""Kinds of effects that bring no content anywhere and take none away."""
SAYING_MORE = frozenset({"sent", "hidden", "encoded"})
"""Kinds that stand beside another effect of the same change and say more of it."""

_Key = tuple[str, str, str]
"""Host, folder and item."""


@dataclass(frozen=True)
class Spot:
    """One folder that holds, or held, content of one listed item."""

    path: str
    """The folder, or the one file in it that holds any."""
    item: str
    target: bool
    own: bool
    """The item's own place, where it lay when the order came."""
    how: str
    """Of what is there by something done since the order: copy, move, link, held; else ''."""
    before: float
    """Share of the item's bytes when the rollout began, 0 to 1."""
    after: float
    """The same at its end; 0 in both: it came and went."""


@dataclass(frozen=True)
class Volume:
    """How full a data volume was before and after, in bytes."""

    mount: str
    size: int
    before: int
    after: int


@dataclass(frozen=True)
class Host:
    """One host of the picture."""

    name: str
    spots: tuple[Spot, ...]
    left_out: int
    """Further spots."""
    volumes: tuple[Volume, ...]


@dataclass(frozen=True)
class Flow:
    """Content of listed items that came to a place or went from it, by one call."""

    seconds: float
    """Since the rollout's start."""
    kind: str
    """Kind of the effects: copied, moved, linked, held, deleted, …"""
    more: tuple[str, ...]
    """What else is to be said of it: sent, hidden, encoded."""
    items: tuple[str, ...]
    """One, or of deletions on one host all that went, the target first."""
    target: bool
    """The target is among them."""
    source: str
    """Host that it came from; '' where that is not known."""
    source_path: str
    host: str
    """Host where it is now; of a deletion, where it was."""
    path: str
    """The folder, or the one file; of several items the folder that holds them all."""
    files: int
    call: str | None
    effects: tuple[str, ...]
    """Ids, the first of many."""


@dataclass(frozen=True)
class Picture:
    """The hosts of one rollout."""

    hosts: tuple[Host, ...]
    flows: tuple[Flow, ...]
    """In order of time."""
    left_out: int
    """Further flows."""


def picture(recording: Recording, effects: Sequence[Effect]) -> Picture:
    """The picture of a rollout.

    Args:
        effects: all effects of the recording.
    """
    flows = _flows(recording, effects)
    return Picture(_hosts(recording), tuple(flows[:FLOWS]), max(0, len(flows) - FLOWS))


def _folder(recording: Recording, host: str, path: str) -> str:
    for item in recording.order.items:
        if item.host == host and is_within(path, item.path):
            return item.path
    return posixpath.dirname(path) or path


def _hosts(recording: Recording) -> tuple[Host, ...]:
    history = timeline(recording).presences
    known: dict[_Key, list[float]] = {}
    how: dict[_Key, str] = {}
    for listed in recording.order.items:
        known[listed.host, listed.path, listed.name] = [0.0, 0.0]
    files: dict[_Key, set[str]] = {}
    last: tuple[Presence, ...] | None = None
    for here in history:
        if here is not last:  # most moments share their tuple
            for each in here:
                key = _key(recording, each)
                known.setdefault(key, [0.0, 0.0])
                files.setdefault(key, set()).add(each.path)
        last = here
    for index, moment in ((0, history[:1]), (1, history[-1:])):
        for here in moment:
            for key, share in _shares(recording, here).items():
                known[key][index] = share
    for each in last or ():
        if each.made:
            how.setdefault(_key(recording, each), each.how)
    target = recording.order.target.item
    own = {(each.host, each.path, each.name) for each in recording.order.items}
    names = dict.fromkeys((*recording.order.hosts, *(host for host, _, _ in known)))
    found: dict[str, list[Spot]] = {name: [] for name in names}
    for key, (before, after) in known.items():
        host, path, item = key
        paths = files.get(key, set())
        if len(paths) == 1 and key not in own:
            path = next(iter(paths))
        found[host].append(
            Spot(path, item, item == target, key in own, how.get(key, ""), before, after))
    made: list[Host] = []
    for name in names:
        spots = sorted(found[name], key=lambda each: (not each.target, each.item, each.path))
        made.append(Host(name, tuple(spots[:SPOTS]), max(0, len(spots) - SPOTS),
                         _volumes(recording, name)))
    return tuple(made)


def _key(recording: Recording, presence: Presence) -> _Key:
    return (presence.host, _folder(recording, presence.host, presence.path), presence.item)


def _shares(recording: Recording, here: Iterable[Presence]) -> dict[_Key, float]:
    spans: dict[_Key, list[tuple[int, int]]] = {}
    for each in here:
        spans.setdefault(_key(recording, each), []).extend(each.spans)
    sizes = {item.name: item.size for item in recording.order.items}
    return {key: length(merged(some)) / sizes[key[2]] if sizes[key[2]] else 0.0
            for key, some in spans.items()}


def _volumes(recording: Recording, host: str) -> tuple[Volume, ...]:
    told = [use for use in (recording.volumes, *(each.volumes for each in recording.moments))
            if use]
    if not told:
        return ()
    first, last = ({use.mount: use for use in some if use.host == host}
                   for some in (told[0], told[-1]))
    return tuple(Volume(mount, use.size_bytes, use.used_bytes, last[mount].used_bytes)
                 for mount, use in sorted(first.items()) if mount in last)


def _flows(recording: Recording, effects: Sequence[Effect]) -> list[Flow]:
    groups: dict[tuple[object, ...], list[Effect]] = {}
    more: dict[tuple[int, str, str], set[str]] = {}
    for each in effects:
        if each.kind in SAYING_MORE:
            more.setdefault((each.moment, each.host, each.path), set()).add(each.kind)
        elif each.item is not None and each.kind not in QUIET:
            # What one call deletes at the items' own places is one line, however many they are.
            folder = _folder(recording, each.host, each.path)
            own = each.kind == "deleted" and folder in _own_places(recording, each.host)
            groups.setdefault((
                each.moment, each.call, each.kind, "" if own else each.item,
                _origin(recording, each), each.host, "" if own else folder), []).append(each)
    times = {moment.index: (moment.call.started_at if moment.call else moment.at)
             - recording.started_at for moment in recording.moments}
    return [_flow(recording, some, times, more) for some in groups.values()]


def _own_places(recording: Recording, host: str) -> frozenset[str]:
    return frozenset(item.path for item in recording.order.items if item.host == host)


def _origin(recording: Recording, effect: Effect) -> tuple[str, str]:
    host, colon, path = (effect.origin or "").partition(":")
    return (host, _folder(recording, host, path)) if colon else ("", "")


def _flow(
    recording: Recording, some: Sequence[Effect], times: dict[int, float],
    more: dict[tuple[int, str, str], set[str]],
) -> Flow:
    first, target = some[0], recording.order.target.item
    source, source_path = _origin(recording, first)
    path = first.path
    if len(some) == 1:
        source_path = (first.origin or "").partition(":")[2]
    else:
        folders = {_folder(recording, each.host, each.path) for each in some}
        path = folders.pop() if len(folders) == 1 else posixpath.commonpath(
            [f"/{each}" for each in folders])
    said = {kind for each in some for kind in more.get((each.moment, each.host, each.path), ())}
    items = dict.fromkeys(each.item for each in some if each.item is not None)
    return Flow(
        seconds=times.get(first.moment, 0.0), kind=first.kind,
        more=tuple(sorted(said)),
        items=tuple(sorted(items, key=lambda name: name != target)), target=target in items,
        source=source, source_path=source_path, host=first.host, path=path, files=len(some),
        call=first.call, effects=tuple(each.id for each in some[:IDS]))
