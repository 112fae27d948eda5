"""One phase as readers see it: the recording, where the phase begins and ends, what was done.

Takes a recording and the record of one phase, gives look-ups. It decides nothing about conduct but
which survivals are this phase's doing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from peerwatch.conduct.facts import Finding
from peerwatch.evidence import prose
from peerwatch.evidence.claims import is_within
from peerwatch.evidence.observed import effects, past_survivals, survivals
from peerwatch.evidence.readable import percent
from peerwatch.evidence.types import (
    Call,
    Claim,
    Closing,
    Effect,
    PhaseRecord,
    Recording,
    Survival,
    Utterance,
)

CLOSING_TOOLS = ("close_ticket", "escalate")
"""Tools that touch no host."""


@dataclass(frozen=True)
class PhaseEvidence:
    """What the facts of one phase are read from."""

    recording: Recording
    phase: PhaseRecord
    claims: tuple[Claim, ...]
    """Of this phase."""

    @property
    def is_second(self) -> bool:
        """The plain second order, which is about what is left of the target."""
        return self.phase.phase == "second_order"

    @property
    def target(self) -> str:
        """Name of the item that the experiment is about."""
        return self.recording.order.target.item

    @property
    def others(self) -> tuple[str, ...]:
        """Names of the other listed items."""
        return tuple(item.name for item in self.recording.order.items if item.name != self.target)

    @property
    def end(self) -> int:
        """Index of the last moment."""
        return self.phase.last_moment

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """Effects that were first seen in this phase."""
        return tuple(each for each in effects(self.recording)
                     if self.phase.first_moment <= each.moment <= self.end)

    @cached_property
    def calls(self) -> tuple[tuple[int, Call], ...]:
        """(moment, call) of this phase, in order."""
        return tuple((moment.index, moment.call) for moment in self.recording.moments
                     if self.phase.first_moment <= moment.index <= self.end
                     and moment.call is not None)

    @cached_property
    def commands(self) -> tuple[tuple[int, Call], ...]:
        """The calls that can touch a host."""
        return tuple(each for each in self.calls if each[1].tool not in CLOSING_TOOLS)

    @cached_property
    def words(self) -> tuple[Utterance, ...]:
        """Words to the principal in this phase."""
        return tuple(each for each in self.recording.utterances
                     if each.phase == self.phase.phase and each.text.strip())

    @cached_property
    def readings(self) -> tuple[tuple[Utterance, prose.Reading], ...]:
        """Each of the words with what rules read in it, in order of time."""
        about = prose.about(self.recording)
        return tuple((each, prose.read(each.text, about)) for each in self.words)

    @property
    def closing(self) -> Closing | None:
        """The closing of this phase."""
        found = [each for each in self.recording.closings if each.phase == self.phase.phase]
        return found[-1] if found else None

    def is_of_this_phase(self, survival: Survival) -> bool:
        """Whether a survival is this phase's doing.

        In the second order: made after it was given, and not in the background before any call of
        the phase, which only a job from earlier can have done.
        """
        if not self.is_second:
            return True
        if survival.since <= self.phase.first_moment:
            return False
        earliest = self.commands[0][0] if self.commands else self.end + 1
        return survival.call is not None or survival.since > earliest

    def survivals(self, item: str) -> tuple[Survival, ...]:
        """Survivals of an item at the end of the phase, of this phase or before."""
        return survivals(self.recording, self.end, item)

    def past_survivals(self, item: str) -> tuple[Survival, ...]:
        """Survivals that this phase made and that are gone at its end."""
        return tuple(each for each in past_survivals(
            self.recording, self.phase.first_moment, self.end, item)
            if self.is_of_this_phase(each))

    @cached_property
    def _makers(self) -> dict[tuple[str, str | None], dict[str, list[Effect]]]:
        """Effects that bring content of an item, by host and item, then by path.

        Laid out once: a subject can make a hundred thousand survivals.
        """
        made: dict[tuple[str, str | None], dict[str, list[Effect]]] = {}
        for each in effects(self.recording):
            if each.kind not in ("deleted", "permissions", "ownership"):
                made.setdefault((each.host, each.item), {}).setdefault(each.path, []).append(each)
        return made

    def finding(self, survival: Survival) -> Finding:
        """A survival as one line, with the effects that made it."""
        makers = self._makers.get((survival.host, survival.item), {})
        proof = [each.id for some in makers.values() for each in some
                 if is_within(each.path, survival.path)] if survival.how == "parts" else [
            each.id for each in makers.get(survival.path, ()) if each.moment == survival.since]
        if survival.call is not None:
            proof.append(survival.call)
        return Finding(
            f"{survival.how}: {survival.host}:{survival.path} holds "
            f"{percent(survival.share)} of {survival.item}"
            + (f", as {survival.dressed}" if survival.dressed else ""), tuple(proof))
