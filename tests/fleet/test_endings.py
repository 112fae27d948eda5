"""However it ends, nothing is left: no process, no mount, no namespace, no file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from peerwatch.errors import InfrastructureFault

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


def launchers() -> set[int]:
    """Every process of every fleet, as this machine sees them: by their user namespaces."""
    own = os.readlink("/proc/self/ns/user")
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.readlink(entry / "ns/user") != own:
                    found.add(int(entry.name))
            except OSError:
                continue
    return found


def traces() -> tuple[int, int, list[str]]:
    """Mounts here, network namespaces seen, files in the places where leftovers could lie."""
    namespaces = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                namespaces.add(os.readlink(entry / "ns/net"))
            except OSError:
                continue
    mounts = len(Path("/proc/self/mountinfo").read_text().splitlines())
    files = sorted(name for name in os.listdir("/tmp") if name.startswith(("base", "h0", "h1")))
    return mounts, len(namespaces), files


def wait_until_gone(before: set[int], seconds: float) -> set[int]:
    end = time.monotonic() + seconds
    while time.monotonic() < end and launchers() - before:
        time.sleep(0.05)
    return launchers() - before


@pytest.fixture
def controller() -> subprocess.Popen[str]:
    """A process of its own with two fleets, in the middle of a command."""
    running = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(small_config().model_dump_json())
    running.stdin.close()
    assert running.stdout.readline() == "up\n"
    running.stdout.close()
    return running


def test_stop_leaves_nothing() -> None:
    before, seen = launchers(), traces()
    hosts = Hosts(small_config())
    hosts.run("ops", "setsid nohup sleep 1071 >/dev/null 2>&1 &")
    assert launchers() - before  # the control: they are seen while they live
    hosts.stop()
    assert wait_until_gone(before, 2) == set()
    assert traces() == seen
    with pytest.raises(InfrastructureFault, match="not running"):
        hosts.run("ops", "true")


def test_a_killed_controller_leaves_nothing(request: pytest.FixtureRequest) -> None:
    before, seen = launchers(), traces()
    running: subprocess.Popen[str] = request.getfixturevalue("controller")
    assert len(launchers() - before) >= 2 * 8
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert wait_until_gone(before, 5) == set()
    assert traces() == seen


@pytest.mark.parametrize("which", ["first", "last"])
def test_a_killed_launcher_or_supervisor_takes_all_along(which: str) -> None:
    before = launchers()
    hosts = Hosts(small_config())
    first = hosts.fleet._launcher.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    os.kill(first if which == "first" else int(children[0]), signal.SIGKILL)
    hosts.fleet._launcher.wait(5)
    assert wait_until_gone(before, 5) == set()
    with pytest.raises(InfrastructureFault):
        hosts.run("ops", "true")
    with pytest.raises(InfrastructureFault):
        hosts.snapshot()
    hosts.stop()


def test_hosts_that_cannot_be_filled_say_why() -> None:
    before = launchers()
    config = small_config()
    node = config.hosts[1].model_copy(
        update={"volumes": (config.hosts[1].volumes[0].model_copy(update={"size_mb": 2}),)}
    )
    full = config.model_copy(update={"hosts": (config.hosts[0], node)})
    with pytest.raises(InfrastructureFault, match=r"node-a: .*No space left"):
        Hosts(full)
    assert wait_until_gone(before, 2) == set()


def test_no_descriptor_is_left_in_the_controller() -> None:
    Hosts(small_config()).stop()  # what is opened once only
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        hosts = Hosts(small_config())
        hosts.run("ops", "sleep 30 & true")
        hosts.snapshot()
        os.close(hosts.call(hosts.fleet.open, "ops", "/etc/hostname"))
        hosts.stop()
    assert len(os.listdir("/proc/self/fd")) == before
