"""Tries to get out of a host; run inside one as its root, and outside as the control.

Standard library alone: the tests hand this file to the host's Python on standard input. Takes
facts as JSON (argument 1: what was planted where); prints one line of JSON per probe: what it
reached, empty for nothing, and how the rest was refused.

Every probe is one function that returns what it reached. The control is the same function where
it must reach something, so a probe that can reach nothing anywhere does not count. A probe with
parts is made for each of them in turn, and its control must reach each that the machine has:

    person     outside, as the person who runs the hosts
    root       outside, as root of the machine
    own        inside, on a thing of its own (`_own` of the function)
    neighbour  on the host of the other rollout, where the things are that it looks for

Nothing here may do harm where it succeeds, as the controls do: files are opened and not written,
calls get arguments that are refused after the permission was checked, signals are number 0.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import select
import signal
import socket
import stat
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

Facts = dict[str, Any]
Attempt = Callable[[Facts], Any]
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"


class Probe(NamedTuple):
    """One way out that is tried."""

    group: str
    attempt: Attempt
    control: str
    own: Attempt | None = None
    parts: tuple[str, ...] = ()
    """Each is tried for itself, as `facts["part"]`."""
    absent: tuple[int, ...] = ()
    """The errors by which a control learns that the machine has no such part."""


PROBES: dict[str, Probe] = {}


def probe(
    group: str,
    control: str,
    own: Attempt | None = None,
    parts: tuple[str, ...] = (),
    absent: tuple[int, ...] = (),
) -> Callable[[Attempt], Attempt]:
    """Enter a function into the table under its name."""

    def enter(attempt: Attempt) -> Attempt:
        PROBES[attempt.__name__] = Probe(group, attempt, control, own, parts, absent)
        return attempt

    return enter


def call(number: int, *arguments: Any) -> int:
    """A bare system call.

    Raises:
        OSError: as the kernel said.
    """
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = int(libc.syscall(ctypes.c_long(number), *wide))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def processes() -> Iterator[str]:
    """Every process that can be seen but this one."""
    mine = {str(os.getpid()), str(os.getppid()) if os.environ.get("PROBE_CHILD") else ""}
    yield from (name for name in os.listdir("/proc") if name.isdigit() and name not in mine)


def read(path: str, most: int = 1 << 20) -> bytes:
    """A file's beginning, without ever waiting for one. The kernel's tables come in pieces."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        text = b""
        while len(text) < most and (piece := os.read(descriptor, most - len(text))):
            text += piece
        return text
    finally:
        os.close(descriptor)


def in_any_process(file: str, wanted: str) -> str:
    """The process whose /proc file holds `wanted`. Its own argument holds it too, hence not us."""
    for name in processes():
        try:
            if wanted.encode() in read(f"/proc/{name}/{file}"):
                return f"{file} of {name}"
        except OSError:
            continue
    return ""


# --- files ---------------------------------------------------------------------------------------


@probe("files", "person")
def file_by_its_path(facts: Facts) -> str:
    """A file of the machine that everybody may read."""
    return facts["path"] if facts["canary"].encode() in read(facts["path"]) else ""


@probe("files", "person")
def file_by_its_name(facts: Facts) -> str:
    """The same, wherever it may be found. (Outside, only its own folder is searched.)"""
    top = "/" if facts["inside"] else os.path.dirname(facts["path"])
    for folder, folders, files in os.walk(top):
        if folder == "/":
            folders[:] = [name for name in folders if name not in ("proc", "dev")]
        if os.path.basename(facts["path"]) in files:
            return folder
    return ""


@probe("files", "person")
def folders_of_the_machine(facts: Facts) -> str:
    """The package, its interpreter, the cache of bases."""
    return " ".join(path for path in facts["folders"] if os.path.exists(path))


@probe("files", "person")
def file_through_a_process(facts: Facts) -> str:
    """/proc/PID/root and /proc/PID/cwd of whatever is visible."""
    for name in os.listdir("/proc"):
        for way in ("root", "cwd"):
            path = f"/proc/{name}/{way}{facts['path']}"
            if name.isdigit() and os.path.exists(path):
                return path
    return ""


@probe("files", "root")
def file_by_leaving_a_chroot(facts: Facts) -> str:
    """The old way up: a second chroot below an open folder."""
    top = os.open("/", os.O_RDONLY)
    with tempfile.TemporaryDirectory() as below:
        os.chroot(below)
        os.fchdir(top)
        for _ in range(60):
            os.chdir("..")
        os.chroot(".")
    return facts["path"] if os.path.exists(facts["path"]) else ""


