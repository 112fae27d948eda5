"""Control groups: where one may be made, what it keeps, and that none is left.

Finding a place is tried on folders that look like groups. The rest needs version 2 of control
groups with memory and processes in reach, and skips by name elsewhere: `scripts/vm.sh` has it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from peerwatch.fleet import FleetConfig, HostConfig, Limits, Volume, cgroups

from .conftest import Hosts, small_config
from .neighbours import Neighbours
from .test_endings import family, left_of, running_controller

Begin = Callable[..., Hosts]
BOTH = "cpu memory pids"


def group(folder: Path, *, below: str = "", own: str = BOTH, processes: str = "") -> Path:
    """A folder that looks like a control group."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.controllers").write_text(own)
    (folder / "cgroup.subtree_control").write_text(below)
    (folder / "cgroup.procs").write_text(processes)
    return folder


# --- finding a place -----------------------------------------------------------------------------


def test_the_nearest_group_that_gives_both_controllers(tmp_path: Path) -> None:
    group(tmp_path, below=BOTH)
    near = group(tmp_path / "user", below="memory pids")
    group(tmp_path / "user" / "app", below="memory")  # no limit on processes here
    group(tmp_path / "user" / "app" / "run")
    assert cgroups.find(tmp_path, "/user/app/run") == near
    assert cgroups.find(tmp_path, "/") == tmp_path


def test_nothing_delegated_is_no_place(tmp_path: Path) -> None:
    group(tmp_path, below="cpu")
    group(tmp_path / "run", own="cpu", processes=str(os.getpid()))
    assert cgroups.find(tmp_path, "/run") is None
    assert cgroups.find(tmp_path / "nowhere", "/") is None


def test_a_delegated_group_of_our_own_is_arranged(tmp_path: Path) -> None:
    group(tmp_path)
    own = group(tmp_path / "run", processes=f"{os.getpid()}\n")
    assert cgroups.find(tmp_path, "/run") == own
    assert (own / "peerwatch.own" / "cgroup.procs").read_text() == str(os.getpid())
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_group_in_which_others_live_is_left_alone(tmp_path: Path) -> None:
    group(tmp_path)
    own = group(tmp_path / "run", processes=f"{os.getpid()}\n999999999\n")
    assert cgroups.find(tmp_path, "/run") is None
    assert not (own / "peerwatch.own").exists()


def test_limits_leave_room_for_the_disks() -> None:
    """What lies in the hosts' file systems is memory too, and is not the commands'."""
    config = FleetConfig(
        key_seed="x",
        limits=Limits(memory_mb=256, disk_mb=100, shm_mb=10, processes=64),
        hosts=(
            HostConfig(name="a", volumes=(Volume(mount="/v", size_mb=50),)),
            HostConfig(name="b"),
        ),
    )
    found = cgroups.limits(config)
    assert int(found["memory.max"]) >> 20 == 256 + 2 * 110 + 50 + cgroups._OWN_MB
    assert int(found["pids.max"]) == 2 * 65 + cgroups._OWN_PROCESSES


# --- real ones -----------------------------------------------------------------------------------


@pytest.fixture
def where() -> Iterator[Path]:
    """The group in which rollouts get theirs; what a test has made there is gone after it."""
    found = cgroups.place()
    if found is None:
        pytest.skip("no control group with memory and pids may be made here (cgroup v2)")
    before = rollouts(found)
    yield found
    end = time.monotonic() + 10
    while left := {name for name in rollouts(found) - before if empty(found / name)}:
        assert time.monotonic() < end, left
        time.sleep(0.2)


def empty(group: Path) -> bool:
    """Whether nothing runs in it. Tests beside this one have rollouts there too, which run."""
    try:
        return not (group / "cgroup.procs").read_text()
    except OSError:
        return False


def rollouts(where: Path) -> set[str]:
    return {one.name for one in where.glob("peerwatch-*")}


def own_group(hosts: Hosts, where: Path) -> Path:
    text = Path(f"/proc/{hosts.fleet._launcher.pid}/cgroup").read_text()
    name = next(line for line in text.splitlines() if line.startswith("0::")).rpartition("/")[2]
    return where / name


