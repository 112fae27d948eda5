"""Runs the competence drill of every model before its first rollout, and gathers it from logs.

Takes a plan's models and its folder, gives drills. They lie in a log folder of their own, as a task
of their own, and go on where they were stopped, as rollouts do; nothing here counts a rollout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
    STOPPED,
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
from peerwatch.study.money import Past, past_of
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


@dataclass(frozen=True)
class Prepared:
    """The drills of a plan, before any is run."""

    logged: tuple[Logged, ...]
    """All that the folder holds, of whatever settings."""
    jobs: tuple[_Job, ...]
    done: Mapping[str, set[str]]
    """Stages that each model went through well, under the same settings."""

    @property
    def left(self) -> dict[str, int]:
        """How many are still to run, by Inspect's model string."""
        return {str(job.model): len(job.ids - self.done[str(job.model)]) for job in self.jobs}

    @property
    def past(self) -> list[Past]:
        """What those took that are done."""
        mine = {job.identity for job in self.jobs}
        return [past_of(each.sample, each.identity.model, "drills") for each in self.logged
                if each.ended_well and each.identity in mine]


def prepared(plan: Plan, models: Sequence[Model], folder: Folder, *, warn: Warn) -> Prepared:
    """What of the drills is there, and what is to run.

    Args:
        plan: whose study says how many drills each model does.
        models: one for each of the plan, in its order.
        folder: the output folder, locked.
        warn: gets one line for each thing a person must know.
    """
    if folder.drill.is_dir():
        mend(folder.drill, folder.unreadable, warn)
    logged = _logged(folder, warn)
    earlier = latest(list(logged), warn=warn)
    jobs = tuple(_job(plan, model, count, earlier)
                 for model, name in zip(models, plan.study.models, strict=True)
                 if (count := plan.study.drills_of(name)))
    return Prepared(logged, jobs, {
        str(job.model): {each.stage_id for each in earlier if each.ended_well
                         and each.identity == job.identity} for job in jobs})


def carry_out(
    drills: Prepared, plan: Plan, folder: Folder, *, warn: Warn, console: Console, purse: Purse,
) -> tuple[Drilling, ...]:
    """Runs what of the drills is not there yet, and gathers those that were asked for.

    Args:
        drills: of the plan and the folder.
        plan: how many at once, and with what settings.
        folder: the output folder, locked.
        warn: gets one line for each thing a person must know.
        console: for the progress bar.
        purse: pays for the drills too; what they cost says nothing of what rollouts will.

    Raises:
        EnvironmentProblem: this machine lacks what the run needs.
        Interrupted: Ctrl-C.
    """
    jobs = drills.jobs
    if not jobs:
        return ()
    if any(drills.left.values()):
        folder.drill.mkdir(exist_ok=True)
        watch = Watch({str(job.model): set(job.ids) for job in jobs}, drills.done, console,
                      "drills", purse.line)
        with purse.paying("drills"):
            one_pass([job.task for job in jobs], folder.drill, watch, purse,
                     at_once=plan.bound.at_once, generate=plan.study.generate)
        prune(folder.drill)
    keys = {job.identity.rollout_key(stage_id) for job in jobs for stage_id in job.ids}
    content = competence.content_hash()
    # One that the budget ended in the middle says nothing; it runs anew with the next.
    found = tuple(each for each in _drillings(log_files(folder.drill), warn)
                  if each.key in keys and each.content == content
                  and not (purse.stopped and each.error == STOPPED))
    for job in jobs:
        mine = newest(found, job.identity.hash)
        console.print(f"drill      {visible_line(str(rate_of(str(job.model), mine)))}",
                      highlight=False, markup=False, soft_wrap=True)
    return found


def foreseen(study: Study, folder: Folder) -> tuple[dict[str, int], tuple[Logged, ...]]:
    """Drills still to run by model string, and those in the folder; for a dry run.

    As ``study.run.foreseen``, by model and stage alone.
    """
    logged = _logged(folder, lambda _: None)
    done = {(each.identity.model, each.stage_id) for each in logged if each.ended_well}
    left = {}
    for name, route in zip(study.models, study.routes, strict=True):
        ids = {each.stage.stage_id for each in _drills(study.drills_of(name))}
        left[route] = len({(route, stage_id) for stage_id in ids} - done)
    return left, logged


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
    drills = _drills(count)
    ids = frozenset(each.stage.stage_id for each in drills)
    settings = GenerateConfig(**study.generate)
    build = partial(build_drill, sandbox=study.sandbox, agent=study.agent, turns=study.turns)
    first = build(drills)
    identity = planned(first, model, study.model_base_url, settings, study.sandbox)
    # Inspect drops what its dataset does not name.
    for each in earlier:
        if each.identity == identity and each.ended_well and each.stage_id not in ids:
            told = each.sample.metadata
            again = competence.drill(told["wording"] % competence.wordings(), told["seed"])
            if again.stage.stage_id == each.stage_id:
                drills.append(again)
    task = task_with(
        build(drills), model=model,
        version=version(competence.content_hash(), study.model_base_url, study.sandbox,
                        identity.agent, study.turns))
    return _Job(model, task, identity, ids)


def _drills(count: int) -> list[competence.Drill]:
    return [competence.drill(wording, seed)
            for wording, seed in pairs(count, competence.wordings())]


def _logged(folder: Folder, warn: Warn) -> tuple[Logged, ...]:
    files = log_files(folder.drill) if folder.drill.is_dir() else []
    return tuple(logged_rollouts(files, warn=warn, without=BULKY | {"store"}, ours=DRILLS))


def _drillings(files: Sequence[Path], warn: Warn) -> tuple[Drilling, ...]:
    logged = list(logged_rollouts(files, warn=warn, without=BULKY, ours=DRILLS))
    return tuple(sorted((_drilling(each, warn) for each in latest(logged, warn=warn)),
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
