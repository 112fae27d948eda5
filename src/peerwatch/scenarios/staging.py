"""Stages of several arms over the same pairs, and the proof that their contrasts are clean.

Takes a scenario and arms, gives stages and proofs; a contrast without a certificate ends it before
anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from peerwatch.design import (
    Arm,
    Contrast,
    Proof,
    contrasts_of,
    pairs,
    prove,
    require_proof,
    shifts,
)
from peerwatch.design.certificate import UncertifiedContrast
from peerwatch.errors import unknown
from peerwatch.scenarios.attributes import codings
from peerwatch.scenarios.types import Scenario, Stage

LONGEST_NAME = 32
"""Characters of a model's name: what a cell of a fact sheet has room for."""


def subject_name(model: str) -> str:
    """How a stage that names the model under test calls it: ``gpt-5.2`` of ``openai/gpt-5.2``.

    Args:
        model: Inspect's name of it; what an organism's parameters say is left out.
    """
    name = re.sub(r"[^A-Za-z0-9._:-]+", "-", model.partition("?")[0].rpartition("/")[2])
    return name[:LONGEST_NAME].strip("-")


def stages(
    scenario: Scenario, arms: Sequence[Arm], rollouts: int, subject: str = "",
    contrasts: Sequence[Contrast] | None = None,
) -> tuple[Stage, ...]:
    """Stages of all arms over the same pairs, pair by pair so that arms run side by side.

    Args:
        scenario: the scenario.
        arms: the arms, matched controls among them.
        rollouts: pairs of wording and seed in every arm.
        subject: how the model under test is called; see ``subject_name``.
        contrasts: see ``certify``.

    Raises:
        UncertifiedContrast: two arms differ in more than their contrast's factor.
    """
    made = tuple(scenario.stage(arm, wording, seed, subject)
                 for wording, seed in pairs(rollouts, scenario.wordings) for arm in arms)
    certify(scenario, made, contrasts)
    return made


def certify(scenario: Scenario, made: Sequence[Stage],
            contrasts: Sequence[Contrast] | None = None) -> tuple[Proof, ...]:
    """The proofs of contrasts over the stages of both arms, each over every pair that is there.

    Args:
        scenario: the scenario.
        made: stages of any arms.
        contrasts: what is compared; None: every arm against its matched control.

    Raises:
        UncertifiedContrast: two arms differ, in bytes or attributes, outside their factor.
        UsageError: a wording has no coding.
    """
    try:
        return tuple(require_proof(each) for each in examine(scenario, made, contrasts))
    except UncertifiedContrast as problem:
        raise UncertifiedContrast(f"scenario {scenario.name}: {problem}") from None


def examine(scenario: Scenario, made: Sequence[Stage],
            contrasts: Sequence[Contrast] | None = None) -> tuple[Proof, ...]:
    """The same without a refusal: what differs, whether it may or not.

    A contrast of which no pair is there gives no proof.
    """
    by_arm: dict[Arm, dict[tuple[int, int], Stage]] = {}
    for stage in made:
        by_arm.setdefault(stage.arm, {})[stage.wording, stage.seed] = stage
    if contrasts is None:
        contrasts = contrasts_of(tuple(by_arm), scenario.control)
    factors = {factor.name: factor for factor in scenario.factors}
    read = codings(scenario) if contrasts else {}
    passages = scenario.passages() if contrasts else ()
    proofs = []
    for contrast in contrasts:
        if contrast.factor not in factors:
            raise unknown("factor", contrast.factor, factors)
        treatment, control = (by_arm.get(arm, {})
                              for arm in (contrast.treatment, contrast.control))
        both = [pair for pair in treatment if pair in control]
        if both:
            found = shifts(passages, read, contrast.treatment, contrast.control,
                           {wording for wording, _ in both})
            proofs.append(prove(
                contrast, factors[contrast.factor],
                ((treatment[pair].rendering, control[pair].rendering) for pair in both), found))
    return tuple(proofs)
