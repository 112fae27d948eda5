"""Pid 1 of a rollout: owns the bridge, the disks and the hosts, and answers for them.

Takes the specification and the controller's socket; gives `ready`, then one answer per request
(snapshot, ledger, open a file, open a held file). Hosts cannot see it. When the controller's socket
closes, for whatever reason, it exits, and the kernel then ends every process and drops every
mount, link and file of the rollout.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from . import content, host, kernel, memory, netlink, walker
from .deputy import Deputy
from .ledger import Ledger
from .lineage import Host
from .place import Place, open_asked

_CALM, _BUSY = 0.25, 0.05  # seconds between looks at the memory in use
_ANSWER_CPU = 300  # seconds; a hostile tree can only cost its own child this much


class Supervisor:
    """One rollout's hosts, from their first mount to their end."""

    def __init__(
        self,
        spec: dict[str, Any],
        control: socket.socket,
        commands: list[socket.socket],
        contents: list[int],
    ) -> None:
        self.spec = spec
        self.control = control
        self.commands = commands
        self.contents = contents
        """What files were filled with, to compare them with later."""
        self.places: list[Place] = []
        self.ours = {os.getpid()}
        """Own processes, which the memory guard leaves alone."""
        self.ledger = Ledger()
        self.guard = memory.Guard(int(spec["limits"]["memory_mb"]) << 20, self.ours)

    def start(self, base: int) -> None:
        """Mount, connect and start every host, then tell the controller.

        Args:
            base: an O_PATH descriptor of the base, opened inside this mount namespace.
        """
        kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV,  # noqa: S108
                     "size=1m,nr_inodes=1024,mode=755")  # fmt: skip
        os.chdir("/tmp")  # noqa: S108
        kernel.write_kernel_file("/proc/sys/user/max_user_namespaces", "0")
        os.mkdir("base")
        kernel.mount(f"/proc/self/fd/{base}", "base", None, kernel.MS_BIND)
        kernel.mount("proc", "/proc", "proc")
        os.close(base)
        link = netlink.Netlink()
        link.up("lo")
        bridge = link.bridge("br0")
        channels = [self._fork_host(index) for index in range(len(self.spec["hosts"]))]
        for index, (_, channel) in enumerate(channels):
            waiting, descriptors = self._hear(channel)
            self.spec["hosts"][index]["namespace"] = waiting["namespace"]
            link.cable(f"v{index}", bridge, "eth0", descriptors[0])
            os.close(descriptors[0])
            channel.send(b"{}")
        link.close()
        for command in self.commands:
            command.close()
        for index, (pid, channel) in enumerate(channels):
            _, descriptors = self._hear(channel)
            one = self.spec["hosts"][index]
            services = list(one["services"])
            self.ledger.listen(Host(one["name"], pid, channel, descriptors[0], services))
        kept, filled_ns = True, 0
        for index, (pid, channel) in enumerate(channels):
            answer, descriptors = self._hear(channel)
            kept = kept and bool(answer["pid_limit"])
            filled_ns = max(filled_ns, answer["filled_ns"])
            self.places.append(self._place(index, pid, descriptors))
        fillings = content.Fillings(self.contents)
        needed = {one for place in self.places for one in place.descriptors()}
        self.reader = Deputy(
            lambda stream: walker.answer(self.places, fillings, stream),
            self.ours,
            needed | set(self.contents),
        )
        self.ledger.settle()
        self.ours.update(place.pid for place in self.places)
        self.guard.services = set(memory.processes()) - self.ours
        group = self.spec["group"] is not None
        ready = {"ready": True, "pid_limit": kept, "group": group, "filled_ns": filled_ns}
        kernel.send(self.control, ready, [])

    def _hear(self, channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
        """The next message of a starting host; ends everything if the controller goes meanwhile."""
        poll = select.poll()
        poll.register(channel, select.POLLIN)
        poll.register(self.control, select.POLLHUP)
        poll.register(self.ledger, select.POLLIN)
        while channel.fileno() not in (ready := dict(poll.poll())):
            if self.control.fileno() in ready:
                os._exit(0)
            self.ledger.serve()
        message, descriptors = kernel.receive(channel)
        if message is None:
            raise kernel.StepFailed("a host ended while starting", 5)
        if "error" in message:
            raise kernel.StepFailed(str(message["error"]), int(message["errno"]))
        return message, descriptors

    def _fork_host(self, index: int) -> tuple[int, socket.socket]:
        """Start pid 1 of a host in a process namespace of its own; it waits for its cable."""
        one = self.spec["hosts"][index]
        folder = f"h{index}"
        os.mkdir(folder)
        size = f"size={self.spec['limits']['disk_mb']}m,nr_inodes=100000,mode=755"
        kernel.mount("tmpfs", folder, "tmpfs", kernel.MS_NODEV, size)
        for part in ("upper", "work", "root"):
            os.mkdir(f"{folder}/{part}")
        layers = f"lowerdir=base,upperdir={folder}/upper,workdir={folder}/work,userxattr"
        kernel.mount(one["disk"], f"{folder}/root", "overlay", kernel.MS_NODEV, layers)
        one["root"] = f"{folder}/root"
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        here = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        kernel.unshare(kernel.CLONE_NEWPID, f"process namespace of {one['name']}")
        pid = os.fork()
        if pid == 0:
            self._child(index, theirs)
        kernel.setns(here, kernel.CLONE_NEWPID, "return to the supervisor's process namespace")
        os.close(here)
        theirs.close()
        return pid, ours

    def _child(self, index: int, channel: socket.socket) -> None:
        try:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            mine = self.spec["hosts"][index]["blobs"]
            kept = {channel.fileno(), self.commands[index].fileno(), *mine}
            # Among the others: the controller's socket, other hosts' and their contents, the
            # rollout's network and process namespaces. Their owners live as long as this process.
            kernel.keep_descriptors(kept)
            kernel.unshare(
                kernel.CLONE_NEWNS
                | kernel.CLONE_NEWNET
                | kernel.CLONE_NEWUTS
                | kernel.CLONE_NEWIPC
                | kernel.CLONE_NEWCGROUP,
                "namespaces of a host",
            )
            network = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            # Told now: once it is undumpable, nobody may read this link, not even the supervisor.
            kernel.send(channel, {"namespace": os.readlink("/proc/self/ns/pid")}, [network])
            os.close(network)
            if not channel.recv(16):
                os._exit(1)
            host.run(self.spec, self.spec["hosts"][index], channel, self.commands[index])
        except BaseException as error:
            name = self.spec["hosts"][index]["name"]
            message = {"error": f"{name}: {error}", "errno": getattr(error, "errno", None) or 5}
            with contextlib.suppress(OSError):
                kernel.send(channel, message, [])
        finally:
            os._exit(70)

    def _place(self, index: int, pid: int, descriptors: list[int]) -> Place:
        one = self.spec["hosts"][index]
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        root, shm, *volumes = descriptors
        mounts = [volume["mount"] for volume in one["volumes"]]
        return Place(
            name=one["name"],
            pid=pid,
            namespace=one["namespace"],
            base=os.open("base", flags),
            upper=os.open(f"h{index}/upper", flags),
            root=root,
            volumes={"/dev/shm": shm, **dict(zip(mounts, volumes, strict=True))},  # noqa: S108
        )

    def serve(self) -> None:
        """Answer the controller and watch the memory until the controller is gone."""
        kernel.retitle("init")
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.ledger, select.POLLIN)
        pause = _CALM
        next_look = time.monotonic() + pause
        while True:
            ready = dict(poll.poll(max(0.0, next_look - time.monotonic()) * 1000))
            if self.ledger.fileno() in ready:
                self.ledger.serve()
            if time.monotonic() >= next_look:
                pause = _CALM if self.guard.look() < 0.5 else _BUSY
                next_look = time.monotonic() + pause
            if self.control.fileno() in ready:
                request, descriptors = kernel.receive(self.control)
                if request is None:
                    os._exit(0)
                self._answer(request, descriptors)
            with contextlib.suppress(ChildProcessError):
                while pid := os.waitpid(-1, os.WNOHANG)[0]:
                    self.ours.discard(pid)

    def _answer(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """One answer. Nothing that goes wrong in it may end the hosts."""
        with socket.socket(fileno=descriptors[0]) as reply:
            try:
                if request["ask"] == "snapshot":
                    self.reader.pass_on(reply)
                elif request["ask"] == "ledger":
                    self._in_child(reply, self.ledger.answer)
                elif request["ask"] == "killed":
                    kernel.send(reply, {"killed": self.guard.killed}, [])
                else:
                    self._open(request, reply)
            except Exception as error:
                with contextlib.suppress(OSError):
                    kernel.send(reply, {"fault": str(error) or repr(error)}, [])

    def _open(self, request: dict[str, Any], reply: socket.socket) -> None:
        """The descriptor that is asked for, or why the file is not to be had."""
        place = next(one for one in self.places if one.name == request["host"])
        try:
            opened = open_asked(place, request)
        except OSError as error:
            kernel.send(reply, {"error": error.strerror, "errno": error.errno}, [])
            return
        kernel.send(reply, {"opened": True}, [opened])
        os.close(opened)

    def _in_child(self, reply: socket.socket, answer: Callable[[Any], None]) -> None:
        """Answer in a child: a hostile tree or a slow reader can only hold up the child."""
        pid = os.fork()
        if pid:
            self.ours.add(pid)
            return
        try:
            self.control.close()
            resource.setrlimit(resource.RLIMIT_CPU, (_ANSWER_CPU, _ANSWER_CPU))
            answer(reply.makefile("rw", encoding="ascii", newline="\n"))
        finally:
            os._exit(0)
