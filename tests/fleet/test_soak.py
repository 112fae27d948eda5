"""A small soak: nothing grows, and the rules can tell when something does."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from .conftest import Hosts, small_config

SCRIPT = Path(__file__).resolve().parent.parent.parent / "bench" / "soak.py"


def test_a_small_soak_passes_and_is_written_down(built: None, tmp_path: Path) -> None:
    """36 rollouts, 8 at once, three of them through Inspect."""
    page = tmp_path / "soak.md"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "36", "8", "--write", str(page)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    text = page.read_text()
    assert "36 rollouts of three hosts, 8 at once" in text
    for quantity in ("RSS of the controller", "descriptors", "processes", "namespaces", "mounts"):
        assert text.count(f"| {quantity} | ") == 2
    assert "GREW" not in text


@pytest.fixture(scope="module")
def soak() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("soak", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = module
    spec.loader.exec_module(module)
    return module


def test_growth_is_told_by_the_rules(soak: ModuleType) -> None:
    """One descriptor after one round, or memory that grows by 2 % a round, fails."""
    rest = {"processes": 0, "namespaces": 0, "mounts": 0, "files": 9}
    flat = soak.Count(
        rss=100 << 20, pss=90 << 20, allocated=40 << 20, objects=800_000, descriptors=9, **rest
    )
    assert all(row.ok for row in soak.judge([flat] * 16))
    for field, room in (("rss", 20), ("pss", 20), ("allocated", 10), ("objects", 2)):
        value = getattr(flat, field)
        leak = [replace(flat, **{field: value * (100 + n * room / 10) / 100}) for n in range(16)]
        assert len([row for row in soak.judge(leak) if not row.ok]) == 1
    for name in ("descriptors", "processes", "namespaces", "mounts", "files"):
        once = [flat] * 15 + [replace(flat, **{name: getattr(flat, name) + 1})]
        assert [row.name for row in soak.judge(once) if not row.ok] == [name]


def test_what_is_left_is_counted(soak: ModuleType, tmp_path: Path) -> None:
    """The control of the counts: a process in a network namespace, a file, a descriptor."""
    before, there = soak.count((tmp_path,)), soak.namespaces(soak.below())
    left = subprocess.Popen(["unshare", "--user", "--net", "sh", "-c", "echo; exec sleep 60"],
                            stdout=subprocess.PIPE)  # fmt: skip
    assert left.stdout is not None
    left.stdout.readline()
    (tmp_path / "file").touch()
    pids = soak.below()
    assert left.pid in pids
    assert len(soak.namespaces(pids) - there) == 2
    assert soak.memory(left.pid, "Rss") > 0
    left.kill()
    left.wait()
    after = soak.count((tmp_path,))
    assert (after.files, after.descriptors) == (before.files + 1, before.descriptors + 1)
    assert after.processes == before.processes
    left.stdout.close()


def test_mounts_of_hosts_are_counted(soak: ModuleType, built: None) -> None:
    """The control of their count: an overlay and a volume at least, of each host that runs."""
    before = soak.mounts(soak.below())
    hosts = Hosts(small_config())
    seen = soak.mounts(soak.below()) - before
    hosts.stop()
    assert len([line for line in seen if " - overlay " in line]) >= 3
    assert len([line for line in seen if " - tmpfs " in line]) >= 2
    assert soak.mounts(soak.below()) <= before
