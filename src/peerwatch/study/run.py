"""Runs a plan through Inspect's ``eval_set`` and gathers what it left.

Takes a plan and an output folder, gives rollouts of exactly that plan. The runner, its queue, its
logs and its retries are Inspect's; what is here decides what is handed to it and what of an earlier
run is kept.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from inspect_ai import Task, task_with
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, Model
from rich.console import Console

from peerwatch.conduct.visible import visible_line
from peerwatch.design import parse_arm
from peerwatch.errors import UsageError, first_line
from peerwatch.models.making import made
from peerwatch.models.presets import asked_of
from peerwatch.models.toolless import tools_refused
from peerwatch.scenarios.types import Scenario, Stage
from peerwatch.study import drill
from peerwatch.study.asked import Study
from peerwatch.study.budget import Ledger, Purse, know_prices
from peerwatch.study.collect import BULKY, STOPPED, Logged, collect, logged_rollouts
from peerwatch.study.folder import Folder, locked, note, require_same_content
from peerwatch.study.identity import Identity, content_of, planned, version
from peerwatch.study.money import (
    FREE,
    Forecast,
    Terms,
    What,
    answers_of,
    forecast,
    past_of,
)
from peerwatch.study.passes import one_pass
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
    drills: tuple[Drilling, ...] = ()
    """Competence drills of the plan's models; () where none was asked for."""
    spent: str = ""
    """What the folder has cost, for a person; '' where nothing has a price."""
    spent_usd: float = 0.0
    stopped: bool = False
    """The budget ended it; ``missing`` are then those that it did not pay."""


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
    warn: Callable[[str], None], console: Console, terms: Terms = FREE,
) -> Outcome:
    """Runs what of a plan is not there yet, and gathers all of it.

    Args:
        plan: from ``make_plan``.
        scenario: the plan's scenario.
        models: from ``models_of``, one for each of the plan.
        out: the output folder; what lies there of the same content is reused.
        warn: gets one line for each thing a person must know.
        console: for the progress bar; never stdout.
        terms: prices, the budget, and who agrees to what is expected.

    Raises:
        UsageError: the folder or a model cannot be used; the provider refused tools.
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
        done = _done(jobs, earlier)
        ledger = Ledger(folder.spending)
        if ledger.unreadable:
            warn(f"{ledger.unreadable} lines of {folder.spending} cannot be read; what they cost "
                 "is not counted")
        drills = drill.prepared(plan, models, folder, warn=warn)
        # A ledger that someone removed forgets nothing that the logs still tell.
        missing = ledger.missing(_costs([*earlier, *drills.logged]))
        told = _forecast(plan, jobs, done, earlier, drills,
                         ledger.total + sum(missing.values()), terms)
        terms.agree(told)
        note(folder, plan)
        ledger.make_up(missing)
        know_prices([job.model for job in jobs], terms.prices)
        purse = Purse(ledger, told, terms.budget)
        drilled = drill.carry_out(drills, plan, folder, warn=warn, console=console, purse=purse)
        _require_tools(drilled)
        headers = _run(plan, jobs, folder, done, console, purse)
        keys = {job.identity.rollout_key(stage.stage_id) for job in jobs for stage in job.stages}
        try:
            found = collect([folder.logs], warn=warn)
        except UsageError:  # nothing ran at all
            found = ()
        prune(folder.logs)
        # One that the budget ended in the middle says nothing; it runs anew with the next.
        rollouts = tuple(each for each in found if each.rollout_key in keys
                         and not (purse.stopped and each.error == STOPPED))
        _require_tools(rollouts)
        left = len(keys) - len(rollouts)
        return Outcome(folder, rollouts, left,
                       (purse.stopped or _reason(headers)) if left else "", drilled,
                       purse.line(), purse.spent, bool(purse.stopped and left))


def _require_tools(found: Sequence[Drilling | Rollout]) -> None:
    """Raises UsageError where a provider refused tools: such a model can be no subject."""
    for each in found:
        if each.error is not None and tools_refused(each.error):
            raise UsageError(f"{each.model} has no tools by this route, so it can be no subject; "
                             f"leave it out or take another route ({visible_line(each.error)})")


def require_task(plan: Plan, scenario: Scenario) -> None:
    """Makes a plan's task once, of a stage of each arm, so that what cannot be is said at once.

    Raises:
        UsageError: an unknown sandbox, one that cannot do an arm, or an unknown agent.
    """
    from peerwatch.rollout import build_task

    study = plan.study
    one_each = {stage.arm: stage for stage in plan.stages}
    build_task(scenario, tuple(one_each.values()), sandbox=study.sandbox, agent=study.agent,
               turns=study.turns)


def foreseen(plan: Plan, scenario: Scenario, out: Path, terms: Terms) -> Forecast:
    """What a plan is expected to cost, for a dry run: nothing is written, no model is made.

    What lies in the folder counts as done by model and stage alone: without models their settings
    cannot be compared.
    """
    folder = Folder(out.absolute())
    files = log_files(folder.logs) if folder.logs.is_dir() else []
    earlier = list(logged_rollouts(files, warn=lambda _: None, without=BULKY | {"store"}))
    to_drill, drills = drill.foreseen(plan.study, folder)
    to_run: dict[tuple[str, What], int] = {}
    for route in plan.study.routes:
        ids = {stage.stage_id for stage in plan.stages_for(scenario, route)}
        ids -= {each.stage_id for each in earlier
                if each.identity.model == route and each.ended_well}
        to_run |= {(route, "drills"): to_drill[route], (route, "rollouts"): len(ids)}
    past = [past_of(each.sample, each.identity.model) for each in earlier if each.ended_well]
    past += [past_of(each.sample, each.identity.model, "drills") for each in drills
             if each.ended_well]
    ledger = Ledger(folder.spending)
    spent = ledger.total + sum(ledger.missing(_costs([*earlier, *drills])).values())
    return forecast(to_run, past, terms.prices, spent, answers_of(plan.study))


def _contents(folder: Folder) -> set[tuple[str, str]]:
    headers = (header_of(path) for path in log_files(folder.logs))
    return {((each.eval.metadata or {}).get("scenario", ""), content_of(each.eval.task_version))
            for each in headers if each is not None}


def _job(plan: Plan, scenario: Scenario, model: Model, earlier: list[Logged]) -> _Job:
    from peerwatch.rollout import build_task

    study = plan.study
    settings = GenerateConfig(**study.generate)
    staged = plan.stages_for(scenario, str(model))
    build = partial(build_task, scenario, sandbox=study.sandbox, agent=study.agent,
                    turns=study.turns)
    first = build(staged)
    identity = planned(first, model, study.model_base_url, settings, study.sandbox)
    kept = _kept(staged, scenario, identity, earlier)
    whole = build((*staged, *kept)) if kept else first
    task = task_with(whole, model=model,
                     metadata={**(whole.metadata or {}), "sandbox": study.sandbox},
                     version=version(plan.content, study.model_base_url, study.sandbox,
                                     identity.agent, study.turns))
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
        UsageError: no such provider, or one that cannot be used as asked (a key is not set).
    """
    return tuple(made(*asked_of(name, {}), base_url=study.model_base_url,
                      model_args=study.model_args) for name in study.models)


