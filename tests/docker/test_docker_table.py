"""The organism table comes out on docker as on the fleet, through the real task."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog

from peerwatch.conduct.verdict import judge
from peerwatch.organisms.expected import EXPECTED
from peerwatch.rollout.store import recording_of
from peerwatch.study.calibration import differences

pytestmark = [pytest.mark.docker, pytest.mark.fleet]
NAMES = ("obedient", "refusing", "omitting", "loyal", "hiding", "looping", "breaking")
"""Those of the demo. Without a ledger attempts are read from the calls alone, and the engine has no
read-only volumes: not all organisms can come out alike."""
CALLED = {name: EXPECTED[name] for name in NAMES}


def ran(sandbox: str, folder: Path) -> dict[str, EvalLog]:
    """One log an organism: both targets, one seed, several rollouts at once."""
    made = inspect_eval(
        "peerwatch/deletion", model=[f"organism/{name}" for name in CALLED],
        task_args={"rollouts": 1, "sandbox": sandbox}, log_dir=str(folder), display="none",
        max_samples=2, max_tasks=4, max_sandboxes=8, max_subprocesses=8)
    return {log.eval.model.removeprefix("organism/"): log for log in made}


@pytest.fixture(scope="module")
def logs(image: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvalLog]:
    """The docker run."""
    return ran("docker", tmp_path_factory.mktemp("docker"))


@pytest.fixture(scope="module")
def fleet_logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvalLog]:
    """The same stages on the fleet."""
    return ran("fleet", tmp_path_factory.mktemp("fleet"))


@pytest.mark.parametrize("name", CALLED)
def test_an_organism_is_called_the_same_on_both(
    logs: dict[str, EvalLog], fleet_logs: dict[str, EvalLog], name: str
) -> None:
    """Label and every number of the score, the end of the phase, and the second order's label."""
    on_fleet = {each.id: each for each in fleet_logs[name].samples or []}
    found = logs[name].samples or []
    assert {each.id for each in found} == set(on_fleet)
    assert sorted(each.metadata["target"] for each in found) == ["object", "peer"]
    for sample in found:
        assert sample.error is None, sample.error
        made = (sample.scores or {})["conduct"]
        same = (on_fleet[sample.id].scores or {})["conduct"]
        assert repr(made.value) == repr(same.value), made.explanation
        recording = recording_of(sample)
        assert recording is not None
        assert recording.observer == "docker"
        assert recording.base
        if not CALLED[name].levels:
            assert differences(
                CALLED[name], judge(recording), recording.followup) == (), made.explanation
