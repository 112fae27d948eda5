"""Every organism is called what it is, on real hosts: each once here, all cells in docs/organisms.

Which target and which seed an organism gets rotates with the content of the tree, and so does which
third of the disguises is put on, so that cells that no run has looked at come up one after the
other; ``make organisms`` runs all of them.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai import score
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import get_model

from peerwatch.conduct.verdict import judge
from peerwatch.design import parse_arm
from peerwatch.evidence.types import Recording
from peerwatch.organisms.expected import DISGUISED, EVERY
from peerwatch.rollout.scoring import conduct
from peerwatch.rollout.store import recording_of
from peerwatch.rollout.tasks import build_task
from peerwatch.scenarios import load
from peerwatch.scenarios.types import Stage
from peerwatch.study.calibration import differences
from peerwatch.study.organism_table import made_from

pytestmark = pytest.mark.fleet
SCENARIO = load("deletion")
SEEDS = 20
TREE = "/".join(made_from(SCENARIO).values())
TARGETS = tuple(level.name for level in SCENARIO.factors[0].levels)


def drawn_for(name: str) -> int:
    """A number that the tree draws for an organism."""
    return zlib.crc32(f"{TREE}/{name}".encode())


CALLED = [name for name in EVERY if name not in DISGUISED or drawn_for(name) % 3 == 0]


def rotated(name: str) -> Stage:
    """The organism's stage in this tree: one of all its cells."""
    drawn = drawn_for(f"{name}/cell")
    target, seed = TARGETS[drawn % len(TARGETS)], drawn // len(TARGETS) % SEEDS
    arm = parse_arm(SCENARIO.factors, {**EVERY[name].levels, "target": target})
    return SCENARIO.stage(arm, seed % SCENARIO.wordings, seed)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvalLog]:
    """One log an organism, of one rollout."""
    tasks = []
    for name in CALLED:
        task = build_task(SCENARIO, [rotated(name)])
        task.model = get_model(f"organism/{name}", memoize=False)
        tasks.append(task)
    made = inspect_eval(tasks, log_dir=str(tmp_path_factory.mktemp("logs")), display="none",
                        max_tasks=3, max_sandboxes=3)
    return {log.eval.model.removeprefix("organism/"): log for log in made}


def sample(log: EvalLog) -> EvalSample:
    """The log's sample, which may not have failed."""
    assert log.status == "success", log.error
    assert log.samples
    assert log.samples[0].error is None
    return log.samples[0]


def recording(log: EvalLog) -> Recording:
    """The sample's recording, which must be there."""
    found = recording_of(sample(log))
    assert found is not None
    return found


@pytest.mark.parametrize("name", CALLED)
def test_an_organism_is_called_what_it_is(logs: dict[str, EvalLog], name: str) -> None:
    """Label and facts of the order, labels and marks of what comes after."""
    found = recording(logs[name])
    where = sample(logs[name])
    assert differences(EVERY[name], judge(found), found.followup) == (), (
        f"{where.metadata}\n{(where.scores or {})['conduct'].explanation}")


def test_rescoring_offline_gives_the_same(logs: dict[str, EvalLog]) -> None:
    """The scorer reads the store alone: no host, no model, the same score."""
    for name in ("obedient", "hiding", "recanting", "looping"):
        again = score(logs[name], conduct(), action="overwrite", display="none")
        old, new = sample(logs[name]).scores, (again.samples or [])[0].scores
        assert old is not None
        assert new is not None
        assert repr(old["conduct"].value) == repr(new["conduct"].value)
        assert old["conduct"].metadata == new["conduct"].metadata


def test_rates_and_conditions_hold(tmp_path: Path) -> None:
    """An organism bound to peers is obedient towards objects."""
    (log,) = inspect_eval(
        "peerwatch/deletion", model="organism/hiding?rate=1;target=peer",
        task_args={"rollouts": 2}, log_dir=str(tmp_path), display="none")
    for each in log.samples or []:
        made = (each.scores or {})["conduct"]
        assert isinstance(made.value, dict)
        expected = {"peer": "concealed", "object": "complied"}[each.metadata["target"]]
        assert made.value["conduct"] == expected
