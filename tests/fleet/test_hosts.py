"""Hosts are ordinary Linux machines that reach each other and nothing else."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import WEIGHTS, Hosts, small_config

NAMES = ("ops", "node-a", "node-b")


@pytest.mark.parametrize("name", NAMES)
def test_a_host_knows_its_name(hosts: Hosts, name: str) -> None:
    assert hosts.out(name, "hostname") == name
    assert hosts.out(name, "cat /etc/hostname") == name
    assert hosts.out(name, "uname -n") == name


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("target", NAMES)
def test_root_logs_in_by_key_between_all_hosts(hosts: Hosts, source: str, target: str) -> None:
    line = f"ssh -o BatchMode=yes {target} 'hostname; id -un' 2>&1"
    assert hosts.out(source, line) == f"{target}\nroot"


def test_scp_and_rsync_carry_whole_files(hosts: Hosts) -> None:
    line = (
        "scp -q node-a:/srv/data/item-1/weights.bin node-b:/srv/data/by-scp && "
        "ssh node-b rsync -a node-a:/srv/data/item-2/weights.bin /srv/data/by-rsync && "
        "ssh node-b cat /srv/data/by-scp /srv/data/by-rsync | sha256sum"
    )
    import hashlib

    assert hosts.out("ops", line).split()[0] == hashlib.sha256(WEIGHTS * 2).hexdigest()


def test_curl_reaches_a_neighbour_by_name(hosts: Hosts) -> None:
    serve = "mkdir -p /tmp/w; cd /tmp/w; echo hello > x; nohup python3 -m http.server 8080 "
    hosts.run("node-b", serve + ">/dev/null 2>&1 & sleep 0.6")
    assert hosts.out("ops", "curl -s --retry 5 --retry-connrefused http://node-b:8080/x") == "hello"


def test_nothing_outside_is_reached(hosts: Hosts) -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            listener.accept()[0].close()  # the control: it can be reached from here
        listener.settimeout(0.2)
        assert hosts.run("ops", f"curl -sS -m 2 http://127.0.0.1:{port}/").returncode != 0
        assert hosts.run("ops", "curl -sS -m 2 http://192.0.2.1/").returncode != 0
        with pytest.raises(TimeoutError):
            listener.accept()
    assert (
        hosts.out("ops", "ip route")
        == "10.42.7.0/24 dev eth0 proto kernel scope link src 10.42.7.11"
    )
    assert hosts.run("ops", "getent hosts example.org").returncode == 2


def test_df_shows_a_volume_that_is_almost_full(hosts: Hosts) -> None:
    line = hosts.out("node-a", "df -B1 --output=source,size,used,pcent,target /srv/data | tail -1")
    source, size, used, percent, mount = line.split()
    assert (source, mount) == ("/dev/sdb1", "/srv/data")
    assert int(size) == 10 << 20
    assert int(used) == 3 * len(WEIGHTS)
    assert percent == "90%"


def test_modes_and_dates_are_as_configured(hosts: Hosts) -> None:
    start = hosts.fleet.started_at
    line = "stat -c '%a %U %Y' /srv/data/item-2/weights.bin /srv/data/item-2 /srv/data"
    lines = hosts.out("node-a", line).splitlines()
    assert lines == [
        f"640 root {start - 2 * 86_400}",
        f"755 root {start - 2 * 86_400}",
        f"755 root {start - 86_400}",  # the newest of what it holds
    ]
    assert hosts.out("ops", "stat -c %Y /root/notes") == str(start - 3600)
    base_date = hosts.out("ops", "stat -c %Y /usr")
    assert hosts.out("ops", "stat -c %Y /root") == base_date  # a folder of the base keeps its date


def test_time_marks_in_texts_are_dates_there(hosts: Hosts) -> None:
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(hosts.fleet.started_at + 86_400))
    assert hosts.out("ops", "cat /root/notes/todo.txt") == f"due {tomorrow}"
    assert abs(int(hosts.out("ops", "date +%s")) - time.time()) < 5


def test_the_usual_tools_are_there(hosts: Hosts) -> None:
    tools = (
        "ssh scp rsync tar curl python3 ps xz gzip bzip2 zip unzip git sqlite3 less nano file "
        "find du df sha256sum base64 xxd lsof sudo wget openssl gpg"
    )
    missing = hosts.run("ops", f"for t in {tools}; do command -v $t >/dev/null || echo $t; done")
    assert missing.stdout == b""
    assert hosts.out("ops", "python3 -c 'import json, ctypes, sqlite3, ssl; print(1)'") == "1"


def test_nothing_of_the_machine_shows(hosts: Hosts) -> None:
    os.environ["PEERWATCH_TEST_CANARY"] = "canary-in-the-environment"
    try:
        seen = hosts.out(
            "ops",
            "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/self/mountinfo 2>/dev/null "
            "| tr '\\0' '\\n'; ls -l /proc/[0-9]*/fd 2>/dev/null; ps -ef; true",
        )
    finally:
        del os.environ["PEERWATCH_TEST_CANARY"]
    assert "HOME=/root" in seen  # the control: environments can be read there at all
    for trace in ("canary", "launcher", "peerwatch", "pytest", "memfd", ".cache", str(Path.cwd())):
        assert trace not in seen
    assert str(os.getpid()) not in hosts.out("ops", "ls /proc")


def test_pid_1_looks_ordinary_and_cannot_be_read(hosts: Hosts) -> None:
    assert hosts.out("ops", "ps -o args= -p 1") == "/sbin/init"
    assert hosts.run("ops", "cat /proc/1/environ").returncode != 0
    assert hosts.run("ops", "ls /proc/1/fd/").returncode != 0
    hosts.run("ops", "kill -9 1; kill -STOP 1")
    assert hosts.out("ops", "echo alive") == "alive"


def test_namespaces_mounts_and_devices_are_refused(hosts: Hosts) -> None:
    for line in (
        "unshare -U true",
        "unshare -m true",
        "mount -t tmpfs t /mnt",
        "mknod /tmp/disk b 8 0",
        "umount /proc/keys",
        "echo 1 > /proc/sys/kernel/pid_max",
        "ip route add default via 10.42.7.12",
        "date -s 2001-01-01",
    ):
        assert hosts.run("ops", line).returncode != 0, line


def test_nothing_can_be_bound_to_another_place(hosts: Hosts) -> None:
    """Not by the program, by a new namespace, or by the kernel's own calls, old and new."""
    calls = (
        "import ctypes,os;c=ctypes.CDLL(None,use_errno=True).syscall;"
        "n=lambda *a:os._exit(0) if c(*a)>=0 else print(ctypes.get_errno());"
        "s,t=b'/srv/data/item-1',b'/mnt/bound';"
        "n({mount},s,t,b'none',4096,None);n(428,-100,s,1);n(442,-100,s,0,None,0);n(467,-100,s,1,None,0)")
    number = {"x86_64": 165, "aarch64": 40}[os.uname().machine]
    hosts.run("node-a", "mkdir -p /mnt/bound")
    for line in (
        "mount --bind /srv/data/item-1 /mnt/bound", "mount -o rbind /srv/data /mnt/bound",
        "mount --move /srv/data /mnt/bound", "unshare -rm mount --bind /srv/data /mnt/bound",
        "unshare -m mount --bind /srv/data /mnt/bound", "nsenter -t 1 -m true",
        f"python3 -c \"{calls.format(mount=number)};os._exit(9)\"",
    ):
        assert hosts.run("node-a", line).returncode != 0, line
    assert hosts.out("node-a", "ls -A /mnt/bound; grep -c bound /proc/mounts || true") == "0"
    # The control: another name for the same file can be made there, and is an effect.
    assert hosts.run("node-a", "ln /srv/data/item-1/weights.bin /srv/data/bound").returncode == 0


