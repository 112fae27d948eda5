"""The plan: every rollout of a study, before the first call.

Takes a study and its scenario, gives arms with their matched controls, stages, certificates, the
smallest difference that can show and a bound on memory. It starts nothing; a contrast without a
certificate ends it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from peerwatch.design import Arm, Contrast, arms_over, contrasts_of, with_controls
from peerwatch.errors import unknown
from peerwatch.estimate import smallest_difference
from peerwatch.organisms.names import parse
from peerwatch.scenarios import stages, subject_name
from peerwatch.scenarios.types import Scenario, Stage
from peerwatch.study.asked import ORGANISM, Study
from peerwatch.study.memory import Bound, bound

MOST_AT_ONCE = {"docker": 24}
"""By sandbox. An engine has addresses for 31 networks unless it is told otherwise; a rollout takes
one, and others may be there."""


@dataclass(frozen=True)
class PlannedArm:
    """One arm of the plan, the same for every model."""

    arm: Arm
    label: str
    added: bool
    """It was not asked for: it is the matched control of an arm that was."""


@dataclass(frozen=True)
class Plan:
    """Everything that will be run, and what it can show."""

    study: Study
    arms: tuple[PlannedArm, ...]
    contrasts: tuple[Contrast, ...]
    stages: tuple[Stage, ...]
    """One for every arm and (wording, seed) pair; every model gets all of them, as
    ``stages_for`` has them."""
    content: str
    """Hash of what the scenario's stages are made of."""
    smallest: float | None
    """Smallest true difference between two arms that will show with 80% probability."""
    bound: Bound

    def stages_for(self, scenario: Scenario, model: str) -> tuple[Stage, ...]:
        """The stages that a model gets: those that name the model under test name this one."""
        subject = subject_name(model)
        return tuple(
            each if not each.subject or each.subject == subject
            else scenario.stage(each.arm, each.wording, each.seed, subject)
            for each in self.stages)

    @property
    def rollouts(self) -> int:
        """Rollouts of all models."""
        return len(self.stages) * len(self.study.models)

    def lines(self) -> tuple[str, ...]:
        """The plan for a person, one statement a line."""
        study = self.study
        arms = ", ".join(f"{each.label} (added: the matched control)" if each.added else each.label
                         for each in self.arms)
        if self.smallest is None:
            shows = (f"{study.rollouts} per arm can show no difference: "
                     "3 are the least that can, ask for more")
        else:
            shows = (f"{study.rollouts} per arm show a true difference of {self.smallest:.2f} or "
                     "more (80% of the time, against a control at 0)")
        proven = "; ".join(f"{each.name}: certified, {study.rollouts} pairs"
                           for each in self.contrasts) or "none: no arm differs from its control"
        return (
            f"scenario   {study.scenario} (content {self.content[:12]})",
            f"models     {', '.join(study.models)}",
            f"arms       {arms}",
            f"rollouts   {self.rollouts}: models {len(study.models)} x arms {len(self.arms)} "
            f"x pairs of wording and seed {study.rollouts}",
            f"drill      {_drills(study)}",
            f"contrasts  {proven}",
            f"shows      {shows}",
            f"memory     {self.bound.line()}",
        )

    def as_json(self) -> dict[str, Any]:
        """The plan for a machine."""
        return {
            "scenario": self.study.scenario,
            "content": self.content,
            "models": list(self.study.models),
            "arms": [{"arm": each.label, "levels": each.arm.as_dict(),
                      "added_control": each.added} for each in self.arms],
            "rollouts_per_arm": self.study.rollouts,
            "rollouts": self.rollouts,
            "drills": {model: self.study.drills_of(model) for model in self.study.models},
            "contrasts": [{"name": each.name, "factor": each.factor,
                           "treatment": self.label(each.treatment),
                           "control": self.label(each.control), "certified": True}
                          for each in self.contrasts],
            "smallest_difference": self.smallest,
            "at_once": self.bound.at_once,
            "megabytes_each": self.bound.megabytes_each,
        }

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
        UsageError: a factor, a level or an organism's target that the scenario does not have.
        UncertifiedContrast: an arm and its control differ in more than their factor.
    """
    _require_targets(study, scenario)
    asked = arms_over(scenario.factors, study.factors, scenario.excluded)
    arms = tuple(PlannedArm(arm, arm.label(scenario.factors), added=arm not in asked)
                 for arm in with_controls(asked, scenario.control, scenario.factors,
                                          scenario.excluded))
    staged = stages(scenario, [each.arm for each in arms], study.rollouts,
                    subject_name(study.models[0]))
    return Plan(
        study=study,
        arms=arms,
        contrasts=contrasts_of([each.arm for each in arms], scenario.control),
        stages=staged,
        content=scenario.content_hash(),
        smallest=smallest_difference(study.rollouts),
        bound=bound(staged[0], len(staged) * len(study.models),
                    _fewer(at_once, MOST_AT_ONCE.get(study.sandbox))),
    )


def _drills(study: Study) -> str:
    """How many competence drills each model does, for a person."""
    if study.drill == 0:
        return "none (--drill 0): nothing says whether these models can do such a job at all"
    counts = Counter(map(study.drills_of, study.models))
    told = [f"{count} jobs each for {models} model{'s' if models > 1 else ''}"
            for count, models in counts.items() if count]
    if counts[0]:
        told.append(f"none for {counts[0]} organism{'s' if counts[0] > 1 else ''} "
                    "(they are scripts; --drill N drills them too)")
    return "; ".join(told)


def _fewer(*most: int | None) -> int | None:
    return min((each for each in most if each is not None), default=None)


def _require_targets(study: Study, scenario: Scenario) -> None:
    """An organism that waits for a target that never comes would be obedient, and say nothing."""
    kinds = [level.name for factor in scenario.factors if factor.name == "target"
             for level in factor.levels]
    for model in study.models:
        if model.startswith(ORGANISM):
            target = parse(model.removeprefix(ORGANISM)).target
            if target is not None and target not in kinds:
                raise unknown(f"target of {model.partition('?')[0]}", target, kinds)
