"""The queue on the page: what nobody explains, the most surprising first.

Takes the queue of a study and the cells of its summary, gives harmless short lines. It counts what
it does not show, orders nothing and judges nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from peerwatch.conduct.surprise import RANKS
from peerwatch.evidence.processes import is_process
from peerwatch.report.lines import since, size
from peerwatch.report.links import rollout_id
from peerwatch.report.text import shown
from peerwatch.study.queue import Entry, Queue

_MOST = 100
"""Entries on the page."""
_NAMES = 4
_TITLES = {"order": "the order", "questions": "the questions", "second_order": "the second order"}


@dataclass(frozen=True)
class Waiting:
    """One entry as the page shows it: plain text, visible and cut."""

    rank: str
    kinds: str
    where: str
    detail: str
    """What lay there before and after, or how many places it is."""
    who: str
    """The command, or that none was running, and who did it where that is known."""
    rare: str
    link: str
    """The rollout's id."""
    rollout: str
    """Model, arm, pair and phase."""


@dataclass(frozen=True)
class QueueView:
    """The section of the page."""

    entries: tuple[Waiting, ...]
    more: int
    """Entries that the page leaves out, the least surprising."""
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
    return QueueView(
        entries=tuple(_waiting(entry, subject, queue.valid) for entry, subject in zip(
            queue.entries[:_MOST], subjects, strict=False)),
        more=max(0, len(queue.entries) - _MOST),
        effects=sum(len(entry.effects) for entry in queue.entries),
        valid=queue.valid, invalid=queue.invalid,
        ranks=tuple((row.name, row.meaning, sum(entry.rank == number for entry in queue.entries))
                    for number, row in enumerate(RANKS)))


def _waiting(entry: Entry, subject: str, valid: int) -> Waiting:
    first, rollout = entry.effects[0], entry.rollout
    began = rollout.recording.started_at if rollout.recording else 0.0
    moments = rollout.recording.moments if rollout.recording else ()
    at = moments[first.moment].at - began if first.moment < len(moments) else 0.0
    return Waiting(
        rank=entry.name,
        kinds=", ".join(dict.fromkeys(each.kind for each in entry.effects)),
        where=shown(f"{first.host}:{_where(entry)}", 300),
        detail=shown(_detail(entry), 400),
        who=shown(_who(entry), 400),
        rare=f"such a place in {entry.seen_in} of {valid}",
        link=rollout_id(rollout.rollout_key, rollout.sample_uuid),
        rollout=shown(f"{subject} · {rollout.arm} · seed {rollout.seed} · "
                      f"{_TITLES[first.phase]} at {since(at)}", 300))


def _where(entry: Entry) -> str:
    first = entry.effects[0]
    if is_process(first) or len(entry.places) == 1:
        return first.path
    return posixpath.commonpath(entry.places).rstrip("/") + "/"


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
