"""The fork server: holds nothing of anybody, may die, and serves only the process that made it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from peerwatch.fleet import _forking

from .conftest import Hosts, small_config


def server_pid() -> int:
    server = _forking._running()
    return server.process.pid


def test_it_knows_nothing_of_the_controller() -> None:
    """An empty environment, /dev/null thrice, its socket, and the pipe that wakes it."""
    hosts = Hosts(small_config())
    pid = server_pid()
    assert Path(f"/proc/{pid}/environ").read_bytes() == b""
    held = sorted(str(one.readlink()).split(":")[0] for one in Path(f"/proc/{pid}/fd").iterdir())
    assert held == ["/dev/null"] * 3 + ["pipe", "pipe", "socket"]
    hosts.stop()


def test_rollouts_outlive_it_and_the_next_start_makes_a_new_one() -> None:
    first = Hosts(small_config())
    pid = server_pid()
    os.kill(pid, signal.SIGKILL)
    assert first.out("ops", "ssh node-a hostname") == "node-a"
    second = Hosts(small_config())
    assert server_pid() != pid
    assert second.out("ops", "hostname") == "ops"
    first.stop()
    second.stop()


IGNORED = """
import sys, anyio
from peerwatch.fleet import FleetConfig, start

async def main():
    fleet = await start(FleetConfig.model_validate_json(sys.stdin.read()))
    line = "grep SigIgn /proc/self/status"
    print((await fleet.run("ops", ["sh", "-c", f"{line}; ssh node-a {line}"])).stdout.decode())
    await fleet.stop()

anyio.run(main)
"""


def test_hosts_hear_what_a_shell_made_us_ignore() -> None:
    """A controller after `nohup` or `&` ignores signals; its hosts are machines of their own."""

    def ignore() -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-c", IGNORED],
        input=small_config().model_dump_json(),
        text=True,
        capture_output=True,
        check=True,
        preexec_fn=ignore,
    )
    masks = [int(word, 16) for word in done.stdout.split() if word != "SigIgn:"]
    shell = sum(1 << number - 1 for number in (
        signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGXFSZ))
    assert [mask & shell for mask in masks] == [0, 0]


FORKED = """
import os, sys, anyio
from peerwatch.fleet import FleetConfig, _forking, start

config = FleetConfig.model_validate_json(sys.stdin.read())

async def visit():
    fleet = await start(config)
    told = (await fleet.run("ops", ["hostname"])).stdout.decode().strip()
    await fleet.stop()
    return told, _forking._running().process.pid

here = anyio.run(visit)
child = os.fork()
if child == 0:
    there = anyio.run(visit)
    os._exit(0 if there[0] == "ops" and there[1] != here[1] else 1)
assert os.waitpid(child, 0)[1] == 0
assert anyio.run(visit) == here
"""


def test_a_forked_controller_has_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED],
        input=small_config().model_dump_json(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
