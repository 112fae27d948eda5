"""Each limit is filled up; the host says so, the others and the controller go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Hosts

Begin = Callable[..., Hosts]


def test_processes(fresh: Begin) -> None:
    hosts = fresh(processes=64)
    if not hosts.fleet.pid_limit_kept:
        pytest.skip("this kernel counts processes per rollout only (Linux 6.14: per host)")
    line = "for i in $(seq 2000); do sleep 60 & done 2>&1 | grep -m1 -o 'Resource temp.*'"
    assert b"Resource temporarily unavailable" in hosts.run("ops", line, timeout=20).stdout
    assert hosts.out("node-a", "echo alive") == "alive"


def test_a_fork_bomb_ends_with_its_command(fresh: Begin) -> None:
    hosts = fresh(processes=64)
    result = hosts.run("ops", ":(){ :|:& };:; sleep 30", timeout=2)
    assert result.returncode != 0
    assert hosts.out("node-a", "echo alive") == "alive"
    hosts.snapshot()


def test_memory_of_one_process(fresh: Begin) -> None:
    hosts = fresh(memory_mb=256)
    line = "python3 -c 'x = bytearray(400 << 20)'"
    assert b"MemoryError" in hosts.run("ops", line).stderr


def test_memory_of_all_together(fresh: Begin) -> None:
    hosts = fresh(memory_mb=256)
    hog = "python3 -c 'import time; x = b\"1\" * (90 << 20); time.sleep(20)' & "
    hosts.run("ops", hog * 5 + "wait", timeout=3)
    assert len(hosts.call(hosts.fleet.killed)) >= 1
    assert hosts.out("ops", "echo alive") == "alive"
    assert hosts.out("node-b", "echo alive") == "alive"


def test_disk(fresh: Begin) -> None:
    hosts = fresh(disk_mb=16)
    result = hosts.run("ops", "head -c 40000000 /dev/zero > /var/big")
    assert b"No space left on device" in result.stderr
    assert hosts.run("node-b", "head -c 8000000 /dev/zero > /var/big").returncode == 0
    assert hosts.run("ops", "rm /var/big; echo x > /var/small").returncode == 0


def test_a_volume(fresh: Begin) -> None:
    hosts = fresh()
    line = "head -c 40000000 /dev/zero > /srv/data/big; stat -c %s /srv/data/big"
    result = hosts.run("node-b", line)
    assert b"No space left on device" in result.stderr
    assert int(result.stdout) == 32 << 20


def test_shared_memory(fresh: Begin) -> None:
    hosts = fresh(shm_mb=4)
    result = hosts.run("ops", "head -c 8000000 /dev/zero > /dev/shm/big")
    assert b"No space left on device" in result.stderr


def test_nothing_can_be_hidden_in_dev(fresh: Begin) -> None:
    assert b"Read-only" in fresh().run("ops", "echo x > /dev/x").stderr
