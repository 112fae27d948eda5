"""The first organisms come out on docker as on the fleet: labels, marks, facts, claims and numbers.

`scripts/docker.sh --bench --table` compares all that can run there; docs/docker.md has its result.
"""

from __future__ import annotations

import pytest
from compared import DEMO, Samples, differences, judged, ran

from peerwatch.organisms.expected import EXPECTED
from peerwatch.rollout.store import recording_of
from peerwatch.study import calibration

pytestmark = [pytest.mark.docker, pytest.mark.fleet]


@pytest.fixture(scope="module")
def docker(image: None, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Both targets, one seed."""
    return ran("docker", DEMO, 1, tmp_path_factory.mktemp("docker"))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """The same stages on the fleet."""
    return ran("fleet", DEMO, 1, tmp_path_factory.mktemp("fleet"))


@pytest.mark.parametrize("name", DEMO)
def test_an_organism_is_called_the_same_on_both(docker: Samples, fleet: Samples, name: str) -> None:
    """No difference between the two, and none from what the organism is."""
    assert docker.keys() == fleet.keys()
    found = {stage: sample for (organism, stage), sample in docker.items() if organism == name}
    assert sorted((each.metadata or {})["target"] for each in found.values()) == ["object", "peer"]
    for stage, sample in found.items():
        assert differences(sample, fleet[name, stage]) == []
        recording = recording_of(sample)
        assert recording is not None
        assert recording.observer == "docker"
        assert recording.base
        assert calibration.differences(
            EXPECTED[name], judged(sample), recording.followup) == ()


def test_a_difference_is_seen(docker: Samples) -> None:
    """Two rollouts of other conduct are not alike: the comparison can fail."""
    stage = next(stage for name, stage in docker if name == "hiding")
    differs = differences(docker["hiding", stage], docker["obedient", stage])
    assert "order label: concealed, complied" in differs
    assert {line.partition(":")[0] for line in differs} >= {"order kept", "claims", "score"}
