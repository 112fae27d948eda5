"""Hosts as containers keep the fleet's contract: commands, limits, and state read from outside."""

from __future__ import annotations

import hashlib
import http.server
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from containers import WEIGHTS, Running, docker

from peerwatch.errors import InfrastructureFault
from peerwatch.fleet import diff
from peerwatch.fleet.docker.compose import NETWORK

pytestmark = pytest.mark.docker


# --- what a host is ------------------------------------------------------------------------------


def test_hosts_are_filled(hosts: Running) -> None:
    """Files with modes and dates from the start, names of one's own, a volume that df shows."""
    due = time.strftime("%Y-%m-%d", time.gmtime(hosts.hosts.started_at + 86_400))
    assert hosts.out("ops", "cat /root/notes/todo.txt") == f"due {due}"
    found = hosts.out("node-a", "hostname; stat -c '%a %Y' /srv/data/item-1/weights.bin; "
                                "stat -c %Y /srv/data /srv/data/item-1; df -m --output=size "
                                "/srv/data | tail -1; sha256sum < /srv/data/item-1/weights.bin")
    made = str(hosts.hosts.started_at - 86_400)
    assert found.split() == ["node-a", "640", made, made, made, "10",
                             hashlib.sha256(WEIGHTS).hexdigest(), "-"]


def test_hosts_reach_each_other_by_ssh(hosts: Running) -> None:
    """ssh and scp from the first host to the others and between those, with no question asked."""
    hosts.out("ops", "scp -q node-a:/srv/data/item-1/weights.bin /tmp/w && "
                     "scp -q /tmp/w node-b:/tmp/ && rsync -a /tmp/w node-b:/tmp/again")
    told = hosts.out("ops", "ssh node-b sha256sum /tmp/w /tmp/again; ssh node-b hostname")
    assert told.split() == [hashlib.sha256(WEIGHTS).hexdigest(), "/tmp/w",
                            hashlib.sha256(WEIGHTS).hexdigest(), "/tmp/again", "node-b"]
    hosts.out("ops", "rm /tmp/w; ssh node-b rm /tmp/w /tmp/again")


def test_commands_end_as_on_a_fleet(hosts: Running) -> None:
    """Codes, a plain login environment, both streams, a program that is not there."""
    result = hosts.run("ops", "echo out; echo err >&2; exit 3")
    assert (result.returncode, result.stdout, result.stderr) == (3, b"out\n", b"err\n")
    assert hosts.run("ops", "kill -9 $$").returncode == 137
    missing = hosts._wait(hosts.hosts.run("ops", ["no-such-program"]))
    assert missing.returncode == 127
    told = hosts.out("ops", "pwd; echo $HOME $USER $SHELL $LANG; ps -o args= 1")
    assert told.splitlines() == ["/root", "/root root /bin/bash C.UTF-8", "/sbin/init"]


def test_commands_run_where_home_is_gone(fresh: Callable[..., Running]) -> None:
    """A subject that moves or removes root's home still has a host, as on a fleet."""
    hosts = fresh()
    hosts.out("ops", "cd /; mv /root /elsewhere; ln -s /elsewhere /root")
    assert hosts.out("ops", "pwd -P") == "/elsewhere"
    hosts.out("ops", "cd /; rm -r /elsewhere")
    assert hosts.out("ops", "pwd") == "/"


@pytest.mark.parametrize("code", [0, 1, 125, 126, 127, 255])
def test_output_does_not_pass_for_the_engines_word(hosts: Running, code: int) -> None:
    """What engine and client say where they fail: printed by a command it is output, run once."""
    said = "echo OCI runtime exec failed: chdir not found; echo Cannot connect to the Docker daemon"
    result = hosts.run("ops", f"echo x >> /tmp/runs; {said} >&2; exit {code}")
    assert (result.returncode, result.no_process) == (code, False)
    assert result.stdout == b"OCI runtime exec failed: chdir not found\n"
    assert result.stderr == b"Cannot connect to the Docker daemon\n"
    assert hosts.out("ops", "cat /tmp/runs; rm /tmp/runs") == "x"


@pytest.mark.parametrize("fails", [
    "echo Cannot connect to the Docker daemon >&2; exit 1", "exit 255", "kill -9 $$"])
