"""Pid 1 of one host: builds the host's view of the world, gives up its rights, then serves.

Takes the host's part of the specification and two sockets (supervisor, commands); gives the
supervisor directory descriptors of the root, of each volume and of /dev/shm. After `serve` began
it has no path, descriptor or right that leads out of the host.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import time
from typing import Any

from . import confine, kernel, netlink, services, stage
from .commands import CommandServer

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = (
    ("pts/ptmx", "ptmx"),
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
)
# Files and folders of /proc that speak of the machine outside.
_MASKED_FILES = (
    "kcore", "keys", "key-users", "timer_list", "kallsyms", "cmdline", "sched_debug",
    "config.gz", "modules", "partitions", "diskstats", "swaps", "mdstat", "sysrq-trigger",
)  # fmt: skip
_MASKED_FOLDERS = ("scsi", "acpi", "asound", "fs", "irq", "bus", "driver", "tty", "pressure")
_QUIET = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
# After the first wrap of the counter the kernel leaves 300 numbers unused (RESERVED_PIDS).
_RESERVED_PIDS = 300
_OWN_PROCESSES = 16  # launcher, supervisor, snapshots under way


def run(
    spec: dict[str, Any], host: dict[str, Any], supervisor: socket.socket, commands: socket.socket
) -> None:
    """Become the host. Returns never.

    Args:
        spec: the whole specification (limits, one_user, prefix).
        host: this host's part; its root is mounted at `host["root"]`.
        supervisor: told `up` with descriptors when ssh answers, or the error.
        commands: requests arrive here until the controller is gone.
    """
    _root(host)
    volumes = stage.mount_volumes(host["volumes"])
    stage.write_files(host["files"], host["volumes"])
    stage.seal_volumes(host["volumes"])
    filled_ns = time.time_ns()
    for descriptor in host["blobs"]:
        os.close(descriptor)
    if spec["one_user"]:
        _alias_users()
    link = netlink.Netlink()
    link.up("lo")
    link.up("eth0")
    link.address("eth0", host["address"], spec["prefix"])
    link.close()
    pid_limit = _kernel_limits(spec["limits"])
    listener = _give_up_rights(spec)
    kernel.send(supervisor, {"listener": True}, [listener])
    os.close(listener)  # whoever had it here could answer for the ledger
    started = [services.start(argv) for argv in host["services"]]
    if started:
        services.wait_for_ssh(started[0])
    roots = [
        os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC),
        os.open("/dev/shm", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC),  # noqa: S108
        *volumes,
    ]
    report = {"up": host["name"], "pid_limit": pid_limit, "filled_ns": filled_ns}
    kernel.send(supervisor, report, roots)
    for descriptor in roots:
        os.close(descriptor)
    # Not before: the kernel counts what all hosts of a user have under way through sockets
    # together, and refuses further ones to processes whose own limit is below that count.
    services.limit(resource.RLIMIT_NOFILE, services.OPEN_FILES)
    serve(supervisor, commands)


def _root(host: dict[str, Any]) -> None:
    """Mount what a Linux host has, then make it the root."""
    socket.sethostname(host["name"])
    os.chdir(host["root"])
    for name in ("proc", "dev", "sys", "run/sshd", "tmp"):
        os.makedirs(name, exist_ok=True)
    kernel.mount("proc", "proc", "proc", _QUIET)
    kernel.mount("udev", "dev", "tmpfs", kernel.MS_NOSUID, "mode=755,size=64k,nr_inodes=64")
    for name in _DEVICES:
        with open(f"dev/{name}", "w", encoding="ascii"):
            pass
        _bind_device(name, f"dev/{name}")
    os.mkdir("dev/pts")
    os.mkdir("dev/shm")
    options = "newinstance,ptmxmode=0666,mode=620,max=128"
    kernel.mount("devpts", "dev/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, options)
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    options = f"mode=1777,size={host['shm_mb']}m,nr_inodes=1024"
    kernel.mount("tmpfs", "dev/shm", "tmpfs", flags, options)
    for target, name in _LINKS:
        os.symlink(target, f"dev/{name}")
    # Nothing can be hidden in /dev itself: snapshots do not walk it.
    flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID
    kernel.mount(None, "dev", None, flags)
    kernel.pivot_here()
    kernel.stop_importing()
    for name in _MASKED_FILES:
        if os.path.exists(f"/proc/{name}"):
            _bind_device("null", f"/proc/{name}")
    for name in _MASKED_FOLDERS:
        if os.path.isdir(f"/proc/{name}"):
            flags = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
            kernel.mount("tmpfs", f"/proc/{name}", "tmpfs", flags, "size=0k,nr_inodes=1")


def _bind_device(name: str, target: str) -> None:
    """The machine's own node at `target`; who reads and writes it cannot change its rights."""
    kernel.mount(f"/dev/{name}", target, None, kernel.MS_BIND)
    flags = kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY
    kernel.mount(None, target, None, flags | kernel.MS_NOSUID | kernel.MS_NOEXEC)


