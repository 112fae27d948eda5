"""Several machines share nothing but the log folder; cache and temporary folder are their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from peerwatch.fleet import base
from peerwatch.study.collect import collect

pytestmark = pytest.mark.fleet

RUN = """
import sys
from inspect_ai import eval as inspect_eval
(log,) = inspect_eval("peerwatch/deletion", model=sys.argv[1], task_args={"rollouts": 1},
                      log_dir=sys.argv[2], display="none")
sys.exit(log.status != "success")
"""


def machine(place: Path, model: str, logs: Path) -> subprocess.Popen[bytes]:
    """A controller that finds the base and nothing else of this machine's cache."""
    cache = place / "cache/fleet"
    cache.mkdir(parents=True)
    (cache / base.place().name).symlink_to(base.place())
    (place / "tmp").mkdir()
    environment = {
        **os.environ, "PEERWATCH_CACHE": str(place / "cache"), "TMPDIR": str(place / "tmp"),
        "HOME": str(place), "XDG_DATA_HOME": str(place / "data"),
    }  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", RUN, model, str(logs)], env=environment)


def test_two_machines_run_at_once_into_one_folder(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    models = ("organism/obedient", "organism/hiding")
    running = [machine(tmp_path / model.split("/")[1], model, logs) for model in models]
    assert [one.wait() for one in running] == [0, 0]
    warnings: list[str] = []
    found = collect([logs], warn=warnings.append)
    assert warnings == []
    assert sorted((each.model, each.levels[0]) for each in found) == [
        (model, ("target", target)) for model in sorted(models) for target in ("object", "peer")
    ]
    assert all(each.error is None for each in found)
    for model in models:  # each made its own contents
        assert list((tmp_path / model.split("/")[1] / "cache/fleet/blobs").glob("*/*"))
