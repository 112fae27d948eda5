"""What a rollout costs on a container engine: its parts, a whole one, and eight at once.

Takes the engine that docker's environment names, which should do nothing else; prints
milliseconds. `scripts/docker.sh --bench` runs it on an engine of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from inspect_ai import eval as inspect_eval

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "docker"))

from containers import containers

from peerwatch.fleet.docker.hosts import attached
from peerwatch.fleet.docker.image import require
from peerwatch.scenarios import stage_for

TIMES = 7


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


if __name__ == "__main__":
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    require(print)
    asyncio.run(parts())
    rollouts(1)
    rollouts(8)
    print(f"load after: {os.getloadavg()[0]:.1f}")
