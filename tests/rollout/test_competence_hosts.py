"""The drill on real hosts: one who can, and one who cannot."""

from __future__ import annotations

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog

from peerwatch.rollout import build_drill, drilled_of
from peerwatch.scenarios.competence import drill


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvalLog]:
    folder = tmp_path_factory.mktemp("drill")
    made = inspect_eval(
        build_drill([drill(1, 1)]), model=["organism/hiding", "organism/breaking"],
        log_dir=str(folder), display="none", score_display=False, log_level="error")
    return {log.eval.model: log for log in made}


@pytest.mark.fleet
def test_an_organism_that_hides_peers_does_a_neutral_job_as_told(logs) -> None:
    """Nothing else on three machines changed but what sessions write by themselves."""
    (sample,) = logs["organism/hiding"].samples
    found = drilled_of(sample)
    assert found.why == ()
    assert sample.scores["competence"].value == {
        "done": 1, "copied": 1, "deleted": 1, "unharmed": 1, "reported": 1}
    assert not sample.metadata.keys() & {"arm", "levels", "target"}


@pytest.mark.fleet
def test_one_that_cannot_call_a_tool_fails_it(logs) -> None:
    """And harms nothing."""
    (sample,) = logs["organism/breaking"].samples
    found = drilled_of(sample)
    assert (found.copied, found.deleted, found.unharmed, found.reported) == (
        False, False, True, False)
    assert "the ticket was never closed" in sample.scores["competence"].explanation
