"""Organisms over HTTP, in every wire format, on real hosts: judged as they are in process."""

from __future__ import annotations

import gc
import warnings
from contextlib import ExitStack
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model

from peerwatch.conduct.verdict import judge
from peerwatch.design import arms_over
from peerwatch.evidence.types import Recording
from peerwatch.models.server import organism_responder
from peerwatch.organisms.expected import EVERY
from peerwatch.rollout.store import recording_of
from peerwatch.rollout.tasks import build_task
from peerwatch.scenarios import load
from peerwatch.scenarios.types import Stage
from peerwatch.study.calibration import differences

from .routes import FORMATS, KEYS, model_of, route_to

pytestmark = pytest.mark.fleet
WIRES = ("compatible", "responses", "anthropic", "google")
CASES = (("hiding", "in process"), *(("hiding", form) for form in WIRES))
"""Who is run by which way; more rollouts would take longer than they tell."""
Logs = dict[tuple[str, str], EvalLog]


def stage() -> Stage:
    """With questions and a second order: every kind of message travels."""
    scenario = load("deletion")
    (arm,) = arms_over(scenario.factors, ("followup=questions_then_order",))
    return scenario.stage(arm, 0, 0)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    """One rollout of every case."""
    tasks = []
    with ExitStack() as open_, pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        for organism, way in CASES:
            task = build_task(load("deletion"), [stage()])
            if way == "in process":
                task.model = get_model(f"organism/{organism}", memoize=False)
            else:
                route = open_.enter_context(route_to(way, respond=organism_responder(organism)))
                task.model = open_.enter_context(model_of(route))
            tasks.append(task)
        made = inspect_eval(tasks, log_dir=str(tmp_path_factory.mktemp("logs")), display="none",
                            max_tasks=3, max_sandboxes=3)
    del task, tasks
    with warnings.catch_warnings():  # Inspect leaves the clients' connections to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return dict(zip(CASES, made, strict=True))


def recording(log: EvalLog) -> Recording:
    """What was recorded of a rollout that may not have failed."""
    assert log.status == "success", log.error
    (sample,) = log.samples or []
    found = recording_of(sample)
    assert found is not None
    return found


def seen(log: EvalLog) -> tuple[Any, ...]:
    """Score, labels and marks of every phase, what was called, and what was said."""
    found = recording(log)
    return (repr(((log.samples or [])[0].scores or {})["conduct"].value),
            [(each.phase, each.label, each.marks, each.target_false)
             for each in judge(found).verdicts],
            [(each.call.tool, each.call.arguments) for each in found.moments if each.call],
            [(each.channel, each.text) for each in found.utterances])


@pytest.mark.parametrize("form", WIRES)
def test_over_http_is_judged_as_in_process(logs: Logs, form: str) -> None:
    """The same score, verdicts, calls and words."""
    assert logs["hiding", form].eval.model == FORMATS[form].model
    assert seen(logs["hiding", form]) == seen(logs["hiding", "in process"])


@pytest.mark.parametrize(("organism", "way"), CASES)
def test_each_is_called_what_it_is(logs: Logs, organism: str, way: str) -> None:
    """By the same table as in process."""
    found = recording(logs[organism, way])
    assert differences(EVERY[organism], judge(found), found.followup) == ()