def _alias_users() -> None:
    """Where one user id exists, the accounts that programs look for become names of root."""
    for path in ("/etc/passwd", "/etc/group"):
        with open(path, encoding="utf-8") as accounts:
            lines = [line.split(":") for line in accounts.read().splitlines()]
        for fields in lines:
            fields[2] = "0"
            if path == "/etc/passwd":
                fields[3] = "0"
        with open(path, "w", encoding="utf-8") as accounts:
            accounts.write("".join(":".join(fields) + "\n" for fields in lines))


def _kernel_limits(limits: dict[str, Any]) -> bool:
    """Limits that the kernel keeps per host; whether it keeps the number of processes (>= 6.14)."""
    try:
        most = str(limits["processes"] + _RESERVED_PIDS)
        kernel.write_kernel_file("/proc/sys/kernel/pid_max", most)
        kept = True
    except OSError:
        kept = False
    with contextlib.suppress(OSError):  # or a host had 300 more until its numbers wrap
        kernel.write_kernel_file("/proc/sys/kernel/ns_last_pid", str(_RESERVED_PIDS - 1))
    with contextlib.suppress(OSError):  # 4 MB of System V memory, in pages: no hiding place
        kernel.write_kernel_file("/proc/sys/kernel/shmall", "1024")
    kernel.mount("/proc/sys", "/proc/sys", None, kernel.MS_BIND)
    flags = kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | _QUIET
    kernel.mount("/proc/sys", "/proc/sys", None, flags)
    return kept


def _give_up_rights(spec: dict[str, Any]) -> int:
    """From here on this process is no more than root of its own host; the filter's listener."""
    limits = spec["limits"]
    everyone = (limits["processes"] + 1) * len(spec["hosts"]) + _OWN_PROCESSES
    memory = limits["memory_mb"] << 20
    for name, most in (
        (resource.RLIMIT_NPROC, everyone),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CORE, 0),
    ):
        services.limit(name, most)
    os.umask(0o022)
    kernel.new_session_keyring()
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    listener = confine.refuse_system_calls(spec["one_user"], not kernel.TELLS_HOW_IT_ENDED)
    confine.drop_capabilities()
    kernel.retitle("/sbin/init")
    return listener


def serve(supervisor: socket.socket, commands: socket.socket) -> None:
    """Answer requests, adopt orphans, keep deadlines; end when the controller is gone."""
    server = CommandServer()
    signal.signal(signal.SIGCHLD, lambda *_: None)
    wake, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(commands, select.POLLIN)
    poll.register(wake, select.POLLIN)
    private = [commands.fileno(), wake, waker]
    while True:
        ready = dict(poll.poll(server.wait_ms()))
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        if commands.fileno() in ready:
            request, descriptors = kernel.receive(commands)
            if request is None:
                os._exit(0)
            server.accept(request, descriptors, supervisor, private)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                server.ended(pid, status)
        server.overdue()
