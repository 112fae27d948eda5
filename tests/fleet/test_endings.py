"""However it ends, nothing is left: no process, no mount, no namespace, no file."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from peerwatch.errors import InfrastructureFault
from peerwatch.fleet import FleetConfig, Volume

from .conftest import Hosts, small_config

CONTROLLER = textwrap.dedent(
    """
    import sys, time, anyio
    from peerwatch.fleet import FleetConfig, start

    async def main():
        config = FleetConfig.model_validate_json(sys.stdin.read())
        fleets = [await start(config) for _ in range(2)]
        for one in fleets:
            await one.run("ops", ["bash", "-c", "setsid nohup sleep 1061 >/dev/null 2>&1 &"])
        print("up", flush=True)
        await fleets[0].run("node-a", ["sleep", "1062"])

    anyio.run(main)
    """
)


def family(root: int) -> dict[int, str]:
    """Every process below `root` and itself, by pid with its start, as this machine sees them."""
    found: dict[int, str] = {}
    todo = [root]
    while todo:
        pid = todo.pop()
        start = start_of(pid)
        if start:
            found[pid] = start
            with contextlib.suppress(OSError):  # it may end while being read
                for task in Path(f"/proc/{pid}/task").iterdir():
                    todo.extend(int(child) for child in (task / "children").read_text().split())
    return found


def start_of(pid: int) -> str:
    """When a process started; empty when it is gone or only waits to be buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def left_of(pids: dict[int, str], seconds: float) -> set[int]:
    """Which of these processes are still there after so long."""
    end = time.monotonic() + seconds
    while True:
        left = {pid for pid, start in pids.items() if start_of(pid) == start}
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.05)


MARK = f"/srv/of-{os.getpid()}"
"""Where each host of `marked_config` has a volume: it tells their mounts from those of others."""


def marked_config() -> FleetConfig:
    """Three hosts whose mounts `mounts` finds."""
    config = small_config()
    marked = tuple(
        host.model_copy(update={"volumes": (*host.volumes, Volume(mount=MARK, size_mb=1))})
        for host in config.hosts
    )
    return config.model_copy(update={"hosts": marked})


def mounts() -> set[str]:
    """All mounts of the namespaces that hold a marked one, of whatever process of this machine.

    A line begins with the mount's number, which it has on this machine alone: however many
    processes a namespace has, it counts once.
    """
    found: set[str] = set()
    for table in Path("/proc").glob("[0-9]*/mountinfo"):
        with contextlib.suppress(OSError):  # it may end while being read
            lines = table.read_text().splitlines()
            if any(line.split()[4] == MARK for line in lines):
                found.update(lines)
    return found


def hosts_mounted() -> int:
    """The control of `mounts`: of so many hosts it sees the root, /proc and the volume."""
    lines = [line.split() for line in mounts()]
    counts = {sum(line[4] == place for line in lines) for place in ("/", "/proc", MARK)}
    assert len(counts) == 1, lines
    return counts.pop()


def starting_controller() -> subprocess.Popen[str]:
    """A process of its own that begins to start two fleets, and says `up` when they run."""
    running = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert running.stdin is not None
    running.stdin.write(marked_config().model_dump_json())
    running.stdin.close()
    return running


def running_controller() -> subprocess.Popen[str]:
    """A process of its own with two fleets, in the middle of a command."""
    running = starting_controller()
    assert running.stdout is not None
    assert running.stdout.readline() == "up\n"
    running.stdout.close()
    return running


@pytest.fixture
def controller() -> subprocess.Popen[str]:
    return running_controller()