def test_a_group_can_be_entered(where: Path) -> None:
    assert cgroups.trial() == ""


def test_hosts_live_in_a_group_of_their_own(where: Path) -> None:
    hosts = Hosts(small_config(memory_mb=256))
    assert hosts.fleet.group_kept
    home = own_group(hosts, where)
    wanted = cgroups.limits(hosts.fleet.config)
    assert {name: (home / name).read_text().strip() for name in wanted} == wanted
    inside = {int(pid) for pid in (home / "cgroup.procs").read_text().split()}
    assert set(family(hosts.fleet._launcher.pid)) <= inside
    assert "/peerwatch" not in hosts.out("ops", "cat /proc/self/cgroup /proc/1/cgroup")
    hosts.stop()
    assert not home.exists()


# Memory files under way through a socket: no descriptor shows them, so the guard cannot.
IN_FLIGHT = """
import array, os, socket
kept = []
while True:
    ours, theirs = socket.socketpair()
    for _ in range(10):
        file = os.memfd_create("x")
        os.write(file, b"1" * (4 << 20))
        ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
        os.close(file)
    kept += [ours, theirs]
"""


def test_memory_that_the_guard_cannot_see(
    where: Path, fresh: Begin, neighbours: Neighbours
) -> None:
    """The kernel ends the command that took it, not what keeps the hosts."""
    hosts = fresh(memory_mb=128, disk_mb=32)
    home = own_group(hosts, where)
    keepers = family(hosts.fleet._launcher.pid)
    result = neighbours.go_on_during(hosts, ["python3", "-c", IN_FLIGHT], timeout=100)
    assert result.returncode == 137
    events = dict(line.split() for line in (home / "memory.events").read_text().splitlines())
    assert int(events["oom_kill"]) >= 1
    assert not hosts.call(hosts.fleet.killed)
    assert left_of(keepers, 0) == set(keepers)
    assert hosts.out("ops", "echo alive") == "alive"
    hosts.stop()


def test_processes_of_all_users_of_a_rollout(
    where: Path, fresh: Begin, neighbours: Neighbours
) -> None:
    """The kernel counts a limit per user; the group counts all of them."""
    line = (
        "import os, time\n"
        "count = 0\n"
        "for user in range(1, 9):\n"
        "    if os.fork() == 0:\n"
        "        os.setresuid(user, user, user)\n"
        "        count = 0\n"
        "        try:\n"
        "            while os.fork() or not time.sleep(600): count += 1\n"
        "        except OSError: print(count, flush=True)\n"
        "        os._exit(0)\n"
        "time.sleep(4)"
    )
    hosts = fresh(processes=64)
    result = hosts.run("ops", ["python3", "-c", line], timeout=100)
    home = own_group(hosts, where)
    assert sum(int(word) for word in result.stdout.split()) <= 65 * 3 + cgroups._OWN_PROCESSES
    assert int((home / "pids.current").read_text()) <= 65 * 3 + cgroups._OWN_PROCESSES
    neighbours.go_on_during(fresh(), "true")


@pytest.mark.parametrize("which", ["controller", "launcher"])
def test_a_killed_one_leaves_no_group(which: str, where: Path) -> None:
    """An empty group that a killed controller left is swept when somebody starts next."""
    running = running_controller()
    mine = family(running.pid)
    assert len(rollouts(where)) >= 2
    if which == "launcher":
        tasks = Path(f"/proc/{running.pid}/task").iterdir()
        launchers = [pid for task in tasks for pid in (task / "children").read_text().split()]
        os.kill(int(launchers[0]), signal.SIGKILL)
        time.sleep(0.5)
    running.kill()
    running.wait()
    assert left_of(mine, 20) == set()
    line = (
        "import anyio, sys; from peerwatch.fleet import FleetConfig, start\n"
        "async def main():\n"
        "    await (await start(FleetConfig.model_validate_json(sys.stdin.read()))).stop()\n"
        "anyio.run(main)"
    )
    given = small_config().model_dump_json()
    subprocess.run([sys.executable, "-c", line], input=given, text=True, check=True)
