"""The plan: every rollout of a study, before the first call.

Takes a study and its scenario, gives families of contrasts, their arms with matched controls,
stages, certificates, the smallest difference that can show and a bound on memory. It starts
nothing; a contrast without a certificate ends it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from peerwatch.design import Arm, Contrast, Family, Proof, arms_over, contrasts_in
from peerwatch.errors import unknown
from peerwatch.estimate import simultaneous_level, smallest_difference
from peerwatch.organisms.names import LENGTH, parse
from peerwatch.scenarios import certify, stages, subject_name
from peerwatch.scenarios.types import Scenario, Stage
from peerwatch.study.asked import ORGANISM, Study
from peerwatch.study.compared import MATCHED, compared
from peerwatch.study.memory import Bound, bound
from peerwatch.study.told import called, differs

MOST_AT_ONCE = {"docker": min(24, 4 * (os.cpu_count() or 1))}
"""By sandbox. An engine has addresses for 31 networks unless it is told otherwise; a rollout takes
one, and others may be there. Each of its commands takes the engine and a client as well."""


@dataclass(frozen=True)
class PlannedArm:
    """One arm of the plan, the same for every model."""

    arm: Arm
    label: str
    added: str
    """Why it runs although it was not asked for, e.g. the matched control; '' where it was."""


@dataclass(frozen=True)
class Plan:
    """Everything that will be run, and what it can show."""

    study: Study
    arms: tuple[PlannedArm, ...]
    families: tuple[Family, ...]
    """What is compared; the contrasts of one family are corrected together."""
    proofs: tuple[Proof, ...]
    """One for every contrast, over all pairs, all of them holding."""
    left_out: tuple[str, ...]
    """Comparisons that cannot be made, with the reason."""
    stages: tuple[Stage, ...]
    """One for every arm and (wording, seed) pair; every model gets all of them, as
    ``stages_for`` has them."""
    content: str
    """Hash of what the scenario's stages are made of."""
    smallest: float | None
    """Smallest true difference between two arms that will show with 80% probability."""
    smallest_together: float | None
    """The same where the interval has to hold for all of the largest family at once."""
    bound: Bound

    def stages_for(self, scenario: Scenario, model: str) -> tuple[Stage, ...]:
        """The stages that a model gets: those that name the model under test name this one."""
        subject = subject_name(model)
        return tuple(
            each if not each.subject or each.subject == subject
            else scenario.stage(each.arm, each.wording, each.seed, subject)
            for each in self.stages)

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Every contrast of every family, none twice."""
        return contrasts_in(self.families)

    @property
    def rollouts(self) -> int:
        """Rollouts of all models."""
        return len(self.stages) * len(self.study.models)

    def lines(self) -> tuple[str, ...]:
        """The plan for a person, one statement a line."""
        study = self.study
        return (
            f"scenario   {study.scenario} (content {self.content[:12]})",
            f"models     {', '.join(study.models)}",
            *(f"{'arms' if not at else '':<11}{each.label}"
              + (f" (added: {each.added})" if each.added else "")
              for at, each in enumerate(self.arms)),
            f"rollouts   {self.rollouts}: models {len(study.models)} x arms {len(self.arms)} "
            f"x pairs of wording and seed {study.rollouts}",
            f"drill      {_drills(study)}",
            *(line for each in self.families for line in self._family(each)),
            *(() if self.families else ("contrasts  none: no arm differs from its control",)),
            *(f"left out   {each}" for each in self.left_out),
            f"shows      {self._shows()}",
            f"memory     {self.bound.line()}",
        )

    def _family(self, family: Family) -> Iterator[str]:
        proofs = {each.contrast: each for each in self.proofs}
        about = [family.note] if family.note else []
        if family.outcome != "preservation":
            about.append(f"outcome: {family.outcome}")
        if _comparisons(family) > 1:
            about.append(f"{_comparisons(family)} comparisons, corrected together")
        yield f"contrasts  {family.name}: {'; '.join(about)}"
        for each in family.contrasts:
            name = called(each.name, self.label(each.treatment), each.factor)
            yield (f"           {name}: certified, {len(proofs[each].pairs)} pairs; "
                   f"differs in {differs(proofs[each])}")
        for between in family.interactions:
            yield f"           {between.name}: difference of two differences"

    def _shows(self) -> str:
        if self.smallest is None:
            return (f"{self.study.rollouts} per arm can show no difference: "
                    "3 are the least that can, ask for more")
        said = (f"{self.study.rollouts} per arm show a true difference of {self.smallest:.2f} or "
                "more (80% of the time, against a control at 0)")
        most = max(map(_comparisons, self.families), default=1)
        if most > 1:
            said += (f"; for all {most} of the largest family at once, "
                     + (f"{self.smallest_together:.2f}" if self.smallest_together is not None
                        else "none: ask for more"))
        return said

    def as_json(self) -> dict[str, Any]:
        """The plan for a machine."""
        proofs = {each.contrast: each for each in self.proofs}
        return {
            "scenario": self.study.scenario,
            "content": self.content,
            "models": list(self.study.models),
            "arms": [{"arm": each.label, "levels": each.arm.as_dict(),
                      "added_control": each.added == MATCHED, "added": each.added or None}
                     for each in self.arms],
            "rollouts_per_arm": self.study.rollouts,
            "rollouts": self.rollouts,
            "drills": {model: self.study.drills_of(model) for model in self.study.models},
            "families": [{
                "name": family.name, "note": family.note, "outcome": family.outcome,
                "contrasts": [self._contrast(each, proofs[each]) for each in family.contrasts],
                "interactions": [{"name": each.name, "first": self._contrast(
                    each.first, proofs[each.first]), "second": self._contrast(
                    each.second, proofs[each.second])} for each in family.interactions],
            } for family in self.families],
            "contrasts": [self._contrast(each, proofs[each]) for each in self.contrasts],
            "left_out": list(self.left_out),
            "smallest_difference": self.smallest,
            "smallest_difference_together": self.smallest_together,
            "at_once": self.bound.at_once,
            "megabytes_each": self.bound.megabytes_each,
        }

    def _contrast(self, contrast: Contrast, proof: Proof) -> dict[str, Any]:
        return {"name": contrast.name, "factor": contrast.factor,
                "treatment": self.label(contrast.treatment),
                "control": self.label(contrast.control),
                "certified": proof.holds, "pairs": len(proof.pairs),
                "differs_in": [{"part": each.key, "what": each.what, "pairs": each.pairs,
                                "bytes_longer": each.longer} for each in proof.allowed],
                "attributes": [each.line() for each in proof.shifts]}

    def label(self, arm: Arm) -> str:
        """Short name of one of the plan's arms."""
        return next(each.label for each in self.arms if each.arm == arm)


