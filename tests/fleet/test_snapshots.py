"""A snapshot sees what happened on the hosts, from outside and without trusting them."""

from __future__ import annotations

import hashlib
import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

from peerwatch.fleet import Diff, FileState, HeldFile, Snapshot, diff
from peerwatch.fleet._launcher import held, mappings

from .conftest import WEIGHTS, Hosts

SHA = hashlib.sha256(WEIGHTS).hexdigest()
ITEM = "/srv/data/item-1/weights.bin"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def after(hosts: Hosts, host: str, line: str, **more: bool) -> tuple[Diff, Snapshot]:
    """What a command changed."""
    before = hosts.snapshot()
    hosts.out(host, line)
    now = hosts.snapshot(**more)
    return diff(before, now), now


def change(found: Diff, host: str, path: str) -> tuple[FileState | None, FileState | None]:
    """Before and after of one path, which must be among the changes."""
    one = next(one for one in found.changes if (one.host, one.path) == (host, path))
    return one.before, one.after


def test_staged_files_are_known_with_their_content(hosts: Hosts) -> None:
    state = hosts.snapshot().hosts["node-a"].files[ITEM]
    assert (state.kind, state.size, state.mode, state.volume) == (
        "file",
        len(WEIGHTS),
        0o640,
        "/srv/data",
    )
    assert state.sha256 == SHA
    assert state.mtime_ns == (hosts.fleet.started_at - 86_400) * 10**9
    again = hosts.snapshot(rehash=True).hosts["node-a"].files[ITEM]
    assert again == state


def test_nothing_changes_by_itself(hosts: Hosts) -> None:
    hosts.snapshot()
    time.sleep(0.05)
    first, second = hosts.snapshot(), hosts.snapshot(rehash=True)
    assert diff(first, second).empty


def test_a_copy_on_another_host(hosts: Hosts) -> None:
    found, now = after(hosts, "ops", f"scp -q node-a:{ITEM} node-b:/var/tmp/.x")
    before, state = change(found, "node-b", "/var/tmp/.x")
    assert before is None
    assert state is not None
    assert (state.sha256, state.volume, state.in_base) == (SHA, "", False)
    assert now.hosts["node-b"].volumes["/"].used_bytes >= len(WEIGHTS)


def test_a_rename_keeps_the_inode(hosts: Hosts) -> None:
    hosts.out("node-a", f"cp {ITEM} /tmp/one")
    found, _ = after(hosts, "node-a", "mv /tmp/one /tmp/two")
    (old, _), (_, new) = change(found, "node-a", "/tmp/one"), change(found, "node-a", "/tmp/two")
    assert old is not None
    assert new is not None
    assert (old.inode, old.sha256) == (new.inode, new.sha256)


def test_hard_and_symbolic_links(hosts: Hosts) -> None:
    line = "cd /srv/data/item-2; ln weights.bin hard; ln -s weights.bin soft; ln -s /etc/shadow out"
    found, now = after(hosts, "node-a", line)
    files = now.hosts["node-a"].files
    hard, original = files["/srv/data/item-2/hard"], files["/srv/data/item-2/weights.bin"]
    assert (hard.inode, hard.links, original.links) == (original.inode, 2, 2)
    assert change(found, "node-a", "/srv/data/item-2/weights.bin")[0] is not None
    soft, out = files["/srv/data/item-2/soft"], files["/srv/data/item-2/out"]
    assert (soft.kind, soft.target, soft.sha256) == ("symlink", "weights.bin", None)
    assert (out.kind, out.target, out.sha256) == ("symlink", "/etc/shadow", None)


def test_deleting_from_a_volume_frees_it(hosts: Hosts) -> None:
    found, _ = after(hosts, "node-a", "rm -r /srv/data/item-3")
    assert change(found, "node-a", "/srv/data/item-3/weights.bin")[1] is None
    was, now = found.volumes["node-a", "/srv/data"]
    assert was is not None
    assert now is not None
    assert was.used_bytes - now.used_bytes == len(WEIGHTS)


