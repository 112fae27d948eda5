"""One command: its input, output and end, and the end of everything that it started."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
import pytest

from peerwatch.errors import InfrastructureFault

from .conftest import Hosts


def test_input_output_and_code(hosts: Hosts) -> None:
    result = hosts.run("ops", "cat; echo oops >&2; exit 7", stdin="some\nlines\n")
    assert (result.stdout, result.stderr, result.returncode) == (b"some\nlines\n", b"oops\n", 7)


def test_large_input_and_a_long_command_line(hosts: Hosts) -> None:
    assert hosts.out("ops", "wc -c", stdin=b"x" * 5_000_000) == "5000000"
    assert hosts.out("ops", ["printf", "%s", *["y" * 100_000] * 9]) == "y" * 900_000


def test_directory_environment_and_user(hosts: Hosts) -> None:
    assert hosts.out("ops", "pwd") == "/root"
    assert hosts.out("ops", "pwd", cwd="notes") == "/root/notes"
    assert hosts.out("ops", "pwd", cwd="/etc") == "/etc"
    assert hosts.out("ops", "echo $A", env={"A": "b c"}) == "b c"
    assert hosts.run("ops", "id", user="nobody-here").unknown_user


@pytest.mark.parametrize("line", [r"root:x:0:0::/root\0:/bin/bash", r"root:x:0:0::/%s:/bin/bash"])
def test_no_line_of_accounts_keeps_root_out(line: str, fresh: Callable[[], Hosts]) -> None:
    hosts = fresh()
    write = f"open('/etc/passwd', 'w').write('{line}'.replace('%s', 'a' * 9**6))"
    assert hosts.run("ops", ["python3", "-c", write]).returncode == 0
    assert hosts.out("ops", "echo in; pwd") == "in\n/root"


def test_a_program_that_is_not_there(hosts: Hosts) -> None:
    result = hosts.run("ops", ["no-such-program"])
    assert result.returncode == 127
    assert result.stderr == b"no-such-program: No such file or directory\n"
    assert hosts.run("ops", ["/etc/hostname"]).returncode == 126


def test_death_by_signal(hosts: Hosts) -> None:
    assert hosts.run("ops", "kill -9 $$").returncode == 137


def test_an_unknown_host(hosts: Hosts) -> None:
    with pytest.raises(InfrastructureFault, match="ops, node-a, node-b"):
        hosts.run("elsewhere", "true")


def test_output_beyond_the_limit_loses_its_middle(hosts: Hosts) -> None:
    result = hosts.run("ops", "echo first; yes | head -c 30000000; echo last", output_bytes=4096)
    assert result.stdout.startswith(b"first\n")
    assert result.stdout.endswith(b"last\n")
    assert b"bytes left out" in result.stdout
    assert len(result.stdout) < 4096 + 64
    assert result.left_out > 29_000_000


def test_the_end_of_the_time_ends_the_whole_tree(hosts: Hosts) -> None:
    line = (
        "trap '' TERM; setsid sleep 1001 & nohup sleep 1002 >/dev/null 2>&1 & "
        "(setsid bash -c 'trap \"\" TERM; (sleep 1003 &) ; sleep 1004' &) ; sleep 1005"
    )
    began = time.monotonic()
    result = hosts.run("ops", line, timeout=1)
    assert result.timed_out
    assert result.returncode == 124
    assert time.monotonic() - began < 5
    assert hosts.run("ops", "pgrep -f 'sleep 100[1-5]'").stdout == b""


def test_what_was_printed_before_the_time_was_over_is_kept(hosts: Hosts) -> None:
    result = hosts.run("ops", "echo before; sleep 60", timeout=1)
    assert (result.stdout, result.timed_out) == (b"before\n", True)


def test_a_background_process_does_not_hold_the_call_and_lives_on(hosts: Hosts) -> None:
    began = time.monotonic()
    hosts.run("ops", "nohup sleep 1011 >/dev/null 2>&1 & sleep 1012 & echo started")
    assert time.monotonic() - began < 1
    left = hosts.out("ops", "pgrep -af 'sleep 101[12]' | grep -v pgrep | sort -k3")
    assert [line.split(maxsplit=1)[1] for line in left.splitlines()] == ["sleep 1011", "sleep 1012"]


def test_a_background_process_may_go_on_printing(hosts: Hosts) -> None:
    line = "(sleep 0.3; for i in $(seq 2000); do echo $i; done; touch /tmp/went-on) & echo started"
    assert hosts.out("ops", line) == "started"
    time.sleep(0.8)
    assert hosts.run("ops", "test -e /tmp/went-on").returncode == 0


def test_a_killed_monitor_ends_the_call(hosts: Hosts) -> None:
    began = time.monotonic()
    result = hosts.run("ops", "kill -9 $PPID; sleep 30", timeout=20)
    assert result.returncode == 137
    assert time.monotonic() - began < 2
    assert hosts.out("ops", "echo next") == "next"


def test_a_stopped_monitor_does_not_outlive_the_time(hosts: Hosts) -> None:
    began = time.monotonic()
    result = hosts.run("ops", "kill -STOP $PPID; sleep 1021", timeout=1)
    assert result.timed_out
    assert time.monotonic() - began < 6
    assert hosts.run("ops", "pgrep -f 'sleep 1021'").stdout == b""


def test_cancelling_ends_the_tree(hosts: Hosts) -> None:
    async def give_up() -> None:
        with anyio.move_on_after(0.5):
            await hosts.fleet.run("ops", ["bash", "-c", "setsid sleep 1031 & sleep 1032"])

    anyio.run(give_up)
    time.sleep(1)
    assert hosts.run("ops", "pgrep -f 'sleep 103[12]'").stdout == b""


def test_many_at_once(hosts: Hosts) -> None:
    seen: list[bytes] = []

    async def one(number: int) -> None:
        host = hosts.fleet.hosts[number % 3]
        result = await hosts.fleet.run(host, ["bash", "-c", f"sleep 0.1; echo {number}"])
        seen.append(result.stdout)

    async def all_of_them() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(40):
                tasks.start_soon(one, number)

    began = time.monotonic()
    anyio.run(all_of_them)
    assert sorted(seen) == sorted(b"%d\n" % number for number in range(40))
    assert time.monotonic() - began < 3