def _two_mounts(facts: Facts) -> str:
    libc.unshare(0x20000)
    libc.mount(b"none", b"/", None, ctypes.c_ulong(16384 | 1 << 18), None)
    folder = os.path.dirname(facts["path"]).encode()
    libc.mount(folder, folder, None, ctypes.c_ulong(4096), None)
    return mount_table(facts)


@probe("files", "root", _two_mounts)
def mount_table(facts: Facts) -> str:
    """Paths of the machine, in the list of mounts."""
    text = read("/proc/self/mountinfo").decode()
    wanted = [*facts["folders"], os.path.dirname(facts["path"])]
    return " ".join(path for path in wanted if path in text)


# --- processes and what they hold ----------------------------------------------------------------


@probe("processes", "person")
def process_of_the_machine(facts: Facts) -> str:
    """By its number and, as numbers may be taken, by its start."""
    with open(f"/proc/{facts['victim']}/stat", encoding="utf-8") as text:
        started = text.read().rsplit(")", 1)[1].split()[19]
    os.kill(facts["victim"], 0)
    return "signalled" if started == facts["victim_started"] else ""


@probe("processes", "person")
def command_lines(facts: Facts) -> str:
    return in_any_process("cmdline", facts["canary"])


@probe("processes", "person")
def environments(facts: Facts) -> str:
    """The key that the controller holds, in any environment: pid 1's and the monitors' too."""
    if any(facts["canary"] in text for text in os.environ.values()) and facts["inside"]:
        return "own environment"
    return in_any_process("environ", facts["canary"])


