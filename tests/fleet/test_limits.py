"""Each limit is filled up: the host says so; other hosts, other rollouts and we go on."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

import pytest

from peerwatch.fleet._launcher import memory, proc

from .conftest import Hosts
from .neighbours import Neighbours

Begin = Callable[..., Hosts]
TRIES_AGAIN = "Resource temporarily unavailable"

# Sleepers, as many as there may be; prints how many there came to be.
SLEEPERS = """
import os, time
count = 0
try:
    while count < 5000:
        if os.fork() == 0:
            os.closerange(0, 3)
            time.sleep(600)
            os._exit(0)
        count += 1
except OSError as refused:
    print(count, refused.strerror, flush=True)
os._exit(0)
"""
# Files in the folder given, until there is no room.
FILES = """
import os, sys
folder = os.path.join(sys.argv[1], "many")
os.mkdir(folder)
count = 0
try:
    while count < 200_000:
        os.close(os.open(f"{folder}/{count}", os.O_CREAT))
        count += 1
except OSError as refused:
    print(count, refused.strerror, flush=True)
"""


def kept_by_the_kernel(hosts: Hosts) -> None:
    """Skips where processes are counted per rollout."""
    if not hosts.fleet.pid_limit_kept:
        pytest.skip("this kernel counts processes per rollout only (Linux 6.14: per host)")


# --- processes -----------------------------------------------------------------------------------


def test_processes_of_a_host(fresh: Begin, neighbours: Neighbours) -> None:
    """The number is kept from the first process on, and the host says so to the next command."""
    hosts = fresh(processes=64)
    kept_by_the_kernel(hosts)
    result = neighbours.go_on_during(hosts, ["python3", "-c", SLEEPERS], timeout=60)
    count, reason = result.stdout.decode().split(maxsplit=1)
    assert 50 < int(count) < 64
    assert reason.strip() == TRIES_AGAIN
    refused = hosts.run("ops", "true")
    assert refused.no_process
    assert TRIES_AGAIN in refused.stderr.decode()


def test_processes_of_a_rollout(fresh: Begin, neighbours: Neighbours) -> None:
    """All hosts of a rollout may be full at once; the second rollout of the same user is not."""
    hosts = fresh(processes=32)
    counts = []
    for host in hosts.fleet.hosts:
        result = hosts.run(host, ["python3", "-c", SLEEPERS], timeout=60)
        counts.append(int(result.stdout.split()[0]))
    assert sum(counts) <= 33 * 3 + 16
    if hosts.fleet.pid_limit_kept:
        assert min(counts) > 20  # none took from the others
    hosts.stop()
    neighbours.go_on_during(fresh(processes=32), "true")


def test_a_fork_bomb_ends_with_its_command(fresh: Begin, neighbours: Neighbours) -> None:
    hosts = fresh(processes=128)
    line = ":(){ :|:& };:; setsid bash -c ':(){ :|:& };:' & sleep 600"
    kept = hosts.fleet.pid_limit_kept
    result = neighbours.go_on_during(hosts, line, own_too=kept, timeout=2)
    assert result.timed_out
    assert hosts.out("ops", "echo alive") == "alive"
    left = [one.command for one in hosts.snapshot().hosts["ops"].processes]
    assert [command for command in left if "sshd" not in command] == []


def test_a_fork_bomb_in_the_background_holds_nobody_else(
    fresh: Begin, neighbours: Neighbours
) -> None:
    """Its host answers each call in its time, and as before once the bomb has ended itself."""
    hosts = fresh(processes=64)
    kept_by_the_kernel(hosts)
    stop = "[ -e /tmp/stop ] && exit; "
    line = (
        f"b() {{ {stop} b & b & wait; }}; export -f b; "
        "(sleep 4; : > /tmp/stop) & setsid bash -c b >/dev/null 2>&1 & echo started"
    )
    assert neighbours.go_on_during(hosts, line).stdout == b"started\n"
    end = time.monotonic() + 60
    most, over = 0, False
    while not over:
        began = time.monotonic()
        over = hosts.run("ops", "test -e /tmp/stop", timeout=10).returncode == 0
        assert time.monotonic() - began < 30
        assert time.monotonic() < end
        most = max(most, len(hosts.snapshot().hosts["ops"].processes))
    assert most > 20  # the bomb was there
    assert hosts.out("node-a", "echo alive") == "alive"
    while hosts.run("ops", "echo alive").stdout != b"alive\n":
        assert time.monotonic() < end


# --- memory --------------------------------------------------------------------------------------


def test_memory_of_one_process(fresh: Begin, neighbours: Neighbours) -> None:
    hosts = fresh(memory_mb=256)
    result = neighbours.go_on_during(hosts, ["python3", "-c", "x = bytearray(400 << 20)"])
    assert b"MemoryError" in result.stderr
    assert not hosts.call(hosts.fleet.killed)


# A process lives on in a second thread.
ALONE = """
import ctypes, mmap, os, threading, time
libc = ctypes.CDLL(None)
def alone(work):
    threading.Thread(target=work).start()
    libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