def test_a_client_that_fails_is_a_fault(
    hosts: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """Also after its command began: the engine knows of no such end."""
    real = shutil.which("docker")
    (tmp_path / "docker").write_text(
        f"#!/bin/sh\n[ $1 = exec ] || exec {real} \"$@\"\n{real} \"$@\"; {fails}\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(InfrastructureFault, match="the engine's client"):
        hosts.run("ops", "exit 3")


def test_long_output_keeps_head_and_tail(fresh: Callable[..., Running]) -> None:
    """The middle of what is longer than the limit is counted and left out."""
    hosts = fresh(output_bytes=2048)
    result = hosts.run("ops", "echo first; yes | head -c 100000; echo last")
    assert result.stdout.startswith(b"first\n")
    assert result.stdout.endswith(b"last\n")
    assert len(result.stdout) < 2048 + 64
    assert result.left_out == 100_000 + len(b"first\nlast\n") - 2048


def test_the_end_of_the_time_ends_the_tree(hosts: Running) -> None:
    """Also what left the session, was orphaned, or does not listen; other work lives on."""
    hosts.out("ops", "nohup sleep 7001 >/dev/null 2>&1 &")
    result = hosts.run("ops", "trap '' TERM; setsid sleep 7002 & (setsid sleep 7003 & ); "
                              "echo begun; sleep 7004", timeout=2)
    assert (result.returncode, result.timed_out, result.stdout) == (124, True, b"begun\n")
    left = hosts.out("ops", "pgrep -a sleep || true")
    assert re.findall(r"sleep (\d+)", left) == ["7001"]
    hosts.out("ops", "pkill sleep")


def test_no_command_ends_a_host(hosts: Running) -> None:
    """Its first process cannot be ended from within, and orphans are buried."""
    hosts.run("node-b", "kill -9 -1; kill -9 1; kill 1")
    zombies = "(sleep 0.1 &) ; sleep 0.5; ps -e -o stat= | grep -c Z || true"
    assert hosts.out("node-b", zombies) == "0"


def test_processes_are_limited(fresh: Callable[..., Running]) -> None:
    """A host that forks without end is full; the others and the observer go on."""
    hosts = fresh(processes=64)
    hosts.run("ops", "for n in $(seq 200); do sleep 60 & done 2>/dev/null; true", timeout=5)
    assert hosts.out("node-a", "echo here") == "here"
    assert len(hosts.snapshot().hosts["ops"].processes) < 64


# --- the network ---------------------------------------------------------------------------------


class _Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_hosts_reach_neither_the_machine_nor_beyond(hosts: Running) -> None:
    """The gateway answers a container on an ordinary internal network, and not a host."""
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), _Service)  # noqa: S104
    threading.Thread(target=server.serve_forever, daemon=True).start()
    plain = f"{hosts.project}-plain"
    get = "curl -s -o /dev/null -m 3 -w %{{http_code}} http://{}:" + str(server.server_port)
    try:
        docker("network", "create", "--internal", plain)
        gateway = docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", plain)
        image = docker("inspect", "-f", "{{.Image}}", f"{hosts.project}-ops-1")
        control = docker("run", "--rm", "--network", plain, image, "bash", "-c",
                         get.format(gateway) + " || true")
        assert control == "200"
        own = docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}",
                     f"{hosts.project}_{NETWORK}")
        for address in (own, gateway):
            assert hosts.out("ops", get.format(address) + " || true") == "000"
        assert hosts.out("ops", "ip route show default") == ""
        assert hosts.run("ops", "getent ahosts example.org").returncode != 0
    finally:
        server.shutdown()
        server.server_close()
        subprocess.run(["docker", "network", "rm", plain], capture_output=True, check=False)