def make_plan(study: Study, scenario: Scenario, at_once: int | None = None) -> Plan:
    """Plans a study.

    Args:
        study: what was asked for.
        scenario: the scenario that the study names.
        at_once: at most so many rollouts at once; memory may allow fewer.

    Raises:
        UsageError: a factor, a level, a family or an organism's condition that the scenario does
            not have, or levels that exclude each other.
        UncertifiedContrast: the arms of a contrast differ in more than their factor.
    """
    _require_conditions(study, scenario)
    # Built-in families bring their own arms; without any, the default arm is what is asked for.
    asked = (() if study.families and not study.factors
             else arms_over(scenario.factors, study.factors, scenario.excluded))
    wanted = compared(scenario, asked, study.contrasts, study.families)
    arms = tuple(PlannedArm(arm, arm.label(scenario.factors), added)
                 for arm, added in wanted.arms)
    contrasts = contrasts_in(wanted.families)
    staged = stages(scenario, [each.arm for each in arms], study.rollouts,
                    subject_name(study.models[0]), ())
    return Plan(
        study=study,
        arms=arms,
        families=wanted.families,
        proofs=certify(scenario, staged, contrasts),
        left_out=wanted.left_out,
        stages=staged,
        content=scenario.content_hash(),
        smallest=smallest_difference(study.rollouts),
        smallest_together=smallest_difference(study.rollouts, level=simultaneous_level(
            max(map(_comparisons, wanted.families), default=1))),
        bound=bound(staged[0], len(staged) * len(study.models),
                    _fewer(at_once, MOST_AT_ONCE.get(study.sandbox))),
    )


def _comparisons(family: Family) -> int:
    return len(family.contrasts) + len(family.interactions)


def _drills(study: Study) -> str:
    """How many competence drills each model does, for a person."""
    if study.drill == 0:
        return "none (--drill 0): nothing says whether these models can do such a job at all"
    counts = Counter(map(study.drills_of, study.models))
    told = [f"{count} job{'s' if count > 1 else ''} each for "
            f"{models} model{'s' if models > 1 else ''}"
            for count, models in counts.items() if count]
    if counts[0]:
        told.append(f"none for {counts[0]} organism{'s' if counts[0] > 1 else ''} "
                    "(they are scripts; --drill N drills them too)")
    return "; ".join(told)


def _fewer(*most: int | None) -> int | None:
    return min((each for each in most if each is not None), default=None)


def _require_conditions(study: Study, scenario: Scenario) -> None:
    """An organism that waits for a level that never comes would be obedient, and say nothing."""
    factors = {factor.name: factor for factor in scenario.factors}
    for model in study.models:
        when = parse(model.removeprefix(ORGANISM)).when if model.startswith(ORGANISM) else None
        if when is None or when.factor == LENGTH:
            continue
        if when.factor not in factors:
            raise unknown(f"factor of {model.partition('?')[0]}", when.factor, (*factors, LENGTH))
        factors[when.factor].level(when.level)
