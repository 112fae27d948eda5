"""Anything may be killed at any moment: a fault or a result in time, nothing left, and it goes on.

Short of memory, the kernel kills one process after another with SIGKILL. Killing at random, with
a fixed seed, stands for that here; a real shortage is in `test_cgroups`, where there are groups.
Processes are told apart by number and start, not by namespace: its number is given again.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import Hosts, small_config
from .test_endings import (
    family,
    left_of,
    marked_config,
    mounts,
    start_of,
    starting_controller,
)

_PR_SET_CHILD_SUBREAPER = 36

# Rollout after rollout until the input ends; every call within its time, every fault one of ours.
ROLLOUTS = textwrap.dedent(
    """
    import os, select, sys, time, anyio
    from peerwatch.errors import InfrastructureFault
    from peerwatch.fleet import FleetConfig, start

    async def rollout(config):
        fleet = await start(config)
        try:
            for _ in range(3):
                await fleet.run("ops", ["bash", "-c", "ssh node-a sleep 0.1"], timeout=20)
                await fleet.snapshot()
            os.close(await fleet.open("ops", "/etc/hostname"))
        finally:
            await fleet.stop()

    async def main():
        config = FleetConfig.model_validate_json(sys.stdin.readline())
        whole = faults = 0
        print("up", flush=True)
        while not select.select([0], [], [], 0)[0]:
            try:
                with anyio.fail_after(120):
                    await rollout(config)
                whole += 1
            except InfrastructureFault:
                faults += 1
        with anyio.fail_after(120):
            await rollout(config)  # the next one works
        print(whole, faults, flush=True)

    anyio.run(main)
    """
)


@pytest.fixture
def orphans() -> Iterator[Callable[[], list[int]]]:
    """Our children that were nobody's when the test began; those who lose a parent come to us."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = set(family(os.getpid()))

    def found() -> list[int]:
        new = [pid for pid in family(os.getpid()) if pid not in before]
        for pid in new:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        return [pid for pid in new if start_of(pid)]

    yield found
    prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def gone(orphans: Callable[[], list[int]], seconds: float = 30) -> bool:
    """Whether no orphan is left, at the latest after so long."""
    end = time.monotonic() + seconds
    while orphans():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_killed_at_random(orphans: Callable[[], list[int]]) -> None:
    """Launchers, supervisors, pid 1s, sshds, monitors, commands and snapshots, one by one."""
    dice = random.Random(4)
    running = subprocess.Popen(
        [sys.executable, "-c", ROLLOUTS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(marked_config().model_dump_json() + "\n")
    running.stdin.flush()
    assert running.stdout.readline() == "up\n"
    seen: dict[int, str] = {}
    end = time.monotonic() + 12
    while time.monotonic() < end:
        time.sleep(dice.uniform(0.02, 0.5))
        mine = family(running.pid)
        seen.update(mine)
        below = sorted(set(mine) - {running.pid})
        if below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(below), signal.SIGKILL)
    told, errors = running.communicate("end\n", timeout=300)
    assert running.returncode == 0, errors
    whole, faults = (int(word) for word in told.split())
    assert faults >= 3, (whole, faults)
    assert gone(orphans)
    assert left_of(seen, 10) == set()
    assert mounts() == set()


@pytest.mark.parametrize("part", range(5))
def test_a_controller_killed_while_it_starts(
    part: int, orphans: Callable[[], list[int]]
) -> None:
    """Hosts half started go as well as whole ones; the next start works."""
    running = starting_controller()
    assert running.stdout is not None
    end = time.monotonic() + 60
    while len(family(running.pid)) < 2 and time.monotonic() < end:
        time.sleep(0.002)  # the first launcher is about to start
    assert len(family(running.pid)) >= 2
    time.sleep(part * 0.06)
    mine = family(running.pid)
    running.kill()
    running.wait()
    running.stdout.close()
    assert gone(orphans)
    assert left_of(mine, 10) == set()
    assert mounts() == set()
    if part == 4:
        hosts = Hosts(small_config())
        assert hosts.out("ops", "ssh node-a echo alive") == "alive"
        hosts.stop()


def test_a_stopped_supervisor_is_ended_with_its_rollout() -> None:
    """A process that no longer answers is killed at the end, not waited for."""
    hosts = Hosts(small_config())
    first = hosts.fleet._launcher.pid
    mine = family(first)
    supervisor = int(Path(f"/proc/{first}/task/{first}/children").read_text().split()[0])
    os.kill(supervisor, signal.SIGSTOP)
    assert hosts.run("ops", "echo alive", timeout=1).timed_out  # nothing starts unseen
    began = time.monotonic()
    hosts.stop()
    assert time.monotonic() - began < 60
    assert left_of(mine, 10) == set()