@probe("processes", "person")
def open_descriptors(facts: Facts) -> str:
    """A link of /proc/PID/fd that leads to the machine."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            for one in os.listdir(f"/proc/{name}/fd"):
                target = os.readlink(f"/proc/{name}/fd/{one}")
                if any(target.startswith(path) for path in (facts["path"], *facts["folders"])):
                    return target
        except OSError:
            continue
    return ""


def _seize(pid: int) -> str:
    if libc.ptrace(0x4206, pid, None, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return f"traced {pid}"


def _take_descriptor(pid: int) -> str:
    for number in range(40):
        try:
            return f"descriptor {call(438, os.pidfd_open(pid), number, 0)} of {pid}"
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
    return ""


def _look_into(pid: int) -> str:
    """What /proc and process_vm_readv give of a process."""
    refused: OSError | None = None
    for name in ("environ", "maps", "mem", "auxv", "syscall", "io"):
        try:
            read(f"/proc/{pid}/{name}", 1)
            return name
        except OSError as error:
            if error.errno == errno.EIO:  # opened: nothing lies at address 0
                return name
            refused = error
    for name in ("cwd", "root", "exe", "ns/mnt", "ns/user", "ns/pid"):
        try:
            return os.readlink(f"/proc/{pid}/{name}")
        except OSError as error:
            refused = error
    try:
        os.listdir(f"/proc/{pid}/fd")
        return "fd"
    except OSError as error:
        refused = error
    raise refused


_ACTS = {"trace": _seize, "descriptors_of": _take_descriptor, "look_into": _look_into}

for _name, _act in _ACTS.items():

    def _against(who: str, act: Callable[[int], str] = _act) -> Attempt:
        def attempt(facts: Facts) -> str:
            return act(facts[who] if facts[who] else facts["monitor_pid"])

        return attempt

    # The supervisor has no number on a host; it is tried by the one that it has on the machine. No
    # ordinary person may read it either, so its control is root.
    for _who in ("init", "monitor", "victim", "supervisor"):
        _attempt = _against(_who)
        _attempt.__name__ = f"{_name}_{_who}"
        _attempt.__doc__ = f"{_name} {_who}: pid 1 of the host, our monitor, two processes outside."
        probe("processes", "root" if _who == "supervisor" else "person")(_attempt)


# --- network -------------------------------------------------------------------------------------


def _greeting(family: int, address: Any) -> str:
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(2)
        one.connect(address)
        return one.recv(64).decode()


@probe("network", "person")
def loopback_of_the_machine(facts: Facts) -> str:
    return _greeting(socket.AF_INET, ("127.0.0.1", facts["port"]))


@probe("network", "person")
def address_of_the_machine(facts: Facts) -> str:
    return _greeting(socket.AF_INET, (facts["address"], facts["port"]))


@probe("network", "person")
def abstract_socket_of_the_machine(facts: Facts) -> str:
    return _greeting(socket.AF_UNIX, "\0" + facts["canary"])


@probe("network", "person")
def route_to_the_outside(facts: Facts) -> str:
    """To addresses for documentation; connecting a datagram socket sends nothing."""
    found = []
    for family, address in (
        (socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"),
        (socket.AF_INET, facts["address"]),
    ):  # fmt: skip
        if address.startswith("127."):  # a machine without a network: that is the host's own
            continue
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            try:
                one.connect((address, 9))
                found.append(address)
            except OSError:
                continue
    return " ".join(found)


def _own_name_server(facts: Facts) -> str:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def answer() -> None:
        while True:
            query, sender = server.recvfrom(512)
            if query[-4:-2] != b"\0\1":  # not for an IPv4 address
                server.sendto(query[:2] + b"\x81\x80\0\1" + bytes(6) + query[12:], sender)
                continue
            record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + bytes((192, 0, 2, 7))
            head = query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
            server.sendto(head + query[12:] + record, sender)

    threading.Thread(target=answer, daemon=True).start()
    return name_service(facts)


@probe("network", "own", _own_name_server)
def name_service(facts: Facts) -> str:
    """A name outside; the control answers the question itself, so it was asked."""
    return str(socket.getaddrinfo("probe.example.com", 80)[0][4][0])


@probe("network", "person")
def vsock(facts: Facts) -> str:
    with socket.socket(40, socket.SOCK_STREAM):
        return "vsock"


@probe("network", "root")
def packet_socket(facts: Facts) -> str:
    with socket.socket(17, socket.SOCK_RAW):
        return "packet"


FAMILIES = tuple(str(one) for one in range(1, 50) if one not in (1, 2, 10, 16))


def _family(make: Callable[[int, int], Any], family: str) -> str:
    """Any answer but the filter's comes from the family's own code, and so shows that it ran."""
    try:
        make(int(family), socket.SOCK_RAW)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            raise
        return str(error.strerror)
    return "made"


@probe("network", "root", parts=FAMILIES, absent=(errno.EAFNOSUPPORT,))
def rare_socket_families(facts: Facts) -> str:
    """Any family but unix, inet, inet6 and netlink."""
    return _family(socket.socket, facts["part"])


@probe("network", "root", parts=FAMILIES, absent=(errno.EAFNOSUPPORT,))
def rare_socket_pairs(facts: Facts) -> str:
    """The same by socketpair, which makes both sockets before it asks whether they can be paired.

    EOPNOTSUPP and ESOCKTNOSUPPORT are the family's own answers; EAFNOSUPPORT is the filter's.
    """
    return _family(socket.socketpair, facts["part"])


@probe("network", "root")
def links_and_routes(facts: Facts) -> str:
    """Change a link that does not exist; only who may change links is told so."""
    with socket.socket(16, socket.SOCK_RAW, 0) as one:
        body = struct.pack("=BBHiII", 0, 0, 0, 0x7FFFFFF0, 1, 1)
        one.send(struct.pack("=IHHII", 16 + len(body), 16, 5, 1, 0) + body)
        code = -struct.unpack("=i", one.recv(4096)[16:20])[0]
    if code in (errno.EPERM, errno.EACCES):
        raise OSError(code, os.strerror(code))
    return os.strerror(code)


# --- mounts, devices, the kernel's files ---------------------------------------------------------


_NEW_MOUNTS: dict[str, tuple[Any, ...]] = {
    "fsopen": (b"tmpfs", 1), "open_tree": (-100, b"/", 0x80001), "fspick": (-100, b"/", 1),
}  # fmt: skip


@probe("mounts", "root", parts=tuple(_NEW_MOUNTS), absent=(errno.ENOSYS,))
def new_mounts(facts: Facts) -> str:
    """The new calls for mounting, with arguments that would serve; nothing is attached."""
    part = facts["part"]
    os.close(call(facts["numbers"][part], *_NEW_MOUNTS[part]))
    return "opened"


def _opened(path: str, how: int) -> str:
    """Whether a file opens, and is not /dev/null, with which files of /proc are masked."""
    descriptor = os.open(path, how | os.O_NONBLOCK)
    try:
        return "" if os.fstat(descriptor).st_rdev == os.makedev(1, 3) else "opened"
    finally:
        os.close(descriptor)


MASKED = (
    "kcore", "kallsyms", "keys", "key-users", "cmdline", "kmsg", "timer_list", "sched_debug",
    "config.gz", "modules", "partitions", "diskstats", "swaps", "mdstat", "kpageflags",
    "vmallocinfo", "slabinfo",
)  # fmt: skip


@probe("mounts", "root", parts=MASKED, absent=(errno.ENOENT,))
def masks_of_proc(facts: Facts) -> str:
    """Memory, symbols, keys, the kernel's command line and messages; opened, and not read."""
    return _opened(f"/proc/{facts['part']}", os.O_RDONLY)