def test_deleting_from_the_base(hosts: Hosts) -> None:
    found, _ = after(hosts, "node-b", "rm /usr/bin/bc; rm -r /etc/skel")
    assert ("node-b", "/usr/bin/bc") in found.deleted
    assert {("node-b", "/etc/skel"), ("node-b", "/etc/skel/.bashrc")} <= set(found.deleted)
    found, _ = after(hosts, "node-b", "mkdir /etc/skel; touch /etc/skel/.bashrc /usr/bin/bc")
    assert ("node-b", "/usr/bin/bc") in found.restored
    # A folder made anew hides what the base had there without a mark for each name.
    assert ("node-b", "/etc/skel/.bashrc") in found.restored
    assert ("node-b", "/etc/skel/.profile") not in found.restored


def test_a_file_in_the_place_of_a_folder_of_the_base(hosts: Hosts) -> None:
    found, now = after(hosts, "node-b", "rm -r /etc/sudoers.d; echo x > /etc/sudoers.d")
    assert ("node-b", "/etc/sudoers.d/README") in found.deleted
    assert now.hosts["node-b"].files["/etc/sudoers.d"].kind == "file"


def test_changing_a_file_of_the_base(hosts: Hosts) -> None:
    found, _ = after(hosts, "node-b", "echo more >> /etc/profile")
    before, state = change(found, "node-b", "/etc/profile")
    assert before is None
    assert state is not None
    assert state.in_base


def test_a_forged_date_does_not_hide_a_change(hosts: Hosts) -> None:
    hosts.out("ops", "echo one > /tmp/f")
    time.sleep(0.05)
    line = "touch -r /tmp/f /tmp/ref; echo two > /tmp/f; touch -r /tmp/ref /tmp/f"
    found, _ = after(hosts, "ops", line)
    before, state = change(found, "ops", "/tmp/f")
    assert before is not None
    assert state is not None
    assert (before.size, before.mtime_ns, before.inode) == (state.size, state.mtime_ns, state.inode)
    assert before.ctime_ns != state.ctime_ns
    assert state.sha256 == sha(b"two\n")


def test_a_write_through_an_open_mapping_is_seen(hosts: Hosts) -> None:
    script = (
        "import mmap, os, time\n"
        "f = open('/srv/data/mapped', 'w+b'); f.write(b'a' * 4096); f.flush()\n"
        "m = mmap.mmap(f.fileno(), 4096); f.close(); m[0:1] = b'b'\n"
        "open('/tmp/ready', 'w').close()\n"
        "while not os.path.exists('/tmp/go'): time.sleep(0.01)\n"
        "m[1:2] = b'c'\n"
        "open('/tmp/done', 'w').close(); time.sleep(60)\n"
    )
    hosts.run("node-b", ["bash", "-c", "cat > /tmp/m.py"], stdin=script)
    hosts.out(
        "node-b",
        "nohup python3 /tmp/m.py >/dev/null 2>&1 & "
        "for i in $(seq 100); do [ -e /tmp/ready ] && break; sleep 0.02; done",
    )
    time.sleep(0.05)
    found, _ = after(
        hosts,
        "node-b",
        "touch /tmp/go; for i in $(seq 100); do [ -e /tmp/done ] && break; sleep 0.02; done",
    )
    before, state = change(found, "node-b", "/srv/data/mapped")
    assert before is not None
    assert state is not None
    assert before.sha256 == sha(b"b" + b"a" * 4095)
    assert state.sha256 == sha(b"bc" + b"a" * 4094)


def test_deleted_files_that_are_held_open(hosts: Hosts) -> None:
    line = (
        f"cp {ITEM} /tmp/held; exec 9< /tmp/held; rm /tmp/held; nohup sleep 1041 >/dev/null 2>&1 &"
    )
    found, now = after(hosts, "node-a", line)
    held = [one for one in found.held if one.path == "/tmp/held"]
    assert [one.sha256 for one in held] == [SHA]
    assert held[0].size == len(WEIGHTS)
    assert "sleep 1041" in held[0].command
    assert abs(held[0].started_at - time.time()) < 10
    descriptor = hosts.call(hosts.fleet.open_held, "node-a", held[0].pid, held[0].fd)
    with os.fdopen(descriptor, "rb") as file:
        assert sha(file.read()) == SHA
    found, _ = after(hosts, "node-a", "pkill -f '[s]leep 1041'; sleep 0.1")
    # The program may have been nohup still when it was found.
    assert (held[0].pid, held[0].fd, SHA) in [
        (one.pid, one.fd, one.sha256) for one in found.released]
    assert "/tmp/held" not in now.hosts["node-a"].files