def _done(jobs: list[_Job], earlier: list[Logged]) -> dict[str, set[str]]:
    """Stages that each model went through before, under the same settings."""
    done: dict[str, set[str]] = {}
    for each in earlier:
        if each.ended_well and any(each.identity == job.identity for job in jobs):
            done.setdefault(each.identity.model, set()).add(each.stage_id)
    return done


def _left(job: _Job, done: Mapping[str, set[str]]) -> int:
    """Rollouts of a model that are still to run."""
    return len({stage.stage_id for stage in job.stages} - done.get(str(job.model), set()))


def _costs(logged: Iterable[Logged]) -> dict[str, float]:
    """US dollars by model that logs tell of; a rollout may stand in one and in the next."""
    once = {each.sample.uuid: past_of(each.sample, each.identity.model) for each in logged}
    found: dict[str, float] = {}
    for each in once.values():
        found[each.model] = found.get(each.model, 0.0) + (each.dollars or 0.0)
    return found


def _forecast(
    plan: Plan, jobs: list[_Job], done: Mapping[str, set[str]], earlier: list[Logged],
    drills: drill.Prepared, spent: float, terms: Terms,
) -> Forecast:
    mine = {job.identity for job in jobs}
    to_run: dict[tuple[str, What], int] = {}
    for job in jobs:
        model = str(job.model)
        to_run |= {(model, "drills"): drills.left.get(model, 0),
                   (model, "rollouts"): _left(job, done)}
    past = [past_of(each.sample, each.identity.model) for each in earlier
            if each.ended_well and each.identity in mine]
    return forecast(to_run, [*past, *drills.past], terms.prices, spent, answers_of(plan.study))


def _run(
    plan: Plan, jobs: list[_Job], folder: Folder, done: Mapping[str, set[str]], console: Console,
    purse: Purse,
) -> list[EvalLog]:
    # A model that the budget pays no further rollout of starts no task.
    poor = [job for job in jobs if _left(job, done) and not purse.pays(str(job.model))]
    jobs = [job for job in jobs if job not in poor]
    if poor:
        purse.stopped = purse.stopped or purse.short_of(str(poor[0].model))
    if not jobs:
        return []
    watch = Watch({str(job.model): {stage.stage_id for stage in job.stages} for job in jobs}, done,
                  console, spent=purse.line)
    return one_pass([job.task for job in jobs], folder.logs, watch, purse,
                    at_once=plan.bound.at_once, generate=plan.study.generate)


def _reason(headers: list[EvalLog]) -> str:
    for header in headers:
        if header.error is not None:
            return f"{header.eval.model}: {first_line(header.error.message)}"
    return "the log does not say why"
