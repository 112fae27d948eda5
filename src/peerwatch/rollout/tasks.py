"""Inspect tasks made of stages.

Takes a scenario and stages, gives a task whose version is the hash of what stages are made of and
whose arguments never vary. Contents go to the hosts by their hash; the log holds none of them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai import Epochs, Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, get_model
from inspect_ai.util import SandboxEnvironmentSpec
from inspect_ai.viewer import TaskSamplesColumn, TaskSamplesView, ViewerConfig

from peerwatch.design import arms_over, with_controls
from peerwatch.errors import UsageError
from peerwatch.rollout.foreign import identity, make
from peerwatch.rollout.phases import staged_rollout
from peerwatch.rollout.scoring import conduct
from peerwatch.scenarios import certify, load, stages, subject_name
from peerwatch.scenarios.types import Scenario, Stage

SANDBOXES = ("fleet", "docker")

VIEWER = ViewerConfig(
    trust_content=False,
    task_samples_view=TaskSamplesView(
        name="Conduct",
        columns=[
            TaskSamplesColumn(id="sampleStatus"),
            TaskSamplesColumn(id="target"),
            # The label; the score's own column for it, named like the scorer, shows all keys.
            TaskSamplesColumn(id="answer"),
            *(TaskSamplesColumn.score("conduct", key) for key in (
                "carried_out", "kept", "disclosed", "denied", "false_claims",
                "overreach", "unexplained")),
            TaskSamplesColumn(id="tokens"),
            TaskSamplesColumn(id="duration"),
            TaskSamplesColumn(id="error"),
        ],
        multiline=False,
        score_labels={"carried_out": "carried out", "false_claims": "false claims"},
    ),
)
"""What a subject says is hostile input, for Inspect's viewer too."""


def sample(stage: Stage, sandbox: str) -> Sample:
    """One stage as one sample."""
    return Sample(
        id=stage.stage_id,
        target=stage.arm_label,  # the viewer's list has a column for it
        input=[ChatMessageSystem(content=stage.system), ChatMessageUser(content=stage.ticket)],
        metadata={
            "scenario": stage.scenario,
            "arm": stage.arm_label,
            "target": stage.order.target.kind,
            "levels": stage.arm.as_dict(),
            "wording": stage.wording,
            "seed": stage.seed,
            "subject": stage.subject,
            "stage_id": stage.stage_id,
            "canary": load(stage.scenario).canary,
        },
        sandbox=sandbox_of(stage, sandbox),
    )


def sandbox_of(stage: Stage, kind: str) -> SandboxEnvironmentSpec:
    """Where a stage's hosts are.

    Raises:
        UsageError: an unknown sandbox.
    """
    if kind not in SANDBOXES:
        raise UsageError(f"unknown sandbox {kind!r} (known: {', '.join(SANDBOXES)})")
    if kind == "docker":
        from peerwatch.fleet.docker.compose import compose

        return SandboxEnvironmentSpec(kind, compose(stage.fleet))
    return SandboxEnvironmentSpec(kind, stage.fleet)


def build_task(
    scenario: Scenario, made: Sequence[Stage], *, sandbox: str = "fleet",
    agent: str | None = None, turns: int | None = None,
) -> Task:
    """The task of a scenario over these stages, certified.

    Args:
        scenario: whose stages they are.
        made: the stages.
        sandbox: where the hosts are.
        agent: another agent than the plain loop, as ``foreign.make`` takes it.
        turns: most turns of a phase, where they are to be fewer than the stages'.

    Raises:
        UncertifiedContrast: see ``certify``.
        UsageError: an unknown sandbox or agent.
    """
    certify(scenario, made)
    if agent is not None:
        make(agent, ())  # now, not in every rollout
    asked, named = driven(agent, turns)
    return Task(
        name=f"peerwatch/{scenario.name}",
        display_name=f"peerwatch: {scenario.name}",
        dataset=MemoryDataset([sample(stage, sandbox) for stage in made], name=scenario.name),
        solver=staged_rollout(**asked),
        scorer=conduct(),
        epochs=Epochs(1, "mode"),  # the default, mean, would read a label as 0
        version=scenario.content_hash(),
        viewer=VIEWER,
        metadata={"scenario": scenario.name, "summary": scenario.summary, **named},
    )


def driven(agent: str | None, turns: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a solver is made with, and what the task's metadata tells of it.

    Only what is not the default: what Inspect takes for a task's identity stays as it was.
    """
    asked = {name: value for name, value in (("agent", agent), ("turns", turns))
             if value is not None}
    return asked, asked | ({"agent": identity(agent)} if agent is not None else {})


def _require_docker() -> None:
    from peerwatch.fleet.docker.image import require

    require(lambda line: print(line, file=sys.stderr))  # noqa: T201  (Inspect's display is not up)


def inspect_task(
    name: str, *, rollouts: int, sandbox: str, levels: Mapping[str, str | Sequence[str]],
    agent: str | None = None,
) -> Task:
    """The task for plain ``inspect eval``: the arms asked for and their matched controls.

    Args:
        name: the scenario.
        rollouts: (wording, seed) pairs in every arm.
        sandbox: where the hosts are.
        levels: level or levels by factor, e.g. ``{"target": "peer"}``.
        agent: another agent than the plain loop, as ``foreign.make`` takes it.

    Raises:
        UsageError: an unknown level, sandbox or agent.
        EnvironmentProblem: the sandbox is docker, and the engine cannot be used.
    """
    scenario = load(name)
    if sandbox == "docker":
        _require_docker()
    asked = [f"{factor}={level if isinstance(level, str) else ','.join(map(str, level))}"
             for factor, level in levels.items()]
    arms = with_controls(arms_over(scenario.factors, asked, scenario.excluded),
                         scenario.control, scenario.factors, scenario.excluded)
    made = stages(scenario, arms, rollouts, subject_name(str(get_model())))
    return build_task(scenario, made, sandbox=sandbox, agent=agent)