@pytest.mark.parametrize("ask", ["open", "open_held", "snapshot", "ledger", "killed"])
def test_hosts_that_do_not_answer_are_a_fault(ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no OSError: whoever opens a file would take that for the file's own."""
    monkeypatch.setattr("peerwatch.fleet.fleet._ANSWER_S", 0.3)
    hosts = Hosts(small_config())
    asked = {"open": ("ops", "/etc/passwd"), "open_held": ("ops", 1, 0)}.get(ask, ())
    (supervisor,) = Path(f"/proc/{hosts.fleet._launcher.pid}/task").glob("*/children")
    pid = int(supervisor.read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(InfrastructureFault, match="no answer"):
            hosts.call(getattr(hosts.fleet, ask), *asked)
    finally:
        os.kill(pid, signal.SIGCONT)
        hosts.stop()


def test_a_question_that_goes_wrong_does_not_end_the_hosts() -> None:
    hosts = Hosts(small_config())
    with pytest.raises(InfrastructureFault, match="no answer"):
        hosts.call(hosts.fleet.open, "nowhere", "/etc/passwd")
    assert hosts.out("ops", "echo on") == "on"
    hosts.stop()


@pytest.mark.parametrize("ask", ["ledger", "snapshot"])
def test_no_process_for_an_answer_does_not_end_the_hosts(ask: str) -> None:
    hosts = Hosts(small_config())
    (supervisor,) = Path(f"/proc/{hosts.fleet._launcher.pid}/task").glob("*/children")
    pid = int(supervisor.read_text())
    try:
        before = resource.prlimit(pid, resource.RLIMIT_NPROC)
        resource.prlimit(pid, resource.RLIMIT_NPROC, (1, before[1]))
        with pytest.raises(InfrastructureFault, match=r"no answer|whole"):
            hosts.call(getattr(hosts.fleet, ask))
        resource.prlimit(pid, resource.RLIMIT_NPROC, before)
        assert hosts.out("ops", "echo on") == "on"
        assert hosts.call(getattr(hosts.fleet, ask))
    except PermissionError:
        pytest.skip("another process's limits may be set by root alone")
    finally:
        hosts.stop()


@contextlib.contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """This process may open so many files more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = [os.open("/dev/null", os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(own_descriptors()) + 20, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                opened.append(os.open("/dev/null", os.O_RDONLY))
        for _ in range(count):
            os.close(opened.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in opened:
            os.close(one)


def own_descriptors() -> set[int]:
    """But for the one that lists them."""
    return {int(one.name) for one in Path("/proc/self/fd").iterdir() if one.exists()}


@pytest.mark.parametrize("left", [0, 1, 3, 9, 10])
def test_no_descriptor_left_is_a_fault_and_leaks_none(left: int) -> None:
    hosts = Hosts(small_config())
    asked: list[tuple[Any, tuple[Any, ...]]] = [(hosts.fleet.run, ("ops", ["true"]))]
    if left < 2:
        asked += [(hosts.fleet.open, ("ops", "/etc/passwd")), (hosts.fleet.snapshot, ())]
    try:
        hosts.out("ops", "true")
        before = own_descriptors()
        for ask, arguments in asked:
            async def short(ask: Any = ask, arguments: Any = arguments) -> None:
                with descriptors_left(left):
                    await ask(*arguments)

            with pytest.raises(InfrastructureFault, match="Too many open"):
                hosts.call(short)
        assert own_descriptors() == before
        assert hosts.out("ops", "echo on") == "on"
    finally:
        hosts.stop()


def test_stop_leaves_nothing() -> None:
    hosts = Hosts(marked_config())
    hosts.run("ops", "setsid nohup sleep 1071 >/dev/null 2>&1 &")
    mine = family(hosts.fleet._launcher.pid)
    assert len(mine) >= 9  # the control: launcher, supervisor, three hosts, three sshd, sleep
    assert hosts_mounted() == 3
    hosts.stop()
    assert left_of(mine, 5) == set()
    assert mounts() == set()
    with pytest.raises(InfrastructureFault, match="not running"):
        hosts.run("ops", "true")


def test_a_killed_controller_leaves_nothing(controller: subprocess.Popen[str]) -> None:
    mine = family(controller.pid)
    assert len(mine) >= 1 + 2 * 9
    assert hosts_mounted() == 2 * 3
    files = set(os.listdir("/tmp"))  # noqa: PTH208
    controller.send_signal(signal.SIGKILL)
    controller.wait()
    assert left_of(mine, 10) == set()
    assert mounts() == set()
    new = set(os.listdir("/tmp")) - files  # noqa: PTH208
    assert not {name for name in new if name.startswith(("base", "h0"))}


@pytest.mark.parametrize("which", ["launcher", "supervisor"])
def test_a_killed_launcher_or_supervisor_takes_all_along(which: str) -> None:
    hosts = Hosts(small_config())
    first = hosts.fleet._launcher.pid
    mine = family(first)
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    os.kill(first if which == "launcher" else int(children[0]), signal.SIGKILL)
    assert hosts.fleet._launcher.ended(5)
    assert left_of(mine, 10) == set()
    with pytest.raises(InfrastructureFault):
        hosts.run("ops", "true")
    with pytest.raises(InfrastructureFault):
        hosts.snapshot()
    hosts.stop()


def test_a_host_that_ends_during_a_command_is_a_fault_and_no_result() -> None:
    hosts = Hosts(small_config())
    first = hosts.fleet._launcher.pid
    supervisor = Path(f"/proc/{first}/task/{first}/children").read_text().split()[0]
    inits = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    killing = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {inits[0]}"])
    with pytest.raises(InfrastructureFault, match="host ops ended"):
        hosts.run("ops", "sleep 30")
    killing.wait()
    with pytest.raises(InfrastructureFault, match="not running"):
        hosts.run("ops", "true")
    assert hosts.out("node-b", "echo alive") == "alive"
    hosts.stop()


def test_whoever_reads_the_hosts_is_followed_by_another_when_it_ends() -> None:
    """One child of the supervisor takes all snapshots; killed, it costs no more than one."""
    hosts = Hosts(small_config())
    first = hosts.fleet._launcher.pid
    supervisor = Path(f"/proc/{first}/task/{first}/children").read_text().split()[0]
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children")
    inits = set(children.read_text().split())
    seen, readers = [hosts.snapshot(), hosts.snapshot()], []
    for _ in range(2):
        (reader,) = set(children.read_text().split()) - inits
        os.kill(int(reader), signal.SIGKILL)
        while start_of(int(reader)):
            time.sleep(0.01)
        readers.append(reader)
        seen.append(hosts.snapshot(rehash=True))
    assert readers[0] != readers[1]
    assert [set(one.hosts["ops"].files) for one in seen] == [set(seen[0].hosts["ops"].files)] * 4
    mine = family(first)
    hosts.stop()
    assert left_of(mine, 10) == set()


def test_hosts_that_cannot_be_filled_say_why() -> None:
    config = small_config()
    node = config.hosts[1].model_copy(
        update={"volumes": (config.hosts[1].volumes[0].model_copy(update={"size_mb": 2}),)}
    )
    full = config.model_copy(update={"hosts": (config.hosts[0], node)})
    Hosts(config).stop()  # the fork server stays
    before = set(family(os.getpid()))
    with pytest.raises(InfrastructureFault, match=r"node-a: .*No space left"):
        Hosts(full)
    new = {pid: one for pid, one in family(os.getpid()).items() if pid not in before}
    assert left_of(new, 5) == set()


def test_no_descriptor_is_left_in_the_controller() -> None:
    Hosts(small_config()).stop()  # what is opened once only
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        hosts = Hosts(small_config())
        hosts.run("ops", "sleep 30 & true")
        hosts.snapshot()
        os.close(hosts.call(hosts.fleet.open, "ops", "/etc/hostname"))
        hosts.stop()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