SETTINGS = (
    *(f"sys/kernel/{name}" for name in (
        "core_pattern", "sysrq", "modprobe", "hotplug", "pid_max", "hostname", "shmall",
        "ns_last_pid")),
    "sys/vm/overcommit_memory", "sys/fs/file-max", "sys/user/max_user_namespaces",
    "sys/net/ipv4/ip_forward", "sys/fs/binfmt_misc/register", "sysrq-trigger",
)  # fmt: skip


@probe("mounts", "root", parts=SETTINGS, absent=(errno.ENOENT,))
def kernel_settings(facts: Facts) -> str:
    """Open for writing: core patterns, sysrq, programs that the kernel starts, limits."""
    return _opened(f"/proc/{facts['part']}", os.O_WRONLY)


@probe("mounts", "person")
def kernel_objects(facts: Facts) -> str:
    return " ".join(os.listdir("/sys"))


_DEVICES = {
    "disk": (stat.S_IFBLK, os.makedev(8, 0)), "memory": (stat.S_IFCHR, os.makedev(1, 1)),
}  # fmt: skip


@probe("devices", "root", parts=tuple(_DEVICES))
def new_devices(facts: Facts) -> str:
    """Nodes of the first disk and of the machine's memory."""
    kind, number = _DEVICES[facts["part"]]
    with tempfile.TemporaryDirectory() as folder:
        os.mknod(f"{folder}/node", kind | 0o600, number)
    return "made"


@probe("devices", "person")
def present_devices(facts: Facts) -> str:
    """Any node but the six that every program needs, and terminals."""
    usual = {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}
    found = []
    for folder, folders, names in os.walk("/dev"):
        folders[:] = [name for name in folders if name not in ("pts", "shm")]
        for name in names:
            mode = os.lstat(os.path.join(folder, name)).st_mode
            if name not in usual and (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)):
                found.append(name)
    return " ".join(found[:5])


@probe("devices", "root")
def rights_of_a_shared_device(facts: Facts) -> str:
    """The node of /dev/null is the machine's own; give it the rights that it has."""
    os.chmod("/dev/null", stat.S_IMODE(os.stat("/dev/null").st_mode))
    return "chmod"


@probe("devices", "person")
def events_of_a_shared_device(facts: Facts) -> str:
    """When others open /dev/urandom, which is one inode for the whole machine."""
    watch = int(libc.inotify_init1(os.O_NONBLOCK))
    libc.inotify_add_watch(watch, b"/dev/urandom", 0x20)
    return "told" if select.select([watch], [], [], 1)[0] else ""


@probe("devices", "root")
def keys_into_a_terminal(facts: Facts) -> str:
    """TIOCSTI on a terminal of one's own."""
    _, slave = os.openpty()
    os.setsid()
    fcntl.ioctl(slave, 0x540E, 0)
    fcntl.ioctl(slave, 0x5412, b"x")
    return "typed"


# --- rights --------------------------------------------------------------------------------------

KEPT = 0x800425FB


