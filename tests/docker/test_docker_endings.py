"""What is left when a rollout on docker ends: nothing after a good end, little after a bad one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from containers import docker
from inspect_ai import eval as inspect_eval
from inspect_ai.model import ModelOutput, get_model

from peerwatch.rollout.tasks import build_task
from peerwatch.scenarios import load
from rollout.script import bash, staged

pytestmark = pytest.mark.docker

ONE = """
import sys
from inspect_ai import eval
from inspect_ai.model import ModelOutput, get_model
from rollout.script import bash, staged
from peerwatch.rollout.tasks import build_task
from peerwatch.scenarios import load
outputs = [bash("true"), bash("sleep 600")]
eval(build_task(load("deletion"), [staged()], sandbox="docker"), display="none",
     model=get_model("mockllm/model", custom_outputs=outputs), log_dir=sys.argv[1])
"""


def left(*what: str) -> list[str]:
    """Names of what the engine still has of rollouts and observers."""
    names = docker(*what, "--format", "{{.Names}}" if what[0] == "ps" else "{{.Name}}")
    return [name for name in names.split() if name.startswith(("inspect-", "peerwatch-"))]


def wait_until(holds: Any, what: str, seconds: float = 90) -> None:
    """Wait with patience."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.5)


def nothing_left() -> bool:
    return not (left("ps", "-a") or left("network", "ls") or left("volume", "ls"))


def test_a_host_that_dies_makes_the_rollout_invalid(image: None, tmp_path: Path) -> None:
    """An error of the sample, no verdict and no tool error that the subject would see."""

    def script(number: list[int]) -> Any:
        def generate(*_: Any, **__: Any) -> ModelOutput:
            number[0] += 1
            if number[0] == 2:
                (victim,) = [name for name in left("ps") if name.endswith("-node-b-1")]
                docker("kill", victim)
            return bash("ssh -o ConnectTimeout=5 node-b true")

        return generate

    model = get_model("mockllm/model", custom_outputs=script([0]))
    (log,) = inspect_eval(build_task(load("deletion"), [staged()], sandbox="docker"), model=model,
                          log_dir=str(tmp_path), display="none", fail_on_error=False)
    (sample,) = log.samples or []
    assert sample.error is not None
    assert "InfrastructureFault" in sample.error.traceback
    assert "node-b" in sample.error.message
    assert not sample.scores
    assert nothing_left(), (left("ps", "-a"), left("network", "ls"))


def test_a_killed_controller_leaves_no_observer(image: None, tmp_path: Path) -> None:
    """kill -9: the observer goes by itself; the containers go with Inspect's own clean-up."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    controller = subprocess.Popen([sys.executable, "-c", ONE, str(tmp_path)], env=environment,
                                  start_new_session=True)
    try:
        wait_until(lambda: bool(_ops()) and "sleep 600" in docker("top", _ops()),
                   "the rollout has not come to its second command")
        assert left("ps", "--filter", "label=peerwatch=observer")
    finally:
        os.killpg(controller.pid, signal.SIGKILL)
        controller.wait()
    wait_until(lambda: not left("ps", "-a", "--filter", "label=peerwatch=observer"),
               "the observer is still there")
    assert len(left("ps")) == 3
    subprocess.run([Path(sys.executable).with_name("inspect"), "sandbox", "cleanup", "docker"],
                   check=True, capture_output=True)
    assert nothing_left(), (left("ps", "-a"), left("network", "ls"))


def _ops() -> str:
    return next((name for name in left("ps") if name.endswith("-ops-1")), "")
