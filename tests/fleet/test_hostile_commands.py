"""Whatever a command does to its monitor, its host and its output, the call ends in its time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from peerwatch.fleet.fleet import CommandResult

from .conftest import Hosts
from .neighbours import Neighbours

Begin = Callable[..., Hosts]
SLACK_S = 30  # beyond the time given; the attacks would last 600 s


def in_its_time(
    neighbours: Neighbours, hosts: Hosts, line: str | list[str], timeout: float, **more: int
) -> CommandResult:
    """The result of an attack on `ops` that ended within its time and some slack."""
    began = time.monotonic()
    result = neighbours.go_on_during(hosts, line, timeout=timeout, **more)
    assert time.monotonic() - began < timeout + SLACK_S
    return result


# What root of a host can do to what runs its commands, and the codes with which the call may end.
ATTACKS = {
    "kills its monitor": ("kill -9 $PPID; exec sleep 600", {137}),
    "stops its monitor": ("kill -STOP $PPID; exec sleep 600", {124}),
    "kills whatever it can": ("kill -9 -1; exec sleep 600", {137}),
    "stops whatever it can": ("kill -STOP -1; exec sleep 600", {124}),
    "kills by the name of sshd": ("pkill -9 sshd; exec sleep 600", {137}),
    "ignores every signal": ("trap '' TERM HUP INT QUIT USR1; while :; do sleep 600; done", {124}),
    "closes all its descriptors": (
        "for i in $(seq 3 255); do eval \"exec $i>&-\"; done; exec <&- >&- 2>&-; sleep 600", {124}),
    "hides below many sessions": (
        "for i in $(seq 20); do setsid -f bash -c 'trap \"\" TERM; setsid -f sleep 600; "
        "sleep 600'; done; sleep 600", {124}),
    "stops itself": ("kill -STOP $$", {124}),
    "becomes somebody else": (
        "exec python3 -c 'import os,time; os.setresuid(1,1,1); time.sleep(600)'", {124}),
    "ends its first thread alone": (
        "exec python3 -c 'import ctypes,threading,time; threading.Thread(target=time.sleep, "
        "args=(600,)).start(); ctypes.CDLL(None).pthread_exit(None)'", {124}),
    "takes the processor": ("for i in 1 2 3 4; do (while :; do :; done) & done; wait", {124}),
    "fills /tmp, then goes on": ("yes > /tmp/full; yes > /tmp/more; exec sleep 600", {124}),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_call_ends_in_its_time(attack: str, fresh: Begin, neighbours: Neighbours) -> None:
    """The next command runs as if nothing had been, and a snapshot comes."""
    line, codes = ATTACKS[attack]
    hosts = fresh(disk_mb=16)
    result = in_its_time(neighbours, hosts, line, 1)
    assert result.returncode in codes
    assert hosts.out("ops", "echo alive") == "alive"
    assert hosts.snapshot().hosts["ops"].complete
    if result.timed_out:
        assert hosts.run("ops", "pgrep -x 'sleep|python3'").stdout == b""


# From process to process, each a sister of the one before in a session of its own: what was looked
# up in /proc is gone when it is to be killed.
HOP = """
import ctypes, os, signal, sys, time
libc = ctypes.CDLL(None)
for number in (signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.closerange(0, 3)
parent = os.getppid()
for _ in range(20):
    if os.fork() == 0:
        while True:
            if libc.syscall(56, 0x8000 | 17, 0, 0, 0, 0): os._exit(0)
            os.setsid()
if sys.argv[1] == "stop": os.kill(parent, signal.SIGSTOP)
time.sleep(600)
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number of clone is x86-64's")
@pytest.mark.parametrize("how", ["stop", "go on"])
def test_what_hops_away_from_every_signal_ends_too(
    how: str, fresh: Begin, neighbours: Neighbours
) -> None:
    """The host's services may end with it: there is one call alone that nothing escapes."""
    hosts = fresh()
    result = in_its_time(neighbours, hosts, ["python3", "-c", HOP, how], 1)
    assert result.returncode == 124
    time.sleep(0.3)
    left = [one for _ in range(5) for one in hosts.snapshot().hosts["ops"].processes
            if "python3" in one.command]  # fmt: skip
    assert not left
    assert hosts.out("ops", "echo alive") == "alive"


def test_a_killed_sshd_takes_ssh_and_no_command(fresh: Begin, neighbours: Neighbours) -> None:
    hosts = fresh()
    line = "pkill -9 -o -x sshd; sleep 0.2; echo went on"
    in_its_time(neighbours, hosts, line, 20)
    assert hosts.out("ops", "echo alive") == "alive"
    assert b"refused" in hosts.run("node-a", "ssh ops true").stderr


def test_forks_that_are_exhausted_are_said(fresh: Begin, neighbours: Neighbours) -> None:
    """With no process to give, a call is answered at once; with one to give again, it runs."""
    hosts = fresh(processes=64)
    if not hosts.fleet.pid_limit_kept:
        pytest.skip("this kernel counts processes per rollout only (Linux 6.14: per host)")
    fill = (
        "import os, time\n"
        "try:\n"
        "    while os.fork(): pass\n"
        "except OSError: os._exit(0)\n"
        "os.closerange(0, 3); time.sleep(4)"
    )
    hosts.run("ops", ["python3", "-c", fill], timeout=20)
    refused = in_its_time(neighbours, hosts, "echo no", 10)
    assert (refused.no_process, refused.returncode) == (True, 126)
    end = time.monotonic() + 60
    while hosts.run("ops", "echo again").stdout != b"again\n":
        assert time.monotonic() < end
        time.sleep(0.5)


# --- output --------------------------------------------------------------------------------------


def test_a_flood_on_both_streams(fresh: Begin, neighbours: Neighbours) -> None:
    """It is cut to its limit; the controller neither stands still nor keeps the flood."""
    line = "yes out & yes err >&2 & tr -d '\\n' < /dev/zero & wait"
    result = in_its_time(neighbours, fresh(), line, 3, output_bytes=65_536)
    assert result.timed_out
    assert result.left_out > 1 << 20
    assert len(result.stdout) + len(result.stderr) < 3 * 65_536


def test_a_flood_from_the_background_is_held_up(fresh: Begin, neighbours: Neighbours) -> None:
    """Nobody reads what comes after the call's end: a pipe fills up, and its writer waits."""
    hosts = fresh()
    for _ in range(3):
        result = in_its_time(neighbours, hosts, "echo started; (yes & yes >&2 &)", 20)
        assert b"started" in result.stdout
    assert hosts.out("ops", "pgrep -c yes") == "6"


def test_many_children_that_hold_the_output(fresh: Begin, neighbours: Neighbours) -> None:
    """Calls do not wait for them, and the controller holds a bounded number of pipes."""
    hosts = fresh()
    held_before = open_here()
    for _ in range(50):
        assert hosts.run("ops", "sleep 600 & sleep 600 & echo on", timeout=30).stdout == b"on\n"
    in_its_time(neighbours, hosts, "for i in $(seq 80); do sleep 600 & done; echo on", 30)
    assert open_here() - held_before <= 64
    hosts.stop()
    assert open_here() < held_before


def open_here() -> int:
    """Descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_closed_streams_do_not_end_a_call(fresh: Begin, neighbours: Neighbours) -> None:
    """A command ends when it ends, with its own code, not when it has nothing more to say."""
    began = time.monotonic()
    line = "echo before; exec <&- >&- 2>&-; sleep 2; exit 7"
    result = in_its_time(neighbours, fresh(), line, 60)
    assert (result.stdout, result.returncode) == (b"before\n", 7)
    assert time.monotonic() - began > 2


# --- input ---------------------------------------------------------------------------------------


def test_a_command_line_beyond_what_the_kernel_takes(fresh: Begin, neighbours: Neighbours) -> None:
    result = in_its_time(neighbours, fresh(), ["echo", *["x" * 100_000] * 200], 30)
    assert result.returncode == 126
    assert b"Argument list too long" in result.stderr


def test_input_that_nobody_reads(fresh: Begin, neighbours: Neighbours) -> None:
    hosts = fresh()
    began = time.monotonic()
    assert hosts.run("ops", "exit 3", stdin=b"x" * (8 << 20), timeout=30).returncode == 3
    result = hosts.run("ops", "sleep 600", stdin=b"x" * (8 << 20), timeout=2)
    assert result.timed_out
    assert time.monotonic() - began < 2 + SLACK_S


# --- what snapshots must bear --------------------------------------------------------------------


def test_a_snapshot_of_endless_paths_is_cut_and_says_so(fresh: Begin) -> None:
    """9,000 files of 3,900 characters each would be 35 MB of paths."""
    hosts = fresh()
    line = (
        "import os\n"
        "os.chdir('/var')\n"
        "for _ in range(15): os.mkdir('d' * 250); os.chdir('d' * 250)\n"
        "for number in range(9000): os.close(os.open(str(number), os.O_CREAT))"
    )
    hosts.run("ops", ["python3", "-c", line], timeout=120)
    taken = hosts.snapshot()
    assert not taken.hosts["ops"].complete
    assert 5_000 < len(taken.hosts["ops"].files) < 9_000
    assert taken.hosts["node-a"].complete


def test_many_names_and_holders_of_one_content_cost_it_once(fresh: Begin) -> None:
    """3,000 links, and 800 descriptors of a deleted file, of 24 MB each: 90 GB if read by name."""
    hosts = fresh()
    line = (
        "import os, time\n"
        "os.chdir('/srv/data'); open('big', 'wb').write(os.urandom(24 << 20))\n"
        "for number in range(3000): os.link('big', str(number))\n"
        "for _ in range(800): os.open('big', os.O_RDONLY)\n"
        "file = os.memfd_create('x'); os.write(file, b'1' * (24 << 20))\n"
        "for _ in range(190): os.dup(file)\n"
        "print('there', flush=True)\n"
        "os.fork() and os._exit(0)\n"
        "os.closerange(0, 3); time.sleep(600)"
    )
    assert hosts.out("node-b", ["python3", "-c", line], timeout=60) == "there"
    began = time.monotonic()
    found = hosts.snapshot().hosts["node-b"]
    assert time.monotonic() - began < 60
    hashes = {found.files[f"/srv/data/{name}"].sha256 for name in ("big", "0", "2999")}
    assert len(hashes) == 1
    assert None not in hashes
    assert len({one.sha256 for one in found.held}) == 1
    assert len(found.held) == 191


def test_many_files_of_holes_are_not_read_for_ever(fresh: Begin) -> None:
    hosts = fresh()
    hosts.out("ops", "for i in $(seq 3000); do truncate -s 250M /var/holes-$i; done", timeout=60)
    began = time.monotonic()
    files = hosts.snapshot().hosts["ops"].files
    assert time.monotonic() - began < 120
    holes = [state for path, state in files.items() if path.startswith("/var/holes-")]
    assert len(holes) == 3000
    assert sum("sparse" in str(one.error) for one in holes) >= 2990
    assert sum(one.sha256 is not None for one in holes) == 4