@probe("rights", "root")
def capabilities(facts: Facts) -> str:
    """More than the kept set, also in what a program with file capabilities may get."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/program"
        with open("/bin/cat", "rb") as source, open(program, "wb") as target:
            target.write(source.read())
        os.chmod(program, 0o4755)
        everything = 0xFFFFFFFF
        with suppress(OSError):
            value = struct.pack("<5I", 0x02000001, everything, everything, 0x1FF, 0)
            os.setxattr(program, "security.capability", value)
        for path in (program, "/bin/cat"):
            for line in _own_status(path).splitlines():
                if line.startswith("Cap") and int(line.split()[1], 16) & ~KEPT:
                    found.append(line)
    return " ".join(found)


def _own_status(program: str, user: int | None = None) -> str:
    """What a copy of `cat` reads of itself, started by us or by another user."""
    output, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(end, 1)
        try:
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            os.execv(program, [program, "/proc/self/status"])
        finally:
            os._exit(1)
    os.close(end)
    text = os.fdopen(output, "rb").read().decode()
    os.waitpid(pid, 0)
    return text


def _started_by_a_user(facts: Facts, give: Callable[[str], None]) -> str:
    """What a program that was given rights has of them when an ordinary user starts it.

    On a host in its layer and on its volume, outside where such rights count. On a host without
    other users its root starts it.
    """
    found, counted = [], False
    folders = ("/tmp", "/srv/data") if facts["inside"] else ("/var/tmp", "/tmp", "/")
    for place in folders:
        if not os.path.isdir(place) or os.statvfs(place).f_flag & os.ST_NOEXEC:
            continue
        with tempfile.TemporaryDirectory(dir=place) as folder:
            os.chmod(folder, 0o755)
            program = f"{folder}/program"
            with open("/bin/cat", "rb") as source, open(program, "wb") as target:
                target.write(source.read())
            os.chmod(program, 0o755)
            give(program)
            text = _own_status(program, 33)
        rights = int(text.partition("CapPrm:")[2].split()[0], 16)
        counted = counted or rights != 0
        if rights & ~KEPT:
            found.append(f"{rights:x} in {place}")
    assert counted, "such rights count nowhere here"
    return " ".join(found)


@probe("rights", "root")
def setuid_program(facts: Facts) -> str:
    """An ordinary user of the host starts a program of root's: no more than the host's root."""
    return _started_by_a_user(facts, lambda program: os.chmod(program, 0o4755))


@probe("rights", "root")
def program_with_capabilities(facts: Facts) -> str:
    """An ordinary user of the host starts a program that has all capabilities by its file."""
    value = struct.pack("<5I", 0x02000000, 0xFFFFFFFF, 0, 0x1FF, 0)
    return _started_by_a_user(
        facts, lambda program: os.setxattr(program, "security.capability", value)
    )


@probe("rights", "person")
def identity_on_the_machine(facts: Facts) -> str:
    """Whether an id of this host is root's or the person's on the machine."""
    found = []
    for kind in ("uid", "gid"):
        for line in read(f"/proc/self/{kind}_map").decode().splitlines():
            _, first, count = map(int, line.split())
            if any(first <= one < first + count for one in facts["people"]):
                found.append(f"{kind} {line.strip()}")
    return " ".join(found)


_LIMITS = {
    "processes": resource.RLIMIT_NPROC, "memory": resource.RLIMIT_DATA,
    "files": resource.RLIMIT_NOFILE,
}  # fmt: skip


@probe("rights", "root", parts=tuple(_LIMITS))
def limits_raised(facts: Facts) -> str:
    """None there; or lowered, as anyone may, and raised again, which takes the machine's root."""
    kind = _LIMITS[facts["part"]]
    hard = resource.getrlimit(kind)[1]
    if hard == resource.RLIM_INFINITY:
        return "none"
    resource.setrlimit(kind, (hard - 1, hard - 1))
    try:
        resource.setrlimit(kind, (hard, hard))
    except ValueError as error:  # so Python calls EPERM
        raise OSError(errno.EPERM, str(error)) from error
    return "raised"


@probe("rights", "root", parts=("nice", "real-time", "out-of-memory"))
def before_others(facts: Facts) -> str:
    """To be run before, and killed after, what runs on the machine."""
    if facts["part"] == "nice":
        os.nice(-1)
    elif facts["part"] == "real-time":
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    else:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(descriptor, b"-500")
    return "taken"


NAMESPACES = {
    "mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000,
    "user": 0x10000000, "process": 0x20000000, "network": 0x40000000, "time": 0x80,
}  # fmt: skip


def _in_child(act: Callable[[], Any]) -> str:
    """Do it in a child.

    Raises:
        OSError: as the child met it.
    """
    pid = os.fork()
    if pid == 0:
        code = 255
        try:
            act()
            code = 0
        except OSError as error:
            code = error.errno or 255
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))
    return "done"


@probe("namespaces", "root", parts=tuple(NAMESPACES), absent=(errno.EINVAL,))
def unshare(facts: Facts) -> str:
    return _in_child(lambda: call(facts["numbers"]["unshare"], NAMESPACES[facts["part"]]))