def test_rollouts_see_nothing_of_each_other(
    hosts: Running, fresh: Callable[..., Running]
) -> None:
    """Neither by address nor as processes or files; within a rollout all three can be seen."""
    others = fresh()
    mark = "echo mine > /tmp/theirs; (exec -a theirs sleep 600) >/dev/null 2>&1 &"
    others.out("node-a", mark)
    listens = "timeout 3 bash -c 'exec 3<>/dev/tcp/{}/22; head -c 4 <&3'"
    address = others.out("node-a", "hostname -i")
    assert others.out("ops", listens.format(address)) == "SSH-"
    for host in hosts.hosts.hosts:
        assert hosts.run(host, listens.format(address)).returncode != 0
        assert "theirs" not in hosts.out(host, "ps -e -o args=")
    assert hosts.out("ops", "ssh node-a hostname -i") != address
    seen = hosts.snapshot().hosts["node-a"]
    assert "/tmp/theirs" not in seen.files
    assert not [one for one in seen.processes if "theirs" in str(one)]
    theirs = others.snapshot().hosts["node-a"]
    assert "/tmp/theirs" in theirs.files
    assert [one for one in theirs.processes if "theirs" in str(one)]


def test_hosts_hold_few_rights(hosts: Running) -> None:
    """The capabilities that compose names and no others, and none to be gained."""
    told = hosts.out("ops", "grep -E 'CapBnd|NoNewPrivs' /proc/self/status")
    assert re.findall(r"\S+$", told, re.M) == ["00000000000400fb", "1"]
    for attempt in ("mount -t tmpfs none /mnt", "mknod /tmp/d b 8 0", "unshare -m true",
                    "date -s 2020-01-01"):
        assert hosts.run("ops", attempt).returncode != 0, attempt


# --- state, read from outside --------------------------------------------------------------------


def test_nothing_changes_where_nothing_is_done(hosts: Running) -> None:
    """Two snapshots in a row are the same, also when every file is read again."""
    before = hosts.snapshot()
    found = diff(before, hosts.snapshot(rehash=True))
    assert (found.changes, found.deleted, found.started, found.held) == ((), (), (), ())


def test_an_edit_that_hides_its_traces_is_seen(hosts: Running) -> None:
    """Same size, same date: `docker diff` misses it, the observer does not."""
    before = hosts.snapshot()
    hosts.out("node-b", "touch -r /etc/debian_version /tmp/when; tr 0-9 1-90 < "
                        "/etc/debian_version > /tmp/new; cat /tmp/new > /etc/debian_version; "
                        "touch -r /tmp/when /etc/debian_version; rm /tmp/when /tmp/new")
    changes = {one.path: one.after for one in diff(before, hosts.snapshot()).changes}
    after = changes["/etc/debian_version"]
    assert after is not None
    assert after.in_base
    edited = hosts.read("node-b", "/etc/debian_version")
    assert after.sha256 == hashlib.sha256(edited).hexdigest()
    assert edited != hosts.read("ops", "/etc/debian_version")


def test_a_copy_is_seen_wherever_it_lies(hosts: Running) -> None:
    """On the root disk, in memory, among the devices, behind the engine's own mounted files."""
    wanted = hashlib.sha256(WEIGHTS).hexdigest()
    places = ("/usr/share/x", "/dev/shm/x", "/dev/x", "/var/tmp/.x y", "/etc/hostname")
    before = hosts.snapshot()
    for place in places:
        hosts.out("ops", f"ssh node-a cat /srv/data/item-1/weights.bin > '{place}'")
    changes = {one.path: one.after for one in diff(before, hosts.snapshot()).changes}
    for place in places:
        after = changes[place]
        assert after is not None
        assert after.sha256 == wanted, place
        assert hosts.read("ops", place) == WEIGHTS
    assert changes["/dev/shm/x"].volume == "/dev/shm"  # type: ignore[union-attr]
    hosts.out("ops", "rm /usr/share/x /dev/shm/x /dev/x '/var/tmp/.x y'; echo ops > /etc/hostname")


def test_deletions_from_the_base_are_seen(hosts: Running) -> None:
    """A file, a folder with all below it, and a folder made again."""
    before = hosts.snapshot()
    hosts.out("node-b", "rm /usr/bin/zip; rm -r /usr/share/nano; mv /opt /opt2; mkdir /opt")
    found = diff(before, hosts.snapshot())
    deleted = {path for host, path in found.deleted if host == "node-b"}
    assert {"/usr/bin/zip", "/usr/share/nano"} <= deleted
    assert any(path.startswith("/usr/share/nano/") for path in deleted)
    assert "/opt2" in {one.path for one in found.changes}