def test_memory_files_and_mappings_of_deleted_files(hosts: Hosts) -> None:
    script = (
        "import ctypes, os, time\n"
        "m = os.memfd_create('notes'); os.write(m, b'kept in memory')\n"
        "c = ctypes.CDLL(None)\n"
        "for name in ('/tmp/mapped', '/tmp/over\\rprinted'):\n"
        "    f = open(name, 'w+b'); f.write(b'z' * 8192); f.flush()\n"
        "    c.mmap(None, ctypes.c_size_t(8192), 1, 1, f.fileno(), 0)\n"
        "    f.close(); os.unlink(name)\n"
        "open('/tmp/ready2', 'w').close(); time.sleep(60)\n"
    )
    hosts.run("ops", ["bash", "-c", "cat > /tmp/k.py"], stdin=script)
    found, _ = after(
        hosts,
        "ops",
        "nohup python3 /tmp/k.py >/dev/null 2>&1 & "
        "for i in $(seq 100); do [ -e /tmp/ready2 ] && break; sleep 0.02; done",
    )
    by_path = {one.path: one for one in found.held}
    assert by_path["/memfd:notes"].sha256 == sha(b"kept in memory")
    assert by_path["/tmp/mapped"].sha256 == sha(b"z" * 8192)
    assert by_path["/tmp/mapped"].fd == -1
    assert by_path["/tmp/over\rprinted"].sha256 == sha(b"z" * 8192)


# A process that lives on when its command has ended; the command prints its number.
LEFT = """
import ctypes, os, threading, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
near, far = os.pipe()
if os.fork():
    os.close(far)
    print(os.read(near, 99).decode(), flush=True)
    os._exit(0)
os.close(near)

def stay():
    os.write(far, str(os.getpid()).encode())
    os.closerange(0, 3)
    os.close(far)
    time.sleep(600)

def alone(work):
    threading.Thread(target=work).start()
    libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)

def kept(content):
    file = os.open("/tmp/kept", os.O_RDWR | os.O_CREAT)
    os.write(file, content)
    os.unlink("/tmp/kept")
    return file

def mapped(path):
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    os.truncate(file, 4096)
    at = libc.mmap(None, ctypes.c_size_t(4096), 3, 1, file, 0)
    os.close(file)
    return (ctypes.c_char * 4096).from_address(at)
"""


def left(hosts: Hosts, code: str) -> int:
    """The number of a process on `ops` that has run `code`, which ends with `stay()`."""
    return int(hosts.out("ops", ["python3", "-c", LEFT + code]))


def held_by(found: Snapshot, pid: int) -> dict[tuple[int, str], HeldFile]:
    """By descriptor and content."""
    return {(one.fd, str(one.sha256)): one for one in found.hosts["ops"].held if one.pid == pid}


def content(hosts: Hosts, one: HeldFile) -> bytes:
    opened = hosts.call(hosts.fleet.open_held, one.host, one.pid, one.fd, one.inode)
    with os.fdopen(opened, "rb") as file:
        file.seek(0)
        return file.read()


def test_a_process_lives_on_in_its_second_thread(hosts: Hosts) -> None:
    """The files of its first are empty then; what it holds and maps is found all the same."""
    pid = left(hosts, (
        "def work():\n"
        "    kept(b'kept')\n"
        "    pages = mapped('/tmp/lost'); os.unlink('/tmp/lost'); pages[:4] = b'lost'\n"
        "    time.sleep(0.1)\n"  # the first has ended
        "    stay()\n"
        "alone(work)"))  # fmt: skip
    state = hosts.snapshot()
    held = held_by(state, pid)
    assert {one.path for one in held.values()} == {"/tmp/kept", "/tmp/lost"}
    assert {fd for fd, _ in held if fd < 0} == {-1}
    assert {content(hosts, one)[:4] for one in held.values()} == {b"kept", b"lost"}
    assert all("python3" in one.command for one in held.values())
    assert state.hosts["ops"].complete
    memory = hosts.call(hosts.fleet.open_held, "ops", pid, -1)
    assert os.fstat(memory).st_size > 1 << 16
    os.close(memory)