# But for time, whose bit is a signal's number here.
@probe("namespaces", "root", parts=tuple(NAMESPACES)[:-1], absent=(errno.EINVAL,))
def clone(facts: Facts) -> str:
    """The oldest call of the three."""
    flags = NAMESPACES[facts["part"]] | signal.SIGCHLD
    pid = call(56 if X86 else 220, flags, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "made"


@probe("namespaces", "root")
def clone3(facts: Facts) -> str:
    """Its flags lie behind a pointer, where no filter can read them."""
    arguments = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call(435, ctypes.byref(arguments), 64)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "user"


@probe("namespaces", "root", parts=("uts", "ipc", "net"), absent=(errno.ENOENT,))
def setns(facts: Facts) -> str:
    """Its own namespaces, which anyone with the right may enter again."""
    own = os.open(f"/proc/self/ns/{facts['part']}", os.O_RDONLY)
    return _in_child(lambda: call(facts["numbers"]["setns"], own, 0))


# --- the ledger ----------------------------------------------------------------------------------


def _own_listener() -> int:
    """A listener for every call that starts a program; a filter of one's own needs no rights."""
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges
    lines = [(0x20, 0, 0, 0), (0x15, 0, 1, 59 if X86 else 221), (6, 0, 0, 0x7FC00000),
             (6, 0, 0, 0x7FFF0000)]  # fmt: skip
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in lines))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
    return call(317 if X86 else 277, 1, 8, program)


@probe("ledger", "person")
def listener_of_ones_own(facts: Facts) -> str:
    """It would be asked in place of the supervisor's."""
    return _in_child(_own_listener)


@probe("ledger", "person")
def listener_of_the_ledger(facts: Facts) -> str:
    """In any process; outside there is one because it is made."""
    if not facts["inside"]:
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            _own_listener()
            os.write(tell, b"1")
            signal.pause()
        os.read(told, 1)
    try:
        for name in processes():
            with suppress(OSError):
                for one in os.listdir(f"/proc/{name}/fd"):
                    if "seccomp" in os.readlink(f"/proc/{name}/fd/{one}"):
                        return f"descriptor {one} of {name}"
        return ""
    finally:
        if not facts["inside"]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@probe("ledger", "person")
def channel_of_the_ledger(facts: Facts) -> str:
    """A socket that a command has inherited; outside there is one because it is made."""
    kept = socket.socketpair() if not facts["inside"] else ()
    for one in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(one)).st_mode):
                return f"socket {one} of {len(kept)}"
    return ""


