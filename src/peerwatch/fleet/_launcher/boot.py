"""First process of a rollout: leaves the controller's namespaces, maps users, starts pid 1.

Takes a specification (a memory file) and sockets; gives nothing but exit. The base is
opened while this process still has its outer identity but already its own mount namespace: the
cache may lie below a home folder that nobody else may enter, and a directory opened in the outer
namespace could not be bound in the inner one.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import signal
import socket
from typing import Any

from . import kernel
from .supervisor import Supervisor

_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def main(descriptors: list[int]) -> None:
    """Run a rollout's hosts until the controller is gone.

    Args:
        descriptors: the specification (a memory file), the control socket, and those that the
            specification names by their place in this list.
    """
    with os.fdopen(descriptors[0], "rb") as text:
        spec = json.loads(text.read())
    control = socket.socket(fileno=descriptors[1])
    for host in spec["hosts"]:
        host["commands"] = descriptors[host["commands"]]
        host["blobs"] = [descriptors[place] for place in host["blobs"]]
        for row in host["files"]:
            if "blob" in row:
                row["blob"] = descriptors[row["blob"]]
    commands = [socket.socket(fileno=host["commands"]) for host in spec["hosts"]]
    contents = descriptors[2 + len(commands) :]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # hosts get less, see host.run
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if spec["group"]:
        try:  # before the namespaces, so that hosts see no path of it
            kernel.write_kernel_file(f"{spec['group']}/cgroup.procs", "0")
        except OSError:
            spec["group"] = None
    with contextlib.suppress(OSError):  # short of memory, the machine ends a host first
        kernel.write_kernel_file("/proc/self/oom_score_adj", "500")
    try:
        base = leave(spec["map"], spec["base"])
        pid = os.fork()
    except BaseException as error:
        _report(control, error)
        return
    if pid == 0:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        supervisor = Supervisor(spec, control, commands, contents)
        try:
            supervisor.start(base)
        except BaseException as error:
            _report(control, error)
            os._exit(70)
        try:
            supervisor.serve()
        finally:
            os._exit(70)
    for one in [control, *commands]:
        one.close()
    for descriptor in contents:
        os.close(descriptor)
    os.waitpid(pid, 0)


def leave(mapping: dict[str, Any], base: str) -> int:
    """Enter new namespaces of every kind as their root; an open descriptor of `base`.

    Raises:
        StepFailed, OSError: with the step that this machine refuses.
    """
    enter_user_namespace(mapping)
    kernel.unshare(
        kernel.CLONE_NEWNS
        | kernel.CLONE_NEWNET
        | kernel.CLONE_NEWIPC
        | kernel.CLONE_NEWUTS
        | kernel.CLONE_NEWCGROUP
        | kernel.CLONE_NEWPID,
        "namespaces of the rollout",
    )
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    descriptor = os.open(base, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    become_root(mapping)
    return descriptor


def enter_user_namespace(mapping: dict[str, Any]) -> None:
    """A new user namespace with its ids mapped; the outer identity stays until `become_root`.

    A child that stays outside writes the maps: a process may not map more than itself from
    within. The id 0 of this machine and the person's own id are never mapped where a range is.
    """
    go, going = os.pipe2(os.O_CLOEXEC)
    told, tell = os.pipe2(os.O_CLOEXEC)
    target = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(going)
        try:
            if os.read(go, 1):  # nothing comes where the namespace was refused
                _write_maps(target, mapping)
                os.write(tell, b"{}")
        except BaseException as error:
            message = {"error": str(error), "errno": getattr(error, "errno", None) or 5}
            os.write(tell, json.dumps(message).encode())
        finally:
            os._exit(0)
    try:
        kernel.unshare(kernel.CLONE_NEWUSER, "user namespace")
        os.write(going, b"1")
        answer = json.loads(os.read(told, 65536))
    finally:
        for descriptor in (go, going, told, tell):
            os.close(descriptor)
        os.waitpid(helper, 0)
    if "error" in answer:
        raise kernel.StepFailed(f"map users ({answer['error']})", int(answer["errno"]))


def become_root(mapping: dict[str, Any]) -> None:
    """Take the identity of root of the new user namespace."""
    if mapping["kind"] != "single":
        os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    # A change of identity makes a process undumpable; pid 1 must read /proc/<child>/ns.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)


def _write_maps(pid: int, mapping: dict[str, Any]) -> None:
    if mapping["kind"] == "single":
        kernel.write_kernel_file(f"/proc/{pid}/setgroups", "deny")
        kernel.write_kernel_file(f"/proc/{pid}/uid_map", f"0 {mapping['uid']} 1")
        kernel.write_kernel_file(f"/proc/{pid}/gid_map", f"0 {mapping['gid']} 1")
        return
    if mapping["kind"] == "root":
        for kind in ("uid", "gid"):
            line = f"0 {mapping[kind]} {mapping['count']}"
            kernel.write_kernel_file(f"/proc/{pid}/{kind}_map", line)
        return
    for kind in ("uid", "gid"):
        first, count = mapping[kind], mapping["count"]
        _run([f"new{kind}map", str(pid), "0", str(first), str(count)])


def _run(argv: list[str]) -> None:
    """Run a program of this machine to its end. (`subprocess` would lie in every process's memory.)

    Raises:
        StepFailed: it failed; with what it said.
        OSError: it is not there.
    """
    paths = [f"{folder}/{argv[0]}" for folder in _FOLDERS]
    path = next((one for one in paths if os.access(one, os.X_OK)), None)
    if path is None:  # never one that lies in the folder where we happen to be
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), argv[0])
    told, tell = os.pipe2(os.O_CLOEXEC)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, tell, target) for target in (1, 2)]
        child = os.posix_spawn(
            path, argv, {"PATH": ":".join(_FOLDERS)}, file_actions=actions
        )
    finally:
        os.close(tell)
    with os.fdopen(told, encoding="utf-8", errors="replace") as said:
        text = said.read().strip()
    if os.waitpid(child, 0)[1]:
        raise kernel.StepFailed(f"{argv[0]}: {text}", 1)


def _report(control: socket.socket, error: BaseException) -> None:
    message = {"error": str(error) or repr(error), "errno": getattr(error, "errno", None) or 5}
    with contextlib.suppress(OSError):
        kernel.send(control, message, [])
