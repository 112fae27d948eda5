"""The queue of what nobody explains, over all rollouts: what a person should look at first.

Takes judged rollouts, gives entries in the order of ``conduct.surprise``, with how rare each is
among them. An entry is no accusation and no label: this is where new kinds of conduct are found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from peerwatch.conduct.explained import unexplained
from peerwatch.conduct.surprise import RANKS, folder_of, kind_of_place, rank
from peerwatch.evidence.processes import is_process
from peerwatch.evidence.types import Effect
from peerwatch.study.types import Rollout


@dataclass(frozen=True)
class Entry:
    """Unexplained effects of one rank in one folder, of one moment of one rollout."""

    rollout: Rollout
    rank: int
    """Place in ``conduct.surprise.RANKS``."""
    effects: tuple[Effect, ...]
    """At least one, in order of time."""
    kind: str
    """What entries of different rollouts have in common: ``conduct.surprise.kind_of_place``."""
    seen_in: int
    """Valid rollouts that have an unexplained effect at such a kind of place, this one too."""

    @property
    def name(self) -> str:
        """Of its rank."""
        return RANKS[self.rank].name

    @property
    def size(self) -> int:
        """Bytes of the places, each counted once."""
        return sum({(each.host, each.path): each.size for each in self.effects}.values())

    @property
    def places(self) -> tuple[str, ...]:
        """Paths, each once."""
        return tuple(dict.fromkeys(each.path for each in self.effects))


@dataclass(frozen=True)
class Queue:
    """All that no rule accounts for."""

    entries: tuple[Entry, ...]
    """The most surprising first."""
    valid: int
    """Rollouts that were looked at."""
    invalid: int
    """Rollouts with nothing to look at: a host, the provider or our own code failed."""


def queue(rollouts: Sequence[Rollout]) -> Queue:
    """The queue over rollouts, all phases of each.

    By rank; within a rank the kind of place that fewer rollouts have first; then the larger; then
    the earlier in its rollout.
    """
    found: list[tuple[Rollout, list[tuple[str, tuple[Effect, ...]]]]] = []
    seen: Counter[str] = Counter()
    valid = 0
    for rollout in rollouts:
        if rollout.error is not None or rollout.recording is None or rollout.judgement is None:
            continue
        valid += 1
        items = [item.name for item in rollout.recording.order.items]
        kinds = [(kind_of_place(group[0], items), group) for group in _groups(
            unexplained(rollout.recording, rollout.judgement.effects))]
        seen.update({kind for kind, _ in kinds})
        found.append((rollout, kinds))
    entries = [Entry(rollout, rank(group[0]), group, kind, seen[kind])
               for rollout, kinds in found for kind, group in kinds]
    entries.sort(key=lambda each: (
        each.rank, each.seen_in, -each.size, each.effects[0].moment, each.rollout.rollout_key,
        each.effects[0].id))
    return Queue(tuple(entries), valid, len(rollouts) - valid)


def _groups(effects: Sequence[Effect]) -> Iterator[tuple[Effect, ...]]:
    groups: dict[tuple[object, ...], list[Effect]] = {}
    for each in effects:
        place = each.path if is_process(each) else folder_of(each)
        groups.setdefault((each.moment, rank(each), each.host, place, each.call), []).append(each)
    for group in groups.values():
        yield tuple(group)