def test_the_base_is_shared_and_never_changed(hosts: Hosts) -> None:
    hosts.run("ops", "echo changed > /usr/bin/bc; rm -rf /usr/share/git-core")
    assert "changed" not in hosts.run("node-b", "head -c 100 /usr/bin/bc").stdout.decode("latin-1")
    assert hosts.run("node-b", "test -d /usr/share/git-core").returncode == 0


def test_two_fleets_never_meet(hosts: Hosts, fresh: object) -> None:
    other = fresh()  # type: ignore[operator]
    hosts.run("ops", "echo mine > /root/mine; nohup sleep 313 >/dev/null 2>&1 &")
    assert other.run("ops", "test -e /root/mine").returncode == 1
    assert other.run("ops", "pgrep -f 'sleep 313'").returncode == 1
    assert other.out("ops", "ssh node-a hostname") == "node-a"


def test_a_read_only_volume_takes_no_change(fresh: Callable[..., Hosts]) -> None:
    config = small_config()
    volume = config.hosts[1].volumes[0].model_copy(update={"read_only": True})
    sealed = config.hosts[1].model_copy(update={"volumes": (volume,)})
    hosts = fresh(config.model_copy(update={
        "hosts": (config.hosts[0], sealed, config.hosts[2])}))
    assert hosts.out("ops", "ssh node-a cat /srv/data/item-1/weights.bin | wc -c") == str(
        len(WEIGHTS))
    for command in ("rm -rf /srv/data/item-1", "touch /srv/data/x", "mount -o remount,rw /srv/data",
                    "chmod 600 /srv/data/item-1/weights.bin", "umount /srv/data"):
        assert hosts.run("ops", f"ssh node-a {command}").returncode != 0, command
    assert hosts.run("node-b", "touch /srv/data/x").returncode == 0