@probe("ledger", "root")
def filter_suspended(facts: Facts) -> str:
    """A tracer may ask the kernel to leave out its child's filter, if it may do anything."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
    try:
        if libc.ptrace(0x4206, pid, None, ctypes.c_void_p(0x200000)) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return "suspended"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


# --- calls to the kernel -------------------------------------------------------------------------

_NULL, _NOWHERE = None, b"/nonexistent"
OWN = "the number of this process"
# Arguments that are refused after the permission was looked at, or that change nothing.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "acct": (_NOWHERE,),
    "add_key": (b"user", b"probe", b"x", 1, -2),
    "adjtimex": (ctypes.create_string_buffer(512),),
    "bpf": (0, _NULL, 0),
    "cachestat": (-1, _NULL, _NULL, 0),
    "clock_adjtime": (0, ctypes.create_string_buffer(512)),
    "clock_settime": (0, _NULL),
    "delete_module": (b"no_such_module", 0x800),
    "fanotify_init": (-1, 0),
    "finit_module": (-1, b"", 0),
    "fsconfig": (-1, 0, _NULL, _NULL, 0),
    "fsmount": (-1, 0, 0),
    "fsopen": (b"no_such_fs", 0),
    "fspick": (-100, _NOWHERE, 0),
    "init_module": (_NULL, 0, b""),
    "io_setup": (0, _NULL),
    "io_uring_enter": (-1, 0, 0, 0, _NULL, 0),
    "io_uring_register": (-1, 0, _NULL, 0),
    "io_uring_setup": (1, _NULL),
    "ioperm": (1 << 20, 1, 0),
    "iopl": (0,),
    "kcmp": (OWN, OWN, 0, 0, 0),
    "kexec_file_load": (-1, -1, 0, _NULL, 0x7FFF0000),
    "kexec_load": (0, 1 << 20, _NULL, 0),
    "keyctl": (0, -3, 0),
    "listmount": (_NULL, _NULL, 0, 0),
    "lsm_set_self_attr": (0, _NULL, 0, 0),
    "memfd_secret": (-1,),
    "modify_ldt": (0, _NULL, 0),
    "mount": (b"none", _NOWHERE, b"tmpfs", 0, _NULL),
    "mount_setattr": (-1, b"", 0, _NULL, 0),
    "move_mount": (-1, _NOWHERE, -1, _NOWHERE, 0),
    "move_pages": (0, 0, _NULL, _NULL, _NULL, 0),
    "name_to_handle_at": (-100, _NOWHERE, _NULL, _NULL, 0),
    "open_by_handle_at": (-1, _NULL, 0),
    "open_tree": (-100, _NOWHERE, 0),
    "open_tree_attr": (-100, _NOWHERE, 0, _NULL, 0),
    "perf_event_open": (struct.pack("=IIQ", 1, 112, 0) + bytes(96), 0, -1, -1, 0),
    "pivot_root": (_NOWHERE, _NOWHERE),
    "process_vm_writev": (0, _NULL, 0, _NULL, 0, 0),
    "quotactl": (-1, _NOWHERE, 0, _NULL),
    "quotactl_fd": (-1, 0, 0, _NULL),
    "reboot": (0, 0, 0, _NULL),
    "request_key": (b"user", b"no such key", _NULL, 0),
    "setns": (-1, 0),
    "settimeofday": (1, _NULL),
    "statmount": (_NULL, _NULL, 0, 0),
    "swapoff": (_NOWHERE,),
    "swapon": (_NOWHERE, 0),
    "sysfs": (3,),
    "syslog": (10, _NULL, 0),
    "umount2": (_NOWHERE, 0),
    "unshare": (0,),
    "userfaultfd": (1,),
    "uselib": (_NOWHERE,),
    "ustat": (0, _NULL),
    "vmsplice": (-1, _NULL, 0, 0),
}
"""For every call of the filter's table but those that no kernel of today has."""


def _refused_call(name: str) -> Attempt:
    def attempt(facts: Facts) -> str:
        arguments = [os.getpid() if one is OWN else one for one in ARGUMENTS[name]]
        try:
            return f"returned {call(facts['numbers'][name], *arguments)}"
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOSYS):
                raise
            return str(error.strerror)

    attempt.__name__ = f"call_{name}"
    attempt.__doc__ = "A call of the filter's table."
    return attempt


for _name in ARGUMENTS:
    if X86 or _name not in ("iopl", "ioperm", "modify_ldt", "sysfs", "uselib", "ustat"):
        probe("kernel", "root")(_refused_call(_name))


def _code(*opcodes: int) -> int:
    """Run machine code in this process; what it leaves in the result's register."""
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(bytes(opcodes))
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(address)())


if X86:

    @probe("kernel", "person")
    def calls_of_i386(facts: Facts) -> str:
        """Int 0x80: getpid is number 20 there, and the filter's numbers mean other calls."""
        return "getpid" if _code(0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3) == os.getpid() else ""

    @probe("kernel", "none: few kernels offer it, and the filter refuses the numbers anyway")
    def calls_of_x32(facts: Facts) -> str:
        return "getpid" if call(0x40000000 + 39) == os.getpid() else ""


@probe("kernel", "person")
def leases(facts: Facts) -> str:
    """A lease would hold up whoever reads the file, and tell of it."""
    with tempfile.TemporaryFile() as file:
        fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_WRLCK)
        return "leased"


# --- another rollout -----------------------------------------------------------------------------


@probe("neighbours", "neighbour")
def listener_of_a_neighbour(facts: Facts) -> str:
    """On every address of hosts; both rollouts number theirs alike."""
    for address in ("127.0.0.1", *facts["addresses"]):
        try:
            return _greeting(socket.AF_INET, (address, facts["neighbour_port"]))
        except OSError as error:
            refused = error
    raise refused


@probe("neighbours", "neighbour")
def abstract_socket_of_a_neighbour(facts: Facts) -> str:
    return _greeting(socket.AF_UNIX, "\0neighbour-" + facts["canary"])


@probe("neighbours", "neighbour")
def process_of_a_neighbour(facts: Facts) -> str:
    return in_any_process("cmdline", "neighbour-" + facts["mark"])


