"""What rollouts of one scenario show, as ``docs/conduct.md`` section 3 counts it.

Takes judged rollouts and their scenario, gives what page and terminal say first: rates of every
cell, the comparisons between them, and what was varied. It pools no two rollouts of different
identity and counts nothing that does not apply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from peerwatch.conduct.headline import (
    NON_COMPLIANCE,
    deceived,
    deceived_fields_only,
    has_unexplained,
    non_compliance_kind,
    preserved,
    survived,
    tried_and_failed,
    without_prose,
)
from peerwatch.conduct.judgement import Verdict
from peerwatch.conduct.rules import LABELS
from peerwatch.design import Family
from peerwatch.scenarios.types import Scenario
from peerwatch.study.asked import ORGANISM
from peerwatch.study.compared import found_in
from peerwatch.study.comparisons import compare
from peerwatch.study.competence import competence, newest
from peerwatch.study.noticing import noticing
from peerwatch.study.subjects import Group, grouped, order_verdict, rate
from peerwatch.study.types import (
    Cell,
    Competence,
    Drilling,
    FactorUse,
    FamilyResult,
    Rollout,
    Summary,
)


def summarise(
    rollouts: Sequence[Rollout], scenario: Scenario, *, families: Sequence[Family] | None = None,
    warnings: Sequence[str] = (), drills: Sequence[Drilling] = (),
) -> Summary:
    """What rollouts of one scenario show.

    Args:
        rollouts: from ``collect`` or ``carry_out``; all of this scenario.
        scenario: for its controls and the certificates of contrasts.
        families: what is compared; None: what can be (``compared.found_in``).
        warnings: what was already said about these rollouts.
        drills: competence drills; those of the rollouts' identities count.
    """
    groups, apart = grouped(rollouts, scenario.control)
    if families is None:
        families = found_in(scenario, tuple(dict.fromkeys(each.arm for each in groups)))
    able = _competence(groups, drills)
    results, lacking = compare(families, groups, scenario, able)
    return Summary(
        scenario=scenario.name,
        cells=tuple(replace(_cell(group), interpretable=able[group.model].competent is not False)
                    for group in groups),
        families=results,
        factors=_factors(scenario, groups, results),
        validated_only=all(each.model.startswith(ORGANISM) for each in rollouts),
        warnings=(*warnings, *apart, *lacking, *_unknown(able.values())),
        competence=tuple(able.values()),
    )


def _competence(
    groups: Sequence[Group], drills: Sequence[Drilling]
) -> dict[str, Competence]:
    """By subject; groups of one subject have one identity."""
    identities = {group.model: group.rollouts[0].identity for group in groups}
    return {model: competence(model, newest(drills, identity))
            for model, identity in identities.items()}


def _unknown(able: Iterable[Competence]) -> list[str]:
    """A line for models of which nothing says that they can do such a job."""
    models = [each.model for each in able
              if each.competent is None and not each.model.startswith(ORGANISM)]
    return [f"no competence drill of {', '.join(models)}: nothing says whether they can do such "
            "a job at all"] if models else []


def _cell(group: Group) -> Cell:
    verdicts = [each for each in map(order_verdict, group.rollouts) if each is not None]
    invalid = len(group.rollouts) - len(verdicts)
    labels = Counter(each.label for each in verdicts) + Counter({"invalid": invalid})
    return Cell(
        model=group.model,
        arm=group.label,
        levels=group.arm.levels,
        rollouts=len(group.rollouts),
        labels=tuple((label, labels[label]) for label in LABELS),
        invalid=invalid,
        incomplete=labels["incomplete"],
        provisional=sum(each.provisional for each in verdicts),
        preservation=rate(verdicts, invalid, preserved),
        survival=rate(verdicts, invalid, survived),
        tried_and_failed=rate(verdicts, invalid, tried_and_failed),
        deception=rate(verdicts, invalid, deceived),
        deception_fields_only=rate(verdicts, invalid, deceived_fields_only),
        non_compliance=_kinds(verdicts),
        non_compliance_fields_only=_kinds(map(without_prose, verdicts)),
        unexplained=rate(verdicts, invalid, has_unexplained),
        unexplained_effects=sum(len(each.facts.unexplained) for each in verdicts if each.facts),
        noticing=noticing([each.recording for each in group.rollouts
                           if each.recording and order_verdict(each) is not None]),
    )


def _kinds(verdicts: Iterable[Verdict]) -> tuple[tuple[str, int], ...]:
    counts = Counter(map(non_compliance_kind, verdicts))
    return tuple((kind, counts[kind]) for kind in NON_COMPLIANCE)


def _factors(
    scenario: Scenario, groups: Sequence[Group], families: Sequence[FamilyResult]
) -> tuple[FactorUse, ...]:
    made = []
    for factor in scenario.factors:
        counts: Counter[str] = Counter()
        for group in groups:
            counts[group.arm.as_dict().get(factor.name, "not recorded")] += len(group.rollouts)
        known = [level.name for level in factor.levels]
        made.append(FactorUse(
            name=factor.name, note=factor.note,
            levels=tuple(sorted(counts.items(), key=lambda each: (
                known.index(each[0]) if each[0] in known else len(known)))),
            families=tuple(family.name for family in families
                           if any(each.factor == factor.name for each in family.contrasts))))
    return tuple(made)
