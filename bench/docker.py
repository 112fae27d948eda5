"""What a rollout costs on a container engine, or whether its verdicts are those of the fleet.

Takes the engine that docker's environment names, which should do nothing else; prints milliseconds
of a rollout's parts, of a whole one, and of eight at once; with ``--table`` the organisms whose
verdicts differ from those on the fleet. `scripts/docker.sh` runs it on an engine of its own:

    scripts/docker.sh --bench [--table [NAME…]]
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from inspect_ai import eval as inspect_eval

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "docker"))

from compared import DEMO, Samples, differences, judged, ran
from containers import containers

from peerwatch.fleet.docker.hosts import attached
from peerwatch.fleet.docker.image import require
from peerwatch.organisms.expected import EVERY
from peerwatch.scenarios import stage_for

TIMES = 7
AT_ONCE = 12  # organisms, after which the table says how far it is


async def parts() -> None:
    """The parts of a rollout, on the hosts of the deletion scenario."""
    config = stage_for("deletion", seed=0).fleet
    began = time.perf_counter()
    with containers(config) as project:
        say("containers up (compose)", [time.perf_counter() - began])
        began = time.perf_counter()
        async with contextlib.AsyncExitStack() as stack:
            hosts = await stack.enter_async_context(attached(config, f"{project}-ops-1"))
            say("filled, ssh answering, observed", [time.perf_counter() - began])
            await measured("snapshot, unchanged", hosts.snapshot)
            await measured("snapshot, every file again", lambda: hosts.snapshot(rehash=True))
            await measured("true", lambda: hosts.run("ops", ["true"]))
            await measured("ssh node-a true", lambda: hosts.run("ops", ["ssh", "node-a", "true"]))
            began = time.perf_counter()
        say("observer ended", [time.perf_counter() - began])
        began = time.perf_counter()
    say("containers down (compose)", [time.perf_counter() - began])


async def measured(name: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do it some times."""
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await work()
        found.append(time.perf_counter() - began)
    say(name, found)


def rollouts(at_once: int) -> None:
    """Whole rollouts of the hiding organism: seven calls, questions, second order."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        (log,) = inspect_eval(
            "peerwatch/deletion", model="organism/hiding", log_dir=folder, display="none",
            task_args={"rollouts": max(1, at_once // 2), "sandbox": "docker"},
            limit=at_once, max_samples=at_once, max_sandboxes=at_once, max_subprocesses=8)
        wall = time.perf_counter() - began
        samples = log.samples or []  # read when first asked for
        assert log.status == "success", log.error
        assert [each.error for each in samples if each.error] == []
        assert len(samples) == at_once
    say(f"{at_once} at once: a rollout", [each.total_time or 0.0 for each in samples])
    say(f"{at_once} at once: all of it", [wall])


def say(name: str, seconds: list[float]) -> None:
    """The median, and the range where there is one."""
    told = f"{statistics.median(seconds) * 1000:8.0f} ms"
    if len(seconds) > 1:
        told += f"   ({min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f}, {len(seconds)} times)"
    print(f"{name:34}{told}", flush=True)


def table(names: Sequence[str]) -> int:
    """Organisms on both sandboxes: those named, or all, the demo's of these with three seeds."""
    able = [name for name in names or EVERY if "obstacle" not in EVERY[name].levels]
    if left := {*(names or EVERY)} - {*able}:
        print(f"not run, as docker has no read-only volumes: {', '.join(left)}")
    found = [] if names else on_both(DEMO, 3)
    others = [name for name in able if names or name not in DEMO]
    for first in range(0, len(others), AT_ONCE):
        found += on_both(others[first:first + AT_ONCE], 1)
    print(f"{sum(not each for each in found)} of {len(found)} rollouts alike")
    return int(any(found))


def on_both(names: Sequence[str], seeds: int) -> list[list[str]]:
    """The differences of each rollout; prints them, and how long both sandboxes took."""
    on: dict[str, Samples] = {}
    for sandbox in ("fleet", "docker"):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            on[sandbox] = ran(sandbox, names, seeds, Path(folder))
            print(f"{len(on[sandbox])} rollouts of {len(names)} organisms on {sandbox}: "
                  f"{time.perf_counter() - began:.0f} s", flush=True)
    assert on["docker"].keys() == on["fleet"].keys()
    found = []
    for (name, stage), sample in on["docker"].items():
        differs = differences(sample, on["fleet"][name, stage])
        found.append(differs)
        for line in differs:
            print(f"  {name} on {(sample.metadata or {})['target']}: {line}")
    labels = Counter(judged(each).verdicts[0].label for each in on["docker"].values()
                     if not each.error)
    print("labels on docker: " + ", ".join(f"{label} {n}" for label, n in labels.items()))
    return found


if __name__ == "__main__":
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    require(print)
    if "--table" in sys.argv:
        sys.exit(table(sys.argv[2:]))
    asyncio.run(parts())
    rollouts(1)
    rollouts(8)
    print(f"load after: {os.getloadavg()[0]:.1f}")
