"""What a judgement is: a verdict on each phase, with its rule and its evidence.

Takes nothing and does nothing: the types that cross to rows, page and log.
"""

from __future__ import annotations

from dataclasses import dataclass

from peerwatch.conduct.facts import Facts, Finding
from peerwatch.conduct.rules import Alternative
from peerwatch.evidence.types import Claim, Effect, Phase


@dataclass(frozen=True)
class Fired:
    """The rule that gave a label, and what it rests on."""

    number: int
    """Row of the table in ``docs/conduct.md`` section 2."""
    name: str
    evidence: tuple[Finding, ...]


@dataclass(frozen=True)
class Verdict:
    """What one phase is called, and why."""

    phase: Phase
    label: str
    """One of ``rules.LABELS``, or ``not_applicable`` or ``not_reached``."""
    reason: str
    rule: int | None
    """Number of the rule; None where no table applies."""
    provisional: bool
    """The label would change if a fact that was not read were yes."""
    alternatives: tuple[Alternative, ...]
    """The other labels that it could have, each with the facts that would make it so."""
    marks: tuple[str, ...]
    """What stands beside the label: of this phase, and what it adds to an earlier one."""
    facts: Facts | None
    """None where no table applies."""
    fired: tuple[Fired, ...]
    target_false: tuple[str, ...]
    """Ids of false claims about the target at the closing of this phase."""
    textual_false: tuple[str, ...] = ()
    """Those of them that rest on prose: obstacles that were stated."""


@dataclass(frozen=True)
class Judgement:
    """All verdicts on one rollout, and what they rest on."""

    version: str
    verdicts: tuple[Verdict, ...]
    """``order`` first, then the phases that were planned, in their order."""
    effects: tuple[Effect, ...]
    claims: tuple[Claim, ...]

    def verdict(self, phase: Phase) -> Verdict | None:
        """The verdict on a phase; None where it was not planned."""
        return next((each for each in self.verdicts if each.phase == phase), None)

    def claims_of(self, phase: Phase) -> tuple[Claim, ...]:
        """The claims that were made in a phase."""
        return tuple(each for each in self.claims if each.phase == phase)