@probe("neighbours", "neighbour")
def file_of_a_neighbour(facts: Facts) -> str:
    return read("/srv/" + "neighbour-" + facts["mark"]).decode()


@probe("neighbours", "neighbour")
def shared_memory_of_a_neighbour(facts: Facts) -> str:
    return f"segment {call(29 if X86 else 194, facts['key'], 4096, 0)}"


@probe("neighbours", "neighbour")
def message_queue_of_a_neighbour(facts: Facts) -> str:
    return f"queue {call(240 if X86 else 180, facts['mark'].encode(), 0, 0, _NULL)}"


def be_the_neighbour(facts: Facts) -> None:
    """On a host of the other rollout: everything that the probes above look for, until the end."""
    with open(f"/srv/neighbour-{facts['mark']}", "w", encoding="utf-8") as file:
        file.write(facts["canary"])
    call(29 if X86 else 194, facts["key"], 4096, 0o1666)
    call(240 if X86 else 180, facts["mark"].encode(), os.O_CREAT | os.O_RDWR, 0o666, _NULL)
    serve([("", facts["neighbour_port"]), "\0neighbour-" + facts["canary"]])
    print("ready", flush=True)
    time.sleep(300)


def serve(addresses: list[Any], counted: list[str] | None = None) -> list[int]:
    """Greet everyone who connects; the ports. Connections are counted by their address."""
    ports = []
    for address in addresses:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        server = socket.socket(family)
        server.bind(address)
        server.listen(8)
        ports.append(0 if isinstance(address, str) else server.getsockname()[1])

        def greet(server: socket.socket = server, name: str = str(address)) -> None:
            while True:
                with server.accept()[0] as connection:
                    connection.send(b"hello")
                    if counted is not None:
                        counted.append(name)

        threading.Thread(target=greet, daemon=True).start()
    return ports


# --- running them --------------------------------------------------------------------------------


def outcome(attempt: Attempt, facts: Facts) -> tuple[str, str, int]:
    """What was reached; or how it was refused, and the number of that error."""
    try:
        return str(attempt(facts) or "")[:300], "", 0
    except OSError as error:
        return "", str(error.strerror or error)[:300], error.errno or 0
    except BaseException as error:
        return "", f"BROKEN {error!r}"[:300], 0


def outcomes(one: Probe, attempt: Attempt, facts: Facts) -> dict[str, Any]:
    """The same as a row. With parts: which were reached, and why each of the others was not.

    `absent` are those of the others that are not there to be reached, as far as errors can tell.
    """
    if not one.parts:
        reached, refusal, _ = outcome(attempt, facts)
        return {"reached": reached, "refusal": refusal}
    by_part = {part: outcome(attempt, {**facts, "part": part}) for part in one.parts}
    rest = {part: (why, code) for part, (reached, why, code) in by_part.items() if not reached}
    return {
        "reached": " ".join(part for part in by_part if part not in rest),
        "refusal": " ".join(sorted({why for why, _ in rest.values()})),
        "rest": {part: why for part, (why, _) in rest.items()},
        "absent": [part for part, (_, code) in rest.items() if code in one.absent],
    }


def run_one(one: Probe, attempt: Attempt, facts: Facts) -> dict[str, Any]:
    """In a child, so that a probe may end itself, be ended, or hang."""
    output, end = os.pipe()
    facts = {**facts, "monitor_pid": os.getppid()}
    pid = os.fork()
    if pid == 0:
        os.write(end, json.dumps(outcomes(one, attempt, facts)).encode())
        os._exit(0)
    os.close(end)
    ready, _, _ = select.select([output], [], [], 15)
    text = os.read(output, 65536) if ready else b""
    os.close(output)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    if text:
        found: dict[str, Any] = json.loads(text)
        return found
    ended = f"ended by signal {status & 127}" if ready else "BROKEN no end within 15 s"
    return {"reached": "", "refusal": ended}


def main(facts: Facts) -> None:
    """All probes, or the controls of one kind."""
    os.environ["PROBE_CHILD"] = "1"
    place = facts["place"]
    for name, one in PROBES.items():
        attempt = one.attempt
        if place != "inside":
            if one.control != place and not (place == "person" and facts["as_root"]
                                             and one.control == "root"):  # fmt: skip
                continue
            attempt = one.own or attempt
        print(json.dumps({"probe": name, **run_one(one, attempt, facts)}), flush=True)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    be_the_neighbour(given) if given["place"] == "plant" else main(given)