"""
HOGS = {
    "private memory of several processes": (
        "import os, time\n"
        "for _ in range(5):\n"
        "    if not os.fork(): kept = b'1' * (90 << 20); time.sleep(600)\n"
        "time.sleep(600)"
    ),
    "a memory file that nobody maps": (
        "import os, time\n"
        "file = os.memfd_create('x')\n"
        "while True: os.write(file, b'1' * (1 << 20)); time.sleep(0.002)"
    ),
    "many memory files": (
        "import os, time\n"
        "files = [os.memfd_create('x') for _ in range(900)]\n"
        "while True: [os.write(one, b'1' * 50_000) and time.sleep(0.0002) for one in files]"
    ),
    "a memory file that is mapped and no longer open": (
        "import mmap, os, time\n"
        "kept = []\n"
        "while True:\n"
        "    file = os.memfd_create('x'); os.truncate(file, 1 << 20)\n"
        "    kept.append(mmap.mmap(file, 1 << 20)); os.close(file)\n"
        "    kept[-1][:] = b'1' * (1 << 20); time.sleep(0.002)"
    ),
    "shared memory without a file": (
        "import mmap, time\n"
        "kept = mmap.mmap(-1, 2 << 30)\n"
        "for at in range(0, 2 << 30, 1 << 20): kept[at:at + (1 << 20)] = b'1' * (1 << 20); "
        "time.sleep(0.002)"
    ),
    "private memory of processes whose first thread has ended": (
        f"{ALONE}"
        "def work(): time.sleep(0.2); kept.append(b'1' * (90 << 20)); time.sleep(600)\n"
        "kept = []\n"
        "for _ in range(5):\n"
        "    if not os.fork(): alone(work)\n"
        "time.sleep(600)"
    ),
    "shared memory of a process whose first thread has ended": (
        f"{ALONE}"
        "def work():\n"
        "    kept = mmap.mmap(-1, 2 << 30)\n"
        "    for at in range(0, 2 << 30, 1 << 20): kept[at:at + (1 << 20)] = b'1' * (1 << 20); "
        "time.sleep(0.002)\n"
        "alone(work)"
    ),
    "shared memory of a member of very many groups": (
        "import mmap, os, time\n"
        "os.setgroups([60_000] * 8_000)\n"
        "kept = mmap.mmap(-1, 2 << 30)\n"
        "for at in range(0, 2 << 30, 1 << 20): kept[at:at + (1 << 20)] = b'1' * (1 << 20); "
        "time.sleep(0.002)"
    ),
    "a memory file that a thread has open for itself": (
        f"{ALONE}"
        "def work():\n"
        "    libc.syscall(436, 1000, 1000, 2)\n"  # close_range: unshare the table
        "    file = os.memfd_create('x')\n"
        "    while True: os.write(file, b'1' * (1 << 20)); time.sleep(0.002)\n"
        "threading.Thread(target=work).start()\n"
        "time.sleep(600)"
    ),
}


@pytest.mark.parametrize("hog", HOGS)
def test_memory_of_a_rollout(hog: str, fresh: Begin, neighbours: Neighbours) -> None:
    """Whatever holds it, the guard ends what has most, long before the machine is short."""
    hosts = fresh(memory_mb=256)
    neighbours.go_on_during(hosts, ["python3", "-c", HOGS[hog]], timeout=4)
    killed = hosts.call(hosts.fleet.killed)
    assert killed
    assert max(size for _, size in killed) < 1 << 30
    assert hosts.out("ops", "echo alive") == "alive"


def test_huge_pages_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most machines have none to give; what the kernel says where one has some."""
    me, told = os.getpid(), proc.told

    def tell(path: str, most: int = 1 << 20) -> bytes:
        text = told(path, most)
        return re.sub(rb"(HugetlbPages:\s+)0", rb"\g<1>409600", text)

    monkeypatch.setattr(proc, "told", tell)
    monkeypatch.setattr(memory, "processes", lambda: iter([me]))
    monkeypatch.setattr(memory, "_let_come_first", lambda _pid: None)
    ended: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _signal: ended.append(pid))
    guard = memory.Guard(400 << 20, set())
    if b"HugetlbPages" not in told("/proc/self/status"):
        pytest.skip("this kernel has no huge pages")
    guard.look()
    guard.look()  # what the first found counts from its end on
    assert set(ended) == {me}


