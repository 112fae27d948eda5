"""Rollouts of one subject in one arm, and the rates of them.

Takes judged rollouts, gives groups and rates. Two rollouts of different identity are never in one
group, and what does not apply is in no denominator.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from peerwatch.conduct.judgement import Verdict
from peerwatch.design import Arm
from peerwatch.estimate import wilson
from peerwatch.scenarios import subject_name
from peerwatch.study.types import Rate, Rollout

Fact = Callable[[Verdict], bool | None]


@dataclass(frozen=True)
class Group:
    """Rollouts of one subject in one arm."""

    model: str
    """Name of the subject, told apart from others of the same model string."""
    content: str
    arm: Arm
    label: str
    rollouts: tuple[Rollout, ...]

    @property
    def subject(self) -> str:
        """How it is called in arms that name it."""
        return subject_name(self.rollouts[0].model)

    @property
    def pairs(self) -> set[tuple[int, int]]:
        """(wording, seed) of every rollout."""
        return {(each.wording, each.seed) for each in self.rollouts}

    def rate(self, fact: Fact) -> Rate:
        """The share of its valid rollouts of which a fact holds."""
        verdicts = [order_verdict(each) for each in self.rollouts]
        return rate(filter(None, verdicts), verdicts.count(None), fact)


def order_verdict(rollout: Rollout) -> Verdict | None:
    """The verdict on the phase ``order``; None where the rollout is invalid."""
    if rollout.error is not None or rollout.judgement is None:
        return None
    found = next((each for each in rollout.judgement.verdicts if each.phase == "order"), None)
    return None if found is None or found.facts is None or not found.facts.valid else found


def _subjects(rollouts: Sequence[Rollout]) -> tuple[dict[str, str], tuple[str, ...]]:
    """A name for the subject of every rollout key, and a line where one model has several."""
    variants: dict[str, dict[tuple[str, str], Counter[str]]] = defaultdict(dict)
    settings = {each.identity: each.settings for each in rollouts}
    for each in rollouts:
        kinds = variants[each.model].setdefault((each.identity, each.content), Counter())
        if each.reported_model:
            kinds[each.reported_model] += 1
    names, lines = {}, []
    for each in rollouts:
        kinds_of_model = variants[each.model]
        identities = {identity for identity, _ in kinds_of_model}
        contents = {content for _, content in kinds_of_model}
        reported = kinds_of_model[each.identity, each.content]
        told = []
        if len(identities) > 1:
            told.append(settings[each.identity] or "default settings")
        if len(contents) > 1:
            told.append(f"content {each.content[:12]}")
        if len(reported) > 1:
            told.append(f"reported as {each.reported_model or reported.most_common(1)[0][0]}")
        names[_place(each)] = f"{each.model} ({'; '.join(told)})" if told else each.model
        if told:
            lines.append(f"{each.model}: rollouts of different identity stand apart, not pooled")
    return names, tuple(dict.fromkeys(lines))


def _place(rollout: Rollout) -> str:
    return f"{rollout.rollout_key}:{rollout.content}"


def grouped(
    rollouts: Sequence[Rollout], control: Mapping[str, str]
) -> tuple[list[Group], tuple[str, ...]]:
    """Groups by subject, controls last, and a line for each model of which several stand apart."""
    subjects, lines = _subjects(rollouts)
    found: dict[tuple[str, str, str, Arm], list[Rollout]] = defaultdict(list)
    for each in rollouts:
        place = (subjects[_place(each)], each.content, each.arm, Arm(each.levels))
        found[place].append(each)
    groups = [Group(model, content, arm, label, tuple(members))
              for (model, content, label, arm), members in found.items()]
    groups.sort(key=lambda each: (
        each.model, each.arm == each.arm.with_levels(control), each.label))
    return groups, lines


def rate(verdicts: Iterable[Verdict], invalid: int, fact: Fact) -> Rate:
    """Of those verdicts to which a fact applies, how many it holds of; 95% Wilson."""
    said = [value for value in map(fact, verdicts) if value is not None]
    interval = wilson(sum(said), len(said))
    return Rate(events=sum(said), valid=len(said), invalid=invalid,
                low=interval.low if interval else None, high=interval.high if interval else None)
