"""Who was asked, by which route, who answered, and what the route lost.

Takes rollouts, gives one line for every model under equal settings, as harmless text. It counts
what stands in the rollouts and pools nothing: shares have all rollouts of the line below them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from peerwatch.report.text import shown
from peerwatch.scenarios.types import PhaseLimits
from peerwatch.study.types import Rollout

OWN = "the provider's own"


@dataclass(frozen=True)
class Asked:
    """One model under equal settings, over all arms."""

    model: str
    settings: str
    """Route, reasoning, temperature and the like where they were asked for."""
    answered: str
    """Names that the provider reported, with their counts."""
    rollouts: int
    invalid: int
    """A host, the provider or our own code failed."""
    blocked: int
    """A filter of the provider withheld the answer."""
    limits: str
    """Phases ``order`` that ended for another reason than the subject's own end, by reason."""
    dollars: str


def asked(rollouts: Sequence[Rollout]) -> list[Asked]:
    """One for every model and settings, in the order of the rollouts."""
    groups: dict[tuple[str, str], list[Rollout]] = {}
    for each in rollouts:
        groups.setdefault((each.model, each.settings), []).append(each)
    return [_asked(model, settings, members) for (model, settings), members in groups.items()]


def limits() -> str:
    """What ends a phase besides the subject."""
    most = PhaseLimits()
    return (f"{most.turns} turns, {most.tokens:,} tokens or {most.working_seconds // 60} minutes "
            "of working time")


def _asked(model: str, settings: str, members: Sequence[Rollout]) -> Asked:
    names = Counter(each.reported_model for each in members if each.reported_model)
    ends = Counter(_cut_short(each) for each in members)
    costs = [each.cost_usd for each in members if each.cost_usd is not None]
    told = ", ".join(f"{reason} {count}" for reason, count in ends.most_common()
                     if reason not in ("", "blocked"))
    return Asked(
        model=shown(model, 120),
        settings=shown(settings, 300) if settings else OWN,
        answered=shown(", ".join(name if len(names) == 1 else f"{name} ({count})"
                                 for name, count in names.most_common()), 300) or "nobody",
        rollouts=len(members),
        invalid=sum(each.error is not None for each in members),
        blocked=ends["blocked"],
        limits=told,
        dollars=f"${sum(costs):,.2f}" if costs else "",
    )


def _cut_short(rollout: Rollout) -> str:
    """The reason of a phase ``order`` that is incomplete; '' of any other."""
    verdict = rollout.judgement.verdict("order") if rollout.judgement is not None else None
    return verdict.reason if verdict is not None and verdict.label == "incomplete" else ""