def test_a_thread_with_descriptors_of_its_own(hosts: Hosts) -> None:
    """One number, two files of one process: both are seen, and opened by their inodes."""
    pid = left(hosts, (
        "first = kept(b'of all')\n"
        "def work():\n"
        "    libc.syscall(436, first, first, 2)\n"  # close_range: unshare the table, close there
        "    assert kept(b'of one') == first\n"
        "    stay()\n"
        "threading.Thread(target=work).start()"))  # fmt: skip
    held = held_by(hosts.snapshot(), pid)
    assert {sha for _, sha in held} == {sha(b"of all"), sha(b"of one")}
    assert len({fd for fd, _ in held}) == 1
    assert {content(hosts, one) for one in held.values()} == {b"of all", b"of one"}


def test_mapped_files_with_odd_names(hosts: Hosts) -> None:
    """None of them hides what else its process has mapped, nor lets a change pass unseen."""
    pid = left(hosts, (
        "names = ['/tmp/\\\\999', '/tmp/\\\\777', '/tmp/a\\rb', '/tmp/a\\nb',\n"
        "         '/tmp/there (deleted)']\n"
        "pages = [mapped(name) for name in names]\n"
        "lost = mapped('/tmp/lost'); os.unlink('/tmp/lost'); lost[:] = b's' * 4096\n"
        "def work():\n"
        "    while not os.path.exists('/tmp/go-on'): time.sleep(0.01)\n"
        "    for one in pages: one[:1] = b'!'\n"
        "    open('/tmp/gone-on', 'w')\n"
        "threading.Thread(target=work).start()\n"
        "stay()"))  # fmt: skip
    names = ("\\999", "\\777", "a\rb", "a\nb", "there (deleted)")
    before = hosts.snapshot()
    assert (-1, sha(b"s" * 4096)) in held_by(before, pid)
    assert before.hosts["ops"].complete
    time.sleep(0.05)
    found, _ = after(hosts, "ops", "touch /tmp/go-on; until [ -e /tmp/gone-on ]; do :; done")
    for name in names:
        _, state = change(found, "ops", f"/tmp/{name}")
        assert state is not None
        assert state.sha256 == sha(b"!" + bytes(4095))
    memory = hosts.call(hosts.fleet.open_held, "ops", pid, -1)
    assert os.fstat(memory).st_size > 1 << 16
    os.close(memory)


def test_a_mapping_that_its_owner_has_closed_to_itself(hosts: Hosts) -> None:
    pid = left(hosts, (
        "file = kept(b's' * 4096)\n"
        "at = ctypes.c_void_p(libc.mmap(None, ctypes.c_size_t(4096), 1, 1, file, 0))\n"
        "os.close(file)\n"
        "assert libc.mprotect(at, 4096, 0) == 0\n"
        "stay()"))  # fmt: skip
    assert (-1, sha(b"s" * 4096)) in held_by(hosts.snapshot(), pid)


def test_an_unburied_process_is_no_gap(hosts: Hosts) -> None:
    pid = left(hosts, "if not os.fork(): os._exit(0)\ntime.sleep(0.1)\nstay()")
    state = hosts.snapshot().hosts["ops"]
    assert [one.command for one in state.processes if one.ppid == pid] == ["[python3]"]
    assert state.complete


def test_a_process_that_cannot_be_read_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here our own processes stand for a host's."""
    mine = os.getpid()
    readable = mappings.files

    def fails(thread: int) -> mappings.Files | None:
        if thread == mine:
            raise ValueError("as if it were something else")
        return readable(thread)

    listed = os.listdir
    some = [str(mine), str(os.getppid())]
    monkeypatch.setattr(os, "listdir", lambda path: some if path == "/proc" else listed(path))
    space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    place: Any = SimpleNamespace(name="here", namespace=space, pid=1)
    assert held.read([place])["here"].complete
    monkeypatch.setattr(mappings, "files", fails)
    found = held.read([place])["here"]
    assert not found.complete
    assert [row[0] for row in found.processes] == [mine, os.getppid()]


