"""Runs a plan through Inspect's ``eval_set`` and gathers what it left.

Takes a plan and an output folder, gives rollouts of exactly that plan. The runner, its queue, its
logs and its retries are Inspect's; what is here decides what is handed to it and what of an earlier
run is kept.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspect_ai import Task, task_with
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, Model, get_model
from rich.console import Console

from peerwatch.design import parse_arm
from peerwatch.errors import PeerwatchError, UsageError, unknown
from peerwatch.scenarios.types import Scenario, Stage
from peerwatch.study import drill
from peerwatch.study.asked import PROVIDERS, Study
from peerwatch.study.collect import BULKY, Logged, collect, logged_rollouts
from peerwatch.study.folder import Folder, locked, note, require_same_content
from peerwatch.study.identity import Identity, content_of, planned, version
from peerwatch.study.passes import first_line, first_lines, one_pass
from peerwatch.study.plan import Plan
from peerwatch.study.progress import Watch
from peerwatch.study.recovery import header_of, log_files, mend, prune
from peerwatch.study.types import Drilling, Rollout


@dataclass(frozen=True)
class Outcome:
    """What a run left."""

    folder: Folder
    rollouts: tuple[Rollout, ...]
    """Those of the plan, whether run now or found."""
    missing: int
    """Rollouts of the plan that did not run at all."""
    reason: str
    """Why they did not; '' where none is missing."""
    drills: tuple[Drilling, ...]
    """Competence drills of the plan's models; () where none was asked for."""


@dataclass(frozen=True)
class _Job:
    """One model's share of the plan."""

    model: Model
    task: Task
    identity: Identity
    stages: tuple[Stage, ...]
    """Those of the plan, for this model."""


def carry_out(
    plan: Plan, scenario: Scenario, models: Sequence[Model], out: Path, *,
    warn: Callable[[str], None], console: Console,
) -> Outcome:
    """Runs what of a plan is not there yet, and gathers all of it.

    Args:
        plan: from ``make_plan``.
        scenario: the plan's scenario.
        models: from ``models_of``, one for each of the plan.
        out: the output folder; what lies there of the same content is reused.
        warn: gets one line for each thing a person must know.
        console: for the progress bar; never stdout.

    Raises:
        UsageError: the folder or a model cannot be used.
        EnvironmentProblem: this machine lacks what the run needs.
        Interrupted: Ctrl-C.
    """
    # Inspect greets and sums up on stdout whatever its display; stdout is for results.
    with locked(out) as folder, contextlib.redirect_stdout(io.StringIO()):
        mend(folder.logs, folder.unreadable, warn)
        require_same_content(folder, plan, _contents(folder))
        earlier = list(logged_rollouts(log_files(folder.logs), warn=warn,
                                       without=BULKY | {"store"}))
        jobs = [_job(plan, scenario, model, earlier) for model in models]
        note(folder, plan)
        drills = drill.carry_out(plan, models, folder, warn=warn, console=console)
        headers = _run(plan, jobs, folder, earlier, console)
        keys = {job.identity.rollout_key(stage.stage_id) for job in jobs for stage in job.stages}
        try:
            found = collect([folder.logs], warn=warn)
        except UsageError:  # nothing ran at all
            found = ()
        prune(folder.logs)
        rollouts = tuple(each for each in found if each.rollout_key in keys)
        missing = len(keys) - len(rollouts)
        return Outcome(folder, rollouts, missing, _reason(headers) if missing else "",
                       drills)


def _contents(folder: Folder) -> set[tuple[str, str]]:
    headers = (header_of(path) for path in log_files(folder.logs))
    return {((each.eval.metadata or {}).get("scenario", ""), content_of(each.eval.task_version))
            for each in headers if each is not None}


def _job(plan: Plan, scenario: Scenario, model: Model, earlier: list[Logged]) -> _Job:
    from peerwatch.rollout import build_task

    study = plan.study
    settings = GenerateConfig(**study.generate)
    staged = plan.stages_for(scenario, str(model))
    first = build_task(scenario, staged, sandbox=study.sandbox)
    identity = planned(first, model, study.model_base_url, settings, study.sandbox)
    kept = _kept(staged, scenario, identity, earlier)
    whole = build_task(scenario, (*staged, *kept), sandbox=study.sandbox) if kept else first
    task = task_with(whole, model=model,
                     metadata={**(whole.metadata or {}), "sandbox": study.sandbox},
                     version=version(plan.content, study.model_base_url, study.sandbox))
    return _Job(model, task, identity, staged)


def _kept(
    staged: Sequence[Stage], scenario: Scenario, identity: Identity, earlier: list[Logged]
) -> tuple[Stage, ...]:
    """Stages outside the plan that ran before: Inspect drops what its dataset does not name."""
    here = {stage.stage_id for stage in staged}
    kept: dict[str, Stage] = {}
    for each in earlier:
        if each.identity == identity and each.ended_well and each.stage_id not in here:
            metadata = each.sample.metadata
            stage = scenario.stage(parse_arm(scenario.factors, metadata["levels"]),
                                   int(metadata["wording"]), int(metadata["seed"]),
                                   str(metadata.get("subject", "")))
            if stage.stage_id == each.stage_id:
                kept[stage.stage_id] = stage
    return tuple(kept.values())


def models_of(study: Study) -> tuple[Model, ...]:
    """Inspect's models of a study's names.

    Raises:
        UsageError: no such provider, or one that cannot be used as asked (a missing key).
    """
    # Inspect names its version and hooks on stdout when it makes its first model.
    with contextlib.redirect_stdout(io.StringIO()):
        return tuple(_model(name, study) for name in study.models)


def _model(name: str, study: Study) -> Model:
    try:
        return get_model(name, base_url=study.model_base_url, memoize=False, **study.model_args)
    except PeerwatchError:
        raise
    except Exception as error:  # noqa: BLE001  (a provider's own: a missing key or package)
        if isinstance(error, ValueError) and "not recognized" in str(error):
            raise unknown("model provider", name.partition("/")[0], PROVIDERS) from None
        raise UsageError(f"model {name}: {first_lines(error)}") from None


def _run(
    plan: Plan, jobs: list[_Job], folder: Folder, earlier: list[Logged], console: Console
) -> list[EvalLog]:
    done: dict[str, set[str]] = {}
    for each in earlier:
        if each.ended_well and any(each.identity == job.identity for job in jobs):
            done.setdefault(each.identity.model, set()).add(each.stage_id)
    watch = Watch({str(job.model): {stage.stage_id for stage in job.stages} for job in jobs}, done,
                  console)
    return one_pass([job.task for job in jobs], folder.logs, watch,
                    at_once=plan.bound.at_once, generate=plan.study.generate)


def _reason(headers: list[EvalLog]) -> str:
    for header in headers:
        if header.error is not None:
            return f"{header.eval.model}: {first_line(header.error.message)}"
    return "the log does not say why"
