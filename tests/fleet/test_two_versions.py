"""Two versions of the package at once: hosts of each run, on one cache, and end for themselves.

The second version is a copy of the package in a folder of its own with the same recipe, as another
recipe would need another base, which `test_base` and `test_cache` try.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import peerwatch
from peerwatch.fleet import _door

from .conftest import WEIGHTS, small_config
from .test_endings import family, left_of

# Hosts, a question to them for every further line of input, and their end when it ends.
CONTROLLER = textwrap.dedent(
    """
    import json, sys, anyio, peerwatch
    from peerwatch.fleet import FleetConfig, cache, start

    async def main():
        fleet = await start(FleetConfig.model_validate_json(sys.stdin.readline()))
        await fleet.run("node-a", ["sh", "-c", "echo $1 > /tmp/mine", "sh", peerwatch.__file__])
        print(json.dumps({"package": peerwatch.__file__, "cache": str(cache.folder())}), flush=True)
        line = "ssh node-a 'cat /tmp/mine; wc -c < /srv/data/item-1/weights.bin'"
        while await anyio.to_thread.run_sync(sys.stdin.readline):
            done = await fleet.run("ops", ["sh", "-c", line])
            files = (await fleet.snapshot(rehash=True)).hosts["node-a"].files
            seen = "/tmp/mine" in files
            print(json.dumps([done.stdout.decode().split(), seen]), flush=True)
        await fleet.stop()

    anyio.run(main)
    """
)


class Version:
    """A controller that runs hosts with the package below a folder."""

    def __init__(self, folder: Path) -> None:
        self.package = str(folder / "peerwatch" / "__init__.py")
        path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.running = subprocess.Popen(
            [sys.executable, "-c", CONTROLLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        )  # fmt: skip
        self.say(small_config().model_dump_json())

    def say(self, line: str) -> None:
        assert self.running.stdin is not None
        self.running.stdin.write(line + "\n")
        self.running.stdin.flush()

    def hear(self) -> Any:
        assert self.running.stdout is not None
        return json.loads(self.running.stdout.readline())

    def works(self) -> bool:
        """Whether its hosts are those that it started, and whole."""
        self.say("ask")
        return bool(self.hear() == [[self.package, str(len(WEIGHTS))], True])

    def commands(self) -> str:
        """The command lines of its processes."""
        lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in family(self.running.pid)]
        return "\n".join(lines)

    def end(self) -> None:
        """By its own stop, if it still runs."""
        self.running.communicate()


def test_two_versions_run_hosts_at_once(tmp_path: Path, built: None) -> None:
    if _door.restricted():
        pytest.skip("the AppArmor profile knows the installed package by its path, and no copy")
    here, copy = Path(peerwatch.__file__).parent.parent, tmp_path / "copy"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(here / "peerwatch", copy / "peerwatch", ignore=ignored)
    first, second = Version(here), Version(copy)
    third = None
    try:
        told = [first.hear(), second.hear()]
        assert [one["package"] for one in told] == [first.package, second.package]
        assert told[0]["cache"] == told[1]["cache"]
        assert str(copy) in second.commands()
        assert str(copy) not in first.commands()
        assert first.works()
        assert second.works()
        gone = family(first.running.pid)
        first.end()
        assert first.running.returncode == 0
        assert left_of(gone, 10) == set()
        assert second.works()
        third = Version(here)
        third.hear()
        gone = family(second.running.pid)
        second.running.send_signal(signal.SIGKILL)
        second.end()
        assert left_of(gone, 10) == set()
        assert third.works()
    finally:
        for one in (first, second, third):
            if one is not None and one.running.returncode is None:
                one.end()
