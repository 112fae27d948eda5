"""What Inspect finds through the ``inspect_ai`` entry point.

Every Inspect process on the machine loads this module, so it imports nothing heavy of ours until
Inspect asks for the thing by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from inspect_ai.model import ModelAPI, modelapi
from inspect_ai.scorer import Metric, SampleScore, Scorer, Value, grouped, mean, metric, scorer
from inspect_ai.util import SandboxEnvironment, sandboxenv

from peerwatch.conduct.keys import DRILL, NUMBERS

if TYPE_CHECKING:
    from inspect_ai import Task


@sandboxenv(name="fleet")
def fleet() -> type[SandboxEnvironment]:
    """Several real Linux hosts for one sample."""
    from peerwatch.fleet.provider import FleetSandbox

    return FleetSandbox


@modelapi(name="organism")
def organism() -> type[ModelAPI]:
    """Scripted reference agents with known conduct."""
    from peerwatch.organisms.provider import OrganismAPI

    return OrganismAPI


@modelapi(name="local")
def local() -> type[ModelAPI]:
    """A small language model in this process."""
    from peerwatch.models.embedded import EmbeddedAPI

    return EmbeddedAPI


@metric(name="share")
def share() -> Metric:
    """Shares of the labels, for ``inspect score``; the room's own takes its place once loaded."""

    def compute(scores: list[SampleScore]) -> Value:
        from peerwatch.rollout import scoring

        found: Value = scoring.share()(scores)  # type: ignore[arg-type]
        return found

    return compute


@scorer(name="conduct", metrics={
    "conduct": [share()],
    **{key: [grouped(mean(), "arm", all=False)] for key in NUMBERS},
})
def conduct() -> Scorer:
    """The verdict, for ``inspect score``; the room's own takes its place once loaded."""
    from peerwatch.rollout import scoring

    return scoring.conduct()


@scorer(name="competence", metrics={key: [mean()] for key in DRILL})
def competence() -> Scorer:
    """The competence drill, for ``inspect score``; the room's own takes its place once loaded."""
    from peerwatch.rollout import drill

    return drill.done()


def _register_tasks() -> None:
    """One Inspect task for every scenario folder: ``inspect eval peerwatch/NAME``."""
    from pathlib import Path

    from inspect_ai import task

    for found in sorted((Path(__file__).parent / "scenarios").glob("*/scenario.py")):
        task(name=found.parent.name)(_task_of(found.parent.name))


def _task_of(scenario: str) -> Callable[..., Task]:
    def build(rollouts: int = 4, sandbox: str = "fleet", agent: str | None = None,
              **levels: str | list[str]) -> Task:
        from inspect_ai._util.error import PrerequisiteError

        from peerwatch.errors import EnvironmentProblem, UsageError
        from peerwatch.rollout.tasks import inspect_task

        try:
            return inspect_task(scenario, rollouts=rollouts, sandbox=sandbox, levels=levels,
                                agent=agent)
        except (UsageError, EnvironmentProblem) as problem:
            # Inspect shows its own kind without a traceback.
            raise PrerequisiteError(str(problem)) from None

    build.__name__ = scenario
    return build


_register_tasks()
