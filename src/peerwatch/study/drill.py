"""Runs the competence drill of every model before its first rollout, and gathers it from logs.

Takes a plan's models and its folder, gives drills. They lie in a log folder of their own, as a task
of their own, and go on where they were stopped, as rollouts do; nothing here counts a rollout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspect_ai import Task, task_with
from inspect_ai.model import GenerateConfig, Model
from rich.console import Console

from peerwatch.conduct.visible import visible_line
from peerwatch.design import pairs
from peerwatch.errors import PeerwatchError
from peerwatch.scenarios import competence
from peerwatch.study.asked import Study
from peerwatch.study.budget import Purse
from peerwatch.study.collect import (
    BULKY,
    DRILLS,
    Logged,
    error_of,
    files_in,
    latest,
    logged_rollouts,
)
from peerwatch.study.competence import competence as rate_of
from peerwatch.study.competence import newest
from peerwatch.study.folder import DRILL, Folder
from peerwatch.study.identity import Identity, planned, version
from peerwatch.study.passes import one_pass
from peerwatch.study.plan import Plan
from peerwatch.study.progress import Watch
from peerwatch.study.recovery import header_of, log_files, mend, prune
from peerwatch.study.reviews import place_of
from peerwatch.study.types import Drilling

Warn = Callable[[str], None]


@dataclass(frozen=True)
class _Job:
    """One model's drills."""

    model: Model
    task: Task
    identity: Identity
    ids: frozenset[str]
    """Stages of the drills that were asked for."""


def carry_out(
    plan: Plan, models: Sequence[Model], folder: Folder, *, warn: Warn, console: Console,
    purse: Purse,
) -> tuple[Drilling, ...]:
    """Runs what of the drills is not there yet, and gathers those that were asked for.

    Args:
        plan: whose study says how many drills each model does.
        models: one for each of the plan, in its order.
        folder: the output folder, locked.
        warn: gets one line for each thing a person must know.
        console: for the progress bar.
        purse: pays for the drills too; what they cost says nothing of what rollouts will.

    Raises:
        EnvironmentProblem: this machine lacks what the run needs.
        Interrupted: Ctrl-C.
    """
    asked = [(model, plan.study.drills_of(name))
             for model, name in zip(models, plan.study.models, strict=True)]
    if not any(count for _, count in asked):
        return ()
    folder.drill.mkdir(exist_ok=True)
    mend(folder.drill, folder.unreadable, warn)
    earlier = _found(log_files(folder.drill), warn)
    jobs = [_job(plan, model, count, earlier) for model, count in asked if count]
    done = {str(job.model): {each.stage_id for each in earlier if each.ended_well
                             and each.identity == job.identity} for job in jobs}
    if any(job.ids - done[str(job.model)] for job in jobs):
        watch = Watch({str(job.model): set(job.ids) for job in jobs}, done, console, "drills",
                      purse.line)
        with purse.not_measured():
            one_pass([job.task for job in jobs], folder.drill, watch, purse,
                     at_once=plan.bound.at_once, generate=plan.study.generate)
        prune(folder.drill)
    keys = {job.identity.rollout_key(stage_id) for job in jobs for stage_id in job.ids}
    content = competence.content_hash()
    drills = tuple(each for each in _drillings(log_files(folder.drill), warn)
                   if each.key in keys and each.content == content)
    for job in jobs:
        mine = newest(drills, job.identity.hash)
        console.print(f"drill      {visible_line(str(rate_of(str(job.model), mine)))}",
                      highlight=False, markup=False, soft_wrap=True)
    return drills


def first_time(study: Study, model: str, folder: Folder) -> int:
    """Drills that are still to run where none of the folder has begun; 0 where some have.

    For the forecast, which takes each for a rollout: they are shorter.
    """
    begun = folder.drill.is_dir() and bool(log_files(folder.drill))
    return 0 if begun else study.drills_of(model)


def collect(paths: Sequence[Path], *, warn: Warn) -> tuple[Drilling, ...]:
    """The drills in logs, and in the folders ``drill`` beside them.

    Of what the paths themselves hold and nobody can read, ``study.collect`` speaks.

    Raises:
        UsageError: a path does not exist.
    """
    named = files_in(paths)
    folders = {place_of(each).parent / DRILL for each in named}
    beside = [each.resolve() for folder in sorted(folders) if folder.is_dir()
              for each in log_files(folder)]
    files = [each for each in named if header_of(each) is not None]
    files += [each for each in beside if each not in named]
    return _drillings(files, warn)


def _job(plan: Plan, model: Model, count: int, earlier: Sequence[Logged]) -> _Job:
    from peerwatch.rollout import build_drill

    study = plan.study
    drills = [competence.drill(wording, seed)
              for wording, seed in pairs(count, competence.wordings())]
    ids = frozenset(each.stage.stage_id for each in drills)
    settings = GenerateConfig(**study.generate)
    chosen = {"agent": study.agent} if study.agent else {}
    first = build_drill(drills, sandbox=study.sandbox, **chosen)
    identity = planned(first, model, study.model_base_url, settings, study.sandbox)
    # Inspect drops what its dataset does not name.
    for each in earlier:
        if each.identity == identity and each.ended_well and each.stage_id not in ids:
            told = each.sample.metadata
            again = competence.drill(told["wording"] % competence.wordings(), told["seed"])
            if again.stage.stage_id == each.stage_id:
                drills.append(again)
    task = task_with(
        build_drill(drills, sandbox=study.sandbox, **chosen), model=model,
        version=version(competence.content_hash(), study.model_base_url, study.sandbox,
                        identity.agent))
    return _Job(model, task, identity, ids)


def _found(files: Sequence[Path], warn: Warn) -> list[Logged]:
    return latest(list(logged_rollouts(files, warn=warn, without=BULKY, ours=DRILLS)), warn=warn)


def _drillings(files: Sequence[Path], warn: Warn) -> tuple[Drilling, ...]:
    return tuple(sorted((_drilling(each, warn) for each in _found(files, warn)),
                        key=lambda each: (each.model, each.seed)))


def _drilling(found: Logged, warn: Warn) -> Drilling:
    from peerwatch.rollout import drilled_of

    sample, error, drilled = found.sample, error_of(found.sample), None
    try:
        drilled = drilled_of(sample) if error is None else None
    except PeerwatchError as problem:
        error = str(problem)
        warn(f"{found.path}: drill {sample.uuid}: {problem}")
    if drilled is None and error is None:
        error = "the log holds no recording of this drill"
    return Drilling(
        model=found.identity.model, identity=found.identity.hash, content=found.key[1],
        wording=sample.metadata["wording"], seed=sample.metadata["seed"], key=found.key[0],
        completed=sample.completed_at or "", log=str(found.path), sample_uuid=str(sample.uuid),
        error=error, drilled=drilled)
