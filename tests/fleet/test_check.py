"""`fleet check` tries each step and names one remedy for what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from peerwatch.fleet import check as checking
from peerwatch.fleet import ids

LAUNCHER = Path(checking.__file__).with_name("_launcher")


def test_this_machine_runs_hosts() -> None:
    results = checking.check()
    assert checking.usable(results)
    names = [one.name for one in results]
    assert names == [
        "kernel", "user ids", "AppArmor", "user namespace", "other namespaces", "private mounts",
        "tmpfs", "/proc", "overlay", "tmpfs attributes", "bridge and veth",
        "process limit per host", "seccomp", "memory limit", "base", "cache", "docker",
    ]  # fmt: skip


def test_every_step_has_a_remedy() -> None:
    steps = {"user namespace", "other namespaces"}
    text = (LAUNCHER / "trial.py").read_text()
    inside = text[text.index("steps: tuple") : text.index("for name, attempt")]
    for line in inside.splitlines():
        words = line.strip()
        if words.startswith(('("', '"')):
            steps.add(words.split('"')[1])
    assert steps <= set(checking._REMEDIES)


def test_switched_off_user_namespaces_are_named() -> None:
    if os.geteuid() != 0:
        pytest.skip("switching them off takes root")
    # In a user namespace of its own the switch can be turned without touching the machine.
    line = (
        "echo 0 > /proc/sys/user/max_user_namespaces && exec "
        f"{sys.executable} -I -S {LAUNCHER} try "
        f"'{json.dumps({'kind': 'single', 'uid': 0, 'gid': 0, 'count': 1})}'"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", line],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    (step,) = [json.loads(text) for text in done.stdout.splitlines()]
    assert (step["step"], step["ok"]) == ("user namespace", False)
    assert "max_user_namespaces" in checking._REMEDIES["user namespace"]


def test_a_missing_base_and_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path))
    monkeypatch.setattr("peerwatch.fleet.base.DISK_NEEDED", 10**18)
    by_name = {one.name: one for one in checking.check()}
    assert by_name["base"].ok is False
    assert "peerwatch fleet build" in by_name["base"].remedy
    assert by_name["cache"].ok is False
    assert not checking.usable(tuple(by_name.values()))


def test_restricted_namespaces_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switch = tmp_path / "switch"
    switch.write_text("1\n")
    monkeypatch.setattr(checking, "_APPARMOR", switch)
    monkeypatch.setattr("peerwatch.fleet.check.os.geteuid", lambda: 1000)
    found = checking._apparmor()
    assert found.ok is False
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in found.remedy


def test_one_id_alone_is_less_and_says_what_to_add() -> None:
    found = checking._mapping(ids.IdMapping("single", 1000, 1000, 1))
    assert found.ok is None
    assert found.remedy
