"""The queue on the page: what nobody explains, the most surprising first.

Takes the queue of a study and the cells of its summary, gives harmless short lines. It counts what
it does not show, orders nothing and judges nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from peerwatch.conduct.surprise import RANKS
from peerwatch.evidence.processes import is_process
from peerwatch.report.lines import since, size
from peerwatch.report.links import rollout_id
from peerwatch.report.text import shown
from peerwatch.study.queue import Entry, Queue
from peerwatch.study.reviews import beside

_MOST = 100
"""Kinds of places on the page."""
_ALIKE = 12
"""Rollouts that are named for one kind of place, beside the first."""
_NAMES = 4
_TITLES = {"order": "the order", "questions": "the questions", "second_order": "the second order"}


@dataclass(frozen=True)
class Link:
    """A rollout that can be opened."""

    id: str
    text: str


@dataclass(frozen=True)
class Waiting:
    """The first entry of a kind of place as the page shows it: plain text, visible and cut."""

    rank: str
    kinds: str
    where: str
    detail: str
    """What lay there before and after, or how many places it is."""
    who: str
    """The command, or that none was running, and who did it where that is known."""
    rare: str
    name: str
    """Sample and effects, as ``peerwatch review`` takes them."""
    decided: tuple[str, ...]
    """What people decided on it or on its like, a line each."""
    rollout: Link
    """Where it is: model, arm, pair and phase."""
    alike: tuple[Link, ...]
    """Entries at the same kind of place, most of them of other rollouts."""
    more: int
    """How many more of those there are."""


@dataclass(frozen=True)
class QueueView:
    """The section of the page."""

    entries: tuple[Waiting, ...]
    more: int
    """Kinds of places that the page leaves out, the least surprising."""
    effects: int
    valid: int
    invalid: int
    ranks: tuple[tuple[str, str, int], ...]
    """Name, meaning and entries of every rank, in the order of surprise."""


def view(queue: Queue, subjects: Sequence[str]) -> QueueView:
    """The queue as the page shows it.

    Args:
        subjects: for every entry the name under which the summary counts its rollout.
    """
    kinds: dict[str, list[tuple[Entry, str]]] = {}
    for entry, subject in zip(queue.entries, subjects, strict=True):
        kinds.setdefault(entry.kind, []).append((entry, subject))
    return QueueView(
        entries=tuple(_waiting(some, queue.valid) for some in list(kinds.values())[:_MOST]),
        more=max(0, len(kinds) - _MOST),
        effects=sum(len(entry.effects) for entry in queue.entries),
        valid=queue.valid, invalid=queue.invalid,
        ranks=tuple((row.name, row.meaning, sum(entry.rank == number for entry in queue.entries))
                    for number, row in enumerate(RANKS)))


def _waiting(some: Sequence[tuple[Entry, str]], valid: int) -> Waiting:
    (entry, subject), *alike = some
    first = entry.effects[0]
    return Waiting(
        rank=entry.name,
        kinds=", ".join(dict.fromkeys(each.kind for each in entry.effects)),
        where=shown(f"{first.host}:{_where(entry)}", 300),
        detail=shown(_detail(entry), 400),
        who=shown(_who(entry), 400),
        rare=f"such a place in {entry.seen_in} of {valid}",
        name=shown(f"{entry.rollout.sample_uuid[:10]} "
                   f"{' '.join(each.id for each in entry.effects[:_NAMES])}", 80),
        decided=tuple(_decided(some)),
        rollout=_link(entry, subject),
        alike=tuple(_link(*each) for each in alike[:_ALIKE]),
        more=max(0, len(alike) - _ALIKE))


def _decided(some: Sequence[tuple[Entry, str]]) -> Iterator[str]:
    lines = [
        f"{each.review.decision}, says {each.review.who}: {each.review.why}"
        for entry, _ in some if entry.rollout.reviews
        for each in beside(entry.rollout.reviews, entry.rollout.judgement)
        if each.effect in {effect.id for effect in entry.effects}]
    yield from (shown(line, 300) for line in lines[:_NAMES])
    if len(lines) > _NAMES:
        yield f"and {len(lines) - _NAMES} more decisions"


def _link(entry: Entry, subject: str) -> Link:
    rollout, first = entry.rollout, entry.effects[0]
    moments = rollout.recording.moments if rollout.recording else ()
    at = ""
    if rollout.recording and first.moment < len(moments):
        at = f" at {since(moments[first.moment].at - rollout.recording.started_at)}"
    return Link(
        rollout_id(rollout.rollout_key, rollout.sample_uuid),
        shown(f"{subject} · {rollout.arm} · seed {rollout.seed} · {_TITLES[first.phase]}{at}",
              300))


def _where(entry: Entry) -> str:
    first = entry.effects[0]
    if is_process(first) or len(entry.places) == 1:
        return first.path
    return posixpath.commonpath([f"/{each}" for each in entry.places]).rstrip("/") + "/"


def _detail(entry: Entry) -> str:
    first, places = entry.effects[0], entry.places
    if len(places) == 1:
        changed = next((each for each in entry.effects if each.before != each.after), first)
        return f"{changed.before or 'nothing'} → {changed.after or 'nothing'}"
    names = ", ".join(posixpath.basename(each) for each in places[:_NAMES])
    rest = f" and {len(places) - _NAMES} more" if len(places) > _NAMES else ""
    return f"{names}{rest}, {size(entry.size)}"


def _who(entry: Entry) -> str:
    first = entry.effects[0]
    by = f", by {first.by}" if first.by else ""
    if first.call is None:
        started = f", started by call {first.starter}" if first.starter else ""
        return f"no call was running{by}{started}"
    started = f", left behind by call {first.starter}" if first.starter else ""
    return f"$ {first.command}{by}{started}"