def test_a_memory_file_of_many_holders_counts_once(fresh: Begin) -> None:
    hosts = fresh(memory_mb=256)
    line = (
        "import os, time\n"
        "file = os.memfd_create('x'); os.write(file, b'1' * (40 << 20))\n"
        "for _ in range(20):\n"
        "    if not os.fork(): time.sleep(600)\n"
        "time.sleep(3); print('there')"
    )
    assert hosts.out("ops", ["python3", "-c", line]) == "there"
    assert not hosts.call(hosts.fleet.killed)


def test_system_v_memory_is_no_hiding_place(fresh: Begin, neighbours: Neighbours) -> None:
    hosts = fresh()
    line = (
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "got = sum(libc.shmget(0, 1 << 20, 0o1600) >= 0 for _ in range(64))\n"
        "print(got, ctypes.get_errno())"
    )
    assert neighbours.go_on_during(hosts, ["python3", "-c", line]).stdout == b"4 28\n"


# --- disks ---------------------------------------------------------------------------------------


def test_the_root_disk(fresh: Begin, neighbours: Neighbours) -> None:
    """Full, /tmp too: commands still run, and room that is made is there."""
    hosts = fresh(disk_mb=16)
    line = "head -c 40000000 /dev/zero > /var/big; echo x > /tmp/x; ls /tmp"
    result = neighbours.go_on_during(hosts, line)
    assert result.stderr.count(b"No space left on device") >= 1
    assert hosts.out("ops", "echo alive") == "alive"
    assert hosts.run("node-b", "head -c 8000000 /dev/zero > /var/big").returncode == 0
    assert hosts.run("ops", "rm /var/big; echo x > /var/small").returncode == 0


def test_a_volume(fresh: Begin, neighbours: Neighbours) -> None:
    line = "head -c 40000000 /dev/zero > /srv/data/big; stat -c %s /srv/data/big"
    result = neighbours.go_on_during(fresh(), line, host="node-b")
    assert b"No space left on device" in result.stderr
    assert int(result.stdout) == 32 << 20


def test_shared_memory(fresh: Begin, neighbours: Neighbours) -> None:
    hosts = fresh(shm_mb=4)
    line = "head -c 8000000 /dev/zero > /dev/shm/big"
    assert b"No space left on device" in neighbours.go_on_during(hosts, line).stderr


@pytest.mark.parametrize(
    ("host", "folder", "most"),
    [("ops", "/var", 100_000), ("node-b", "/srv/data", 16_384), ("ops", "/dev/shm", 1024)],
)
def test_inodes(host: str, folder: str, most: int, fresh: Begin, neighbours: Neighbours) -> None:
    """On the root disk, on a volume, in /dev/shm; a snapshot of so many files still comes."""
    hosts = fresh()
    argv = ["python3", "-c", FILES, folder]
    result = neighbours.go_on_during(hosts, argv, host=host, timeout=240)
    count, reason = result.stdout.decode().split(maxsplit=1)
    assert most * 0.9 < int(count) < most
    assert reason.strip() == "No space left on device"
    assert b"No space left" in hosts.run(host, f"touch {folder}/one-more").stderr
    found = hosts.snapshot().hosts[host]
    assert found.complete
    assert sum(path.startswith(f"{folder}/many/") for path in found.files) == int(count)


def test_nothing_can_be_hidden_in_dev(fresh: Begin) -> None:
    assert b"Read-only" in fresh().run("ops", "echo x > /dev/x").stderr


def test_open_files(fresh: Begin, neighbours: Neighbours) -> None:
    """Per process, where a host could otherwise use up what all rollouts share."""
    line = (
        "import os\n"
        "count = 0\n"
        "try:\n"
        "    while count < 5000: os.dup(1); count += 1\n"
        "except OSError as refused: print(count, refused.strerror)"
    )
    result = neighbours.go_on_during(fresh(), ["python3", "-c", line])
    assert result.stdout == b"1021 Too many open files\n"