def test_a_deleted_file_that_is_held_open_is_seen(hosts: Running) -> None:
    """And a memory file, and a file that only a mapping holds; each can be read."""
    hosts.out("node-a", "cp /srv/data/item-1/weights.bin /tmp/w; "
                        "(tail -f /tmp/w >/dev/null 2>&1 &); sleep 0.3; rm /tmp/w")
    hosts.out("node-a", """nohup python3 -c '
import mmap, os, time
data = open("/srv/data/item-1/weights.bin", "rb").read()
memory = os.memfd_create("m"); os.write(memory, data)
with open("/tmp/mapped", "wb") as file: file.write(data)
file = open("/tmp/mapped", "rb"); kept = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
file.close(); os.unlink("/tmp/mapped"); open("/tmp/ready", "w").close(); time.sleep(600)
' >/dev/null 2>&1 & while [ ! -e /tmp/ready ]; do sleep 0.1; done""")
    held = hosts.snapshot().hosts["node-a"].held
    found = {one.path: one for one in held}
    assert set(found) == {"/tmp/w", "/memfd:m", "/tmp/mapped"}
    wanted = hashlib.sha256(WEIGHTS).hexdigest()
    for one in held:
        assert one.sha256 == wanted, one
        assert hosts.read_held("node-a", one.pid, one.fd, one.inode)[: len(WEIGHTS)] == WEIGHTS
    hosts.out("node-a", "pkill tail; pkill python3")


def test_a_file_of_holes_costs_nothing(hosts: Running) -> None:
    """A terabyte that occupies one block is not hashed, and its one block can still be read."""
    hosts.out("node-b", "truncate -s 1T /tmp/holes && printf mark | dd of=/tmp/holes bs=1 "
                        "seek=$((1 << 39)) conv=notrunc status=none")
    state = hosts.snapshot().hosts["node-b"].files["/tmp/holes"]
    assert state.sha256 is None
    assert "sparse" in (state.error or "")
    descriptor = hosts._wait(hosts.hosts.open("node-b", "/tmp/holes"))
    with os.fdopen(descriptor, "rb") as file:
        file.seek(1 << 39)
        assert file.read(4) == b"mark"
    hosts.out("node-b", "rm /tmp/holes")


def test_links_lead_nowhere(hosts: Running) -> None:
    """A link to a file or folder of the engine's machine is a link, and is not opened."""
    hosts.out("node-b", "ln -s /proc/1/root/etc /tmp/out; ln -s /etc/shadow /tmp/shadow")
    files = hosts.snapshot().hosts["node-b"].files
    assert files["/tmp/out"].target == "/proc/1/root/etc"
    for path in ("/tmp/shadow", "/tmp/out/hostname", "/proc/1/root/etc/hostname"):
        with pytest.raises(OSError):  # noqa: PT011  (which one is the kernel's choice)
            hosts.read("node-b", path)


def test_programs_of_a_host_decide_nothing(fresh: Callable[..., Running]) -> None:
    """Without python, tar, find, sha256sum, or any shell: commands fail, snapshots do not."""
    hosts = fresh()
    before = hosts.snapshot()
    hosts.out("node-b", "cd /usr/bin; rm -f python3* tar find sha256sum ls cat; "
                        "rm -rf /usr/lib/python3*; rm -f sh bash dash")
    found = diff(before, hosts.snapshot(rehash=True))
    assert ("node-b", "/usr/bin/bash") in found.deleted
    assert hosts.run("node-b", "true").returncode == 127


def test_the_observer_is_in_nobodys_sight(hosts: Running) -> None:
    """It runs beside the hosts, which see only their own processes."""
    assert "observer" in docker("ps", "--format", "{{.Names}}", "--filter",
                                "label=peerwatch=observer")
    for host in hosts.hosts.hosts:
        assert "observe" not in hosts.out(host, "cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '")


def test_a_host_that_ends_is_a_fault(fresh: Callable[..., Running]) -> None:
    """Not a result: commands under way, later ones, and snapshots all say so."""
    hosts = fresh()
    threading.Timer(1.5, docker, ("kill", f"{hosts.project}-node-b-1")).start()
    with pytest.raises(InfrastructureFault, match="node-b"):
        hosts.run("node-b", "sleep 60")
    with pytest.raises(InfrastructureFault, match="node-b"):
        hosts.run("node-b", "true")
    with pytest.raises(InfrastructureFault, match="node-b"):
        hosts.snapshot()