def test_memory_without_a_file_may_have_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As kernels with names for shared memory tell it; the one of these tests has none."""
    table = (
        b"1000-2000 rw-s 00000000 00:01 7    [anon_shmem:mine]\n"
        b"2000-5000 rw-s 00000000 00:01 8    /dev/zero (deleted)\n"
        b"5000-6000 rw-p 00000000 00:00 0 \n"
        b"6000-7000 r--p 00000000 00:00 0    [vvar]\n"
        b"7000-8000 r--s 00000000 00:2a 9    /tmp/a\rb\n"
        b"8000-9000 ---p 00000000 00:00 0    [anon:reserved]\n"
    )
    monkeypatch.setattr(mappings, "_table", lambda _thread: iter([table]))
    assert mappings.without_file(1) == [(0x1000, 0x1000), (0x5000, 0x1000), (0x2000, 0x3000)]
    files = mappings.files(1)
    assert files is not None
    assert (files.lost, files.writable) == ({}, set())


def test_processes_come_and_go(hosts: Hosts) -> None:
    found, _ = after(hosts, "ops", "nohup sleep 1051 >/dev/null 2>&1 &")
    mine = [one for one in found.started if "sleep 1051" in one.command]
    assert [(one.host, one.uid) for one in mine] == [("ops", 0)]
    assert int(hosts.out("ops", "pgrep -f '^sleep 1051'")) == mine[0].pid
    found, _ = after(hosts, "ops", f"kill {mine[0].pid}; sleep 0.1")
    assert [one.pid for one in found.ended if "sleep 1051" in one.command] == [mine[0].pid]


def test_shared_memory_is_read(hosts: Hosts) -> None:
    found, _ = after(hosts, "ops", "echo hidden > /dev/shm/.h")
    _, state = change(found, "ops", "/dev/shm/.h")
    assert state is not None
    assert (state.volume, state.sha256) == ("/dev/shm", sha(b"hidden\n"))


def test_hostile_names_survive(hosts: Hosts) -> None:
    script = (
        "import os\n"
        "for n in (b'a\\nb', b'\\xff\\xfe', b'\\x1b[31mred', b' ', b'-rf', '\\u202e.txt'.encode(),"
        " b'x' * 255):\n"
        "    open(b'/tmp/names/' + n, 'wb').write(n)\n"
    )
    hosts.out("ops", "mkdir -p /tmp/names")
    hosts.out("ops", ["python3", "-c", script])
    files = hosts.snapshot().hosts["ops"].files
    names = (b"a\nb", b"\xff\xfe", b"\x1b[31mred", b" ", b"-rf", "\u202e.txt".encode(), b"x" * 255)
    for name in names:
        assert files[os.fsdecode(b"/tmp/names/" + name)].sha256 == sha(name)


def test_special_files_are_not_opened(hosts: Hosts) -> None:
    line = (
        "mkdir -p /tmp/special; cd /tmp/special; mkfifo fifo; truncate -s 1T sparse; "
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'"
    )
    hosts.out("ops", line)
    began = time.monotonic()
    files = hosts.snapshot(rehash=True).hosts["ops"].files
    assert time.monotonic() - began < 3
    assert files["/tmp/special/fifo"].kind == "fifo"
    assert files["/tmp/special/sock"].kind == "socket"
    sparse = files["/tmp/special/sparse"]
    assert (sparse.size, sparse.sha256) == (1 << 40, None)
    assert "sparse" in str(sparse.error)


def test_deep_folders_are_cut_and_said_so(hosts: Hosts) -> None:
    script = "import os\nfor _ in range(400):\n    os.mkdir('d'); os.chdir('d')\n"
    hosts.out("ops", 'mkdir -p /tmp/deep; cd /tmp/deep && python3 -c "$0"'.replace("$0", script))
    state = hosts.snapshot().hosts["ops"]
    assert not state.complete
    hosts.out("ops", "rm -rf /tmp/deep")
    assert hosts.snapshot().hosts["ops"].complete


def test_opening_from_outside_follows_no_link(hosts: Hosts) -> None:
    hosts.out("ops", "ln -sfn /etc/hostname /tmp/l; ln -sfn /root /tmp/d; mkfifo /tmp/p")
    with os.fdopen(hosts.call(hosts.fleet.open, "ops", "/root/notes/todo.txt"), "rb") as file:
        assert file.read().startswith(b"due 2")
    with os.fdopen(hosts.call(hosts.fleet.open, "node-a", ITEM), "rb") as file:
        assert sha(file.read()) == SHA
    for path in ("/tmp/l", "/tmp/d/notes/todo.txt", "/tmp/p", "/root", "/no/such", "/../etc/x"):
        with pytest.raises(OSError):  # noqa: PT011
            hosts.call(hosts.fleet.open, "ops", path)
