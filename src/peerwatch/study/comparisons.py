"""The comparisons of a study with their numbers, family by family.

Takes families and groups of judged rollouts, gives results. No contrast has a number without a
certificate, and those of one family are corrected together within each subject.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from peerwatch.conduct.headline import preserved, survived
from peerwatch.conduct.judgement import Verdict
from peerwatch.design import Arm, Contrast, Family, Interaction, Proof, contrasts_in, parse_arm
from peerwatch.design.certificate import UncertifiedContrast
from peerwatch.errors import UsageError
from peerwatch.estimate import Difference, holm, interaction, score_difference, simultaneous_level
from peerwatch.estimate.interaction import Counts
from peerwatch.scenarios import examine
from peerwatch.scenarios.types import Scenario
from peerwatch.study.subjects import Group
from peerwatch.study.types import (
    NOT_COMPETENT,
    Competence,
    ContrastResult,
    FamilyResult,
    InteractionResult,
    Rate,
)

OUTCOMES: Mapping[str, Callable[[Verdict], bool | None]] = {
    "preservation": preserved, "survives": survived,
}
"""What a family can compare, by its name."""
OTHER_TEXTS = ("no certificate: these rollouts ran with other texts than this version has; use the "
               "version that ran them")
Arms = Mapping[Arm, Group]


def compare(
    families: Sequence[Family], groups: Sequence[Group], scenario: Scenario,
    able: Mapping[str, Competence],
) -> tuple[tuple[FamilyResult, ...], tuple[str, ...]]:
    """Results of every family over all subjects, and a line for what has no rollouts at all.

    Args:
        families: what is compared.
        groups: rollouts by subject and arm.
        scenario: for the certificates.
        able: the competence drill by subject; one that failed it has no number.
    """
    by_subject: dict[tuple[str, str], dict[Arm, Group]] = defaultdict(dict)
    for group in groups:
        by_subject[group.model, group.content][group.arm] = group
    prover = _Prover(scenario)
    made, lacking = [], []
    for family in families:
        contrasts: list[ContrastResult] = []
        interactions: list[InteractionResult] = []
        for (model, _), arms in by_subject.items():
            one, other = _of_subject(family, arms, prover, able.get(model))
            contrasts += one
            interactions += other
        if contrasts:
            made.append(FamilyResult(family.name, family.note, family.outcome,
                                     tuple(contrasts), tuple(interactions)))
        absent = [each.name for each in contrasts_in((family,)) if not any(
            each.treatment in arms and each.control in arms for arms in by_subject.values())]
        if absent:
            lacking.append(f"family {family.name}: no subject ran in both arms of "
                           f"{', '.join(dict.fromkeys(absent))}")
    return tuple(made), tuple(lacking)


def _of_subject(
    family: Family, arms: Arms, prover: _Prover, able: Competence | None
) -> tuple[list[ContrastResult], list[InteractionResult]]:
    halves = {contrast: _half(arms[contrast.treatment], arms[contrast.control], contrast,
                              OUTCOMES[family.outcome], family.outcome, prover, able)
              for contrast in contrasts_in((family,))
              if contrast.treatment in arms and contrast.control in arms}
    contrasts = [each for each in family.contrasts if each in halves]
    interactions = [each for each in family.interactions
                    if each.first in halves and each.second in halves]
    numbers = _estimated([
        *((halves[each].counts,) for each in contrasts),
        *((halves[each.first].counts, halves[each.second].counts) for each in interactions)])
    return (
        [_contrast(each, halves[each], number)
         for each, number in zip(contrasts, numbers, strict=False)],
        [_interaction(each, halves[each.first], halves[each.second], number)
         for each, number in zip(interactions, numbers[len(contrasts):], strict=True)])


@dataclass(frozen=True)
class _Half:
    """One contrast of one subject before it is estimated."""

    treatment: Group
    control: Group
    rates: tuple[Rate, Rate]
    certificate: Proof | None
    note: str
    able: bool

    @property
    def counts(self) -> Counts | None:
        """None where it has no number: no certificate, an arm without a valid rollout, or a
        subject that failed the competence drill."""
        one, other = self.rates
        proven = self.certificate is not None and self.certificate.holds
        if not (self.able and proven and one.valid and other.valid):
            return None
        return one.events, one.valid, other.events, other.valid


def _half(
    treatment: Group, control: Group, contrast: Contrast,
    outcome: Callable[[Verdict], bool | None], name: str, prover: _Prover,
    drilled: Competence | None,
) -> _Half:
    rates = treatment.rate(outcome), control.rate(outcome)
    certificate, note = prover.proof(contrast, treatment, control)
    if not note and not all(each.valid for each in rates):
        note = f"an arm has no valid rollout to which {name} applies"
    elif not note and treatment.pairs != control.pairs:
        note = "the arms do not hold the same pairs"
    able = drilled is None or drilled.competent is not False
    if not able and drilled is not None:
        note = (f"{NOT_COMPETENT} ({drilled.jobs.events} of {drilled.jobs.valid} jobs of the drill "
                f"done, the floor is {drilled.floor:g})")
    return _Half(treatment, control, rates, certificate, note, able)


@dataclass(frozen=True)
class _Numbers:
    """What ``Comparison`` says of them."""

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    low_together: float | None = None
    high_together: float | None = None
    p: float | None = None
    adjusted: float | None = None
    method: str = ""


def _estimated(family: Sequence[tuple[Counts | None, ...]]) -> list[_Numbers]:
    """Numbers of all comparisons of one subject in one family, corrected together."""
    alone = [_at(counts, 0.95) for counts in family]
    level = simultaneous_level(sum(each is not None for each in alone))
    adjusted = iter(holm([each.p for each in alone if each is not None]))
    made = []
    for counts, one in zip(family, alone, strict=True):
        wide = _at(counts, level)
        if one is None or wide is None:
            made.append(_Numbers())
        else:
            made.append(_Numbers(one.value, one.low, one.high, wide.low, wide.high, one.p,
                                 next(adjusted), one.method))
    return made


def _at(counts: tuple[Counts | None, ...], level: float) -> Difference | None:
    known = [each for each in counts if each is not None]
    if len(known) < len(counts):
        return None
    if len(known) == 1:
        return score_difference(*known[0], level=level)
    return interaction(known[0], known[1], level=level)


def _contrast(contrast: Contrast, half: _Half, numbers: _Numbers) -> ContrastResult:
    return ContrastResult(
        **vars(numbers),
        model=half.treatment.model,
        name=contrast.name,
        factor=contrast.factor,
        treatment=half.treatment.label,
        control=half.control.label,
        levels=(contrast.treatment[contrast.factor], contrast.control[contrast.factor]),
        treatment_rate=half.rates[0],
        control_rate=half.rates[1],
        certificate=half.certificate,
        pairs=len(half.treatment.pairs & half.control.pairs),
        note=half.note,
    )


def _interaction(
    between: Interaction, first: _Half, second: _Half, numbers: _Numbers
) -> InteractionResult:
    return InteractionResult(
        **vars(numbers),
        model=first.treatment.model,
        name=between.name,
        first=(first.treatment.label, first.control.label),
        second=(second.treatment.label, second.control.label),
        note="" if numbers.difference is not None else first.note or second.note,
    )


class _Prover:
    """Certificates, made again from the scenario as it is now, each once.

    A log names its stages by hash, so the same hash is the same bytes.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._known: dict[object, tuple[Proof | None, str]] = {}

    def proof(
        self, contrast: Contrast, treatment: Group, control: Group
    ) -> tuple[Proof | None, str]:
        """The certificate and why there is none, or none that holds; '' where it does."""
        ids = {(each.wording, each.seed, group.arm): each.stage_id
               for group in (treatment, control) for each in group.rollouts}
        key = contrast.treatment, contrast.control, contrast.factor, frozenset(ids.items())
        if key not in self._known:
            self._known[key] = self._prove(contrast, ids, treatment.subject)
        return self._known[key]

    def _prove(
        self, contrast: Contrast, ids: Mapping[tuple[int, int, Arm], str], subject: str
    ) -> tuple[Proof | None, str]:
        scenario = self._scenario
        try:
            arms = [parse_arm(scenario.factors, arm.as_dict(), scenario.excluded)
                    for arm in (contrast.treatment, contrast.control)]
            made = [scenario.stage(arm, wording, seed, subject)
                    for wording, seed in sorted({(wording, seed) for wording, seed, _ in ids})
                    for arm in arms]
            if any(ids.get((each.wording, each.seed, each.arm), each.stage_id) != each.stage_id
                   for each in made):
                return None, OTHER_TEXTS
            (proof,) = examine(scenario, made, [contrast])
        except (UncertifiedContrast, UsageError) as error:
            return None, f"no certificate: {error}"
        return proof, f"no certificate: {proof.problem()}" if proof.problem() else ""
