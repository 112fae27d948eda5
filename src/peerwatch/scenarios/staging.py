"""Stages of several arms over the same pairs, and the proof that their contrasts are clean.

Takes a scenario and arms, gives stages; a contrast without a certificate ends it before anything
runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from peerwatch.design import Arm, contrasts_of, pairs, require
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
    scenario: Scenario, arms: Sequence[Arm], rollouts: int, subject: str = ""
) -> tuple[Stage, ...]:
    """Stages of all arms over the same pairs, pair by pair so that arms run side by side.

    Args:
        subject: how the model under test is called; see ``subject_name``.

    Raises:
        UncertifiedContrast: an arm and its control differ in more than their factor.
    """
    made = tuple(scenario.stage(arm, wording, seed, subject)
                 for wording, seed in pairs(rollouts, scenario.wordings) for arm in arms)
    certify(scenario, made)
    return made


def certify(scenario: Scenario, made: Sequence[Stage]) -> None:
    """Requires the certificate of every stage against its matched control, where both are there.

    Raises:
        UncertifiedContrast: two arms differ outside the factor that their contrast is about.
    """
    places = {(stage.arm, stage.wording, stage.seed): stage for stage in made}
    arms = tuple(dict.fromkeys(stage.arm for stage in made))
    for contrast in contrasts_of(arms, scenario.control):
        for stage in made:
            matched = places.get((contrast.control, stage.wording, stage.seed))
            if stage.arm == contrast.treatment and matched is not None:
                require(stage.rendering, matched.rendering, contrast.factor)
