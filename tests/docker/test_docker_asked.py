"""What docker is asked for, and what a person is told where it is missing; needs no engine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from peerwatch.cli import main
from peerwatch.fleet import FleetConfig, HostConfig, Limits, Volume, base
from peerwatch.fleet.docker import check, image
from peerwatch.fleet.docker.compose import CAPABILITIES, compose
from peerwatch.scenarios import load
from peerwatch.study.asked import ask
from peerwatch.study.plan import MOST_AT_ONCE, make_plan

CONFIG = FleetConfig(
    key_seed="tests", limits=Limits(processes=100, memory_mb=200, shm_mb=16),
    hosts=(HostConfig(name="ops"),
           HostConfig(name="node-a", volumes=(Volume(mount="/srv/data", size_mb=64),))))
VERSION = '{"Server": {"Version": "%s"}}'


def service(name: str) -> dict[str, Any]:
    made = compose(CONFIG).model_dump(by_alias=True, exclude_none=True)
    found: dict[str, Any] = made["services"][name]
    return found


def test_compose_says_every_limit() -> None:
    """Processes, memory with what lies in memory, shared memory, the volume's size, files."""
    node = service("node-a")
    assert (node["pids_limit"], node["mem_limit"], node["memswap_limit"]) == (100, "280m", "280m")
    assert node["shm_size"] == 16 << 20
    assert node["ulimits"] == {"nofile": 1024, "core": 0}
    (volume,) = node["volumes"]
    assert (volume["type"], volume["target"]) == ("tmpfs", "/srv/data")
    assert volume["tmpfs"] == {"size": 64 << 20, "mode": 0o755}


def test_compose_gives_few_rights_and_no_way_out() -> None:
    """No right but those that are named, an internal network whose bridge has no address."""
    made = compose(CONFIG).model_dump(by_alias=True, exclude_none=True)
    (network,) = made["networks"].values()
    assert network["internal"] is True
    assert network["driver_opts"] == {"com.docker.network.bridge.inhibit_ipv4": "true"}
    for one in made["services"].values():
        assert one["cap_drop"] == ["ALL"]
        assert one["cap_add"] == list(CAPABILITIES)
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert one["image"] == image.name()
        assert not one.keys() & {"ports", "privileged", "devices", "environment"}


def test_the_first_host_is_the_default() -> None:
    """As on a fleet."""
    assert [service(name)["x-default"] for name in ("ops", "node-a")] == [True, False]


ANSWERS = 'case "$1" in version) echo \'%s\';; compose) %s;; esac'


@pytest.mark.parametrize(("script", "words"), [
    (None, "docker is not installed"),
    ("echo Cannot connect >&2; exit 1", "does not answer: Cannot connect"),
    ("echo json", "no Docker engine answers that is new enough"),
    ("echo '[]'", "no Docker engine answers that is new enough"),
    (ANSWERS % ('{"Server": 4}', "echo 2.26.1"), "no Docker engine answers that is new enough"),
    (ANSWERS % ('{"Client": {}}', "echo 2.26.1"), "Docker Engine of no known version is too old"),
    (ANSWERS % (VERSION % "20.10.24", "echo 2.26.1"), "Docker Engine 20.10.24 is too old: 24.0.6"),
    (ANSWERS % (VERSION % "26.1.5", "echo no such command >&2; exit 1"), "Compose is missing"),
    (ANSWERS % (VERSION % "26.1.5", "echo v2.20.3"), "Docker Compose v2.20.3 is too old: 2.21.0"),
])
def test_a_missing_engine_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    script: str | None, words: str,
) -> None:
    """Exit code 2 and one line, before anything runs; `fleet check` says the same."""
    if script is not None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["run", "deletion", "--model", "organism/obedient", "--sandbox", "docker",
              "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not (tmp_path / "out").exists()
    row = check.row()
    assert row.ok is None
    assert row.found.removesuffix(" (only for --sandbox docker)") in line


@pytest.mark.parametrize(("user", "required", "code"), [
    (0, "fleet,docker", 1), (0, "docker", 1), (0, "fleet", 0), (0, "", 0), (1000, "docker", 0)])
def test_the_tests_on_an_engine_skip_only_where_they_may(
    tmp_path: Path, user: int, required: str, code: int
) -> None:
    """Root is expected to have an engine where it is required; an ordinary user is not."""
    for name in ("bash", "dirname", "grep", "mktemp", "rm", "rmdir"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (tmp_path / "id").chmod(0o755)
    done = subprocess.run(
        ["bash", Path(__file__).parents[2] / "scripts" / "docker.sh"], capture_output=True,
        text=True, env={"PATH": str(tmp_path), "PEERWATCH_REQUIRE": required}, check=False)
    assert (done.returncode, done.stdout.startswith("skipped: docker: ")) == (code, True), done


def test_networks_bound_a_plan() -> None:
    """No more rollouts at once than an engine has networks for."""
    study = ask(scenario="deletion", models=("organism/obedient",), rollouts=1, sandbox="docker")
    plan = make_plan(study, load("deletion"), 10_000)
    assert plan.bound.at_once <= MOST_AT_ONCE["docker"] < 31


@pytest.mark.docker
@pytest.mark.fleet
def test_a_base_is_imported_where_none_can_be_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without namespaces (no Linux) the archive alone is taken: docker needs no more."""
    exported = tmp_path / "base.gz"
    base.export_file(exported)
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "platform", "darwin")
    base.import_file(exported, lambda _what, _part: None)
    assert base.archive() is not None
    assert not list(base.place().glob("tree-*"))
    assert base.built_identity()
