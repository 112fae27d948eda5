"""Tries the steps of a start one by one and says which of them this machine allows.

Takes a mapping; gives one JSON line per step: its name, whether it went, the error. Nothing stays:
the steps happen in a child's own namespaces. A step that fails ends the trial, as those after it
would fail for the same reason.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from . import boot, confine, kernel, netlink


def main(arguments: list[str]) -> None:
    """Try everything with one mapping (JSON)."""
    mapping = json.loads(arguments[0])
    if not _step("user namespace", lambda: boot.enter_user_namespace(mapping)):
        return
    everything = (
        kernel.CLONE_NEWNS
        | kernel.CLONE_NEWNET
        | kernel.CLONE_NEWIPC
        | kernel.CLONE_NEWUTS
        | kernel.CLONE_NEWCGROUP
        | kernel.CLONE_NEWPID
    )
    if not _step("other namespaces", lambda: kernel.unshare(everything, "unshare")):
        return
    boot.become_root(mapping)
    pid = os.fork()
    if pid == 0:
        try:
            _inside()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(pid, 0)


def _inside() -> None:
    """As pid 1 of the new namespaces."""
    private = kernel.MS_REC | kernel.MS_PRIVATE
    steps: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("private mounts", lambda: kernel.mount(None, "/", None, private)),
        ("tmpfs", lambda: kernel.mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m")),  # noqa: S108
        ("/proc", lambda: kernel.mount("proc", "/proc", "proc")),
        ("overlay", _overlay),
        ("tmpfs attributes", lambda: os.setxattr("/tmp/upper/x", "user.overlay.opaque", b"y")),  # noqa: S108
        ("bridge and veth", _network),
        ("process limit per host", _pid_limit),
        ("seccomp", lambda: confine.refuse_system_calls(one_user=False, exits=False)),
    )
    for name, attempt in steps:
        if not _step(name, attempt) and name != "process limit per host":
            return


def _step(name: str, attempt: Callable[[], Any]) -> bool:
    error = None
    try:
        attempt()
    except OSError as refused:
        error = str(refused)
    print(json.dumps({"step": name, "ok": error is None, "error": error}), flush=True)  # noqa: T201
    return error is None


def _overlay() -> None:
    os.chdir("/tmp")  # noqa: S108
    for name in ("base", "upper", "work", "root"):
        os.mkdir(name)
    layers = "lowerdir=base,upperdir=upper,workdir=work,userxattr"
    kernel.mount("overlay", "root", "overlay", 0, layers)
    os.mkdir("root/x")


def _network() -> None:
    link = netlink.Netlink()
    bridge = link.bridge("br0")
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    link.cable("v0", bridge, "eth0", here)
    link.close()


def _pid_limit() -> None:
    kernel.write_kernel_file("/proc/sys/kernel/pid_max", "600")
