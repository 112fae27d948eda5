"""One rollout's running hosts: commands, snapshots, open files, the end.

Takes a `FleetConfig`; gives a `Fleet`. The hosts run in a process of their own that has an empty
environment and the descriptors named here, nothing else; they live exactly as long as the sockets
held here are open, so that a controller that dies in any way takes them along.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import resource
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from peerwatch.errors import EnvironmentProblem, InfrastructureFault

from . import _forking, _staging, base, cache, cgroups, ids
from ._forking import Process
from ._reading import Reader, Stream, line
from ._streams import Outcome, converse
from .config import FleetConfig
from .hosts import CommandResult
from .ledger import Ledger
from .snapshot import Snapshot

_START_S = 60  # a start takes a tenth of a second; a machine in trouble gets some patience
_ANSWER_S = 600
_MOST_FILES = 65_536
_OVERTIME_S = 6.0  # monitor: 2.3 s to end a tree, pid 1 of the host: 3 s, then we give up


class Fleet:
    """Running hosts. Made by `start`; call `stop` when done."""

    observer = "fleet"
    """Who reads the hosts, as it stands in recordings."""

    def __init__(
        self,
        config: FleetConfig,
        started_at: int,
        launcher: Process,
        control: socket.socket,
        commands: Mapping[str, socket.socket],
        staged: _staging.Staged,
        group: cgroups.Group | None,
    ) -> None:
        self.config = config
        self.started_at = started_at
        """Unix seconds from which every offset of the configuration counts."""
        self.hosts: tuple[str, ...] = tuple(host.name for host in config.hosts)
        self.pid_limit_kept = False
        """Whether the kernel itself keeps the number of processes per host (Linux 6.14)."""
        self.group_kept = False
        """Whether a control group keeps memory and processes of the rollout."""
        self._launcher = launcher
        self._control = control
        self._commands = commands
        self._group = group
        self._reader = Reader(self.hosts, staged, self._exchange)
        self._leftovers: list[int] = []
        self._stopped = False

    @property
    def base(self) -> str:
        """Hash of the packages that the hosts' base holds; '' where nobody knows."""
        return base.built_identity() or ""

    async def run(
        self,
        host: str,
        argv: Sequence[str],
        *,
        stdin: bytes | str | None = None,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  (ends a process tree, not a task)
        output_bytes: int | None = None,
        label: str | None = None,
    ) -> CommandResult:
        """Run a command on a host and wait for its end.

        When the time is over the command ends with everything that it started. A process that it
        left in the background when it ended by itself lives on.

        Args:
            host: its name.
            argv: program and arguments; the program is looked up in the host's PATH.
            stdin: given to it; none is an empty input.
            cwd: where it starts, beneath the user's home folder if relative.
            env: added to a plain login environment.
            user: name or number; root without.
            timeout: seconds; `limits.command_s` without.
            output_bytes: kept of each stream; `limits.output_bytes` without.
            label: what the ledger calls this command and all that it starts; at most 1,000
                characters.

        Raises:
            InfrastructureFault: the host is not running.
        """
        seconds = self.config.limits.command_s if timeout is None else timeout
        request = {
            "argv": list(argv),
            "cwd": cwd,
            "env": dict(env or {}),
            "user": user,
        }
        began = time.monotonic()
        outcome = await converse(
            self.channel(host),
            request,
            stdin.encode() if isinstance(stdin, str) else stdin or b"",
            output_bytes or self.config.limits.output_bytes,
            seconds,
            _OVERTIME_S,
            label,
        )
        self._keep(outcome)
        status = outcome.status
        if status is None:
            status = {"returncode": 124, "timed_out": True}
        elif not status:
            raise InfrastructureFault(f"host {host} ended while a command was running")
        stderr = outcome.stderr
        if status.get("user_unknown"):
            stderr += f"no such user: {status['user_unknown']}\n".encode()
        if status.get("exec_error"):
            stderr += f"{argv[0]}: {status['exec_error']}\n".encode()
        if status.get("no_process"):
            stderr += f"fork: {status['no_process']}\n".encode()
        code = int(status["returncode"])
        if status.get("exec_errno") not in (None, 2):
            code = 126
        return CommandResult(
            returncode=code,
            stdout=outcome.stdout,
            stderr=stderr,
            timed_out=bool(status.get("timed_out")),
            left_out=outcome.left_out,
            exec_errno=status.get("exec_errno"),
            unknown_user=bool(status.get("user_unknown")),
            no_process=bool(status.get("no_process")),
            seconds=time.monotonic() - began,
        )

    async def snapshot(self, *, rehash: bool = False) -> Snapshot:
        """Read every host from outside.

        Args:
            rehash: hash every regular file of volumes and upper layers again. Without it, those
                whose inode, size or dates moved since the last snapshot, and always those that
                someone holds open or mapped for writing.

        Raises:
            InfrastructureFault: the hosts are not running.
        """
        return await anyio.to_thread.run_sync(partial(self._reader.snapshot, rehash=rehash))

    async def ledger(self) -> Ledger:
        """Every program that was started on a host since the hosts are up, and their services.

        Raises:
            InfrastructureFault: the hosts are not running.
        """
        return await anyio.to_thread.run_sync(self._ledger)

    def _ledger(self) -> Ledger:
        with self._exchange({"ask": "ledger"}) as stream:
            return Ledger.read(line(stream))

    async def open(self, host: str, path: str) -> int:
        """A read-only descriptor of a regular file, looked up from outside; no link is followed.

        Raises:
            OSError: no such file, a link on the way, or no regular file.
        """
        return await self._open({"ask": "open", "host": host, "path": path})

    async def open_held(self, host: str, pid: int, fd: int, inode: int = 0) -> int:
        """A read-only descriptor of a file that a process of a host holds open.

        Args:
            host: its name.
            pid: of the process, as the host numbers it.
            fd: its descriptor; -1 for what only a mapping holds, of which a copy is made.
            inode: of the file that is mapped; 0 for all of its memory that no file is behind, of
                which at most 64 MiB are copied.

        Raises:
            OSError: the process, its descriptor or its mapping is gone, or is no regular file.
        """
        request = {"ask": "open_held", "host": host, "pid": pid, "fd": fd, "inode": inode}
        return await self._open(request)

    async def killed(self) -> tuple[tuple[float, int], ...]:
        """(unix seconds, bytes) of each process that was ended for the rollout's memory limit."""
        answer, _ = await anyio.to_thread.run_sync(self._question, {"ask": "killed"})
        return tuple((one["at"], one["bytes"]) for one in answer["killed"])

    async def stop(self) -> None:
        """End every process of the hosts and drop everything that they held."""
        if self._stopped:
            return
        self._stopped = True
        for one in (self._control, *self._commands.values()):
            one.close()
        for descriptor in self._leftovers:
            os.close(descriptor)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(partial(_wait_for_end, self._launcher, self._group))

    def channel(self, host: str) -> socket.socket:
        """The command socket of a host; for `peerwatch.fleet.terminal`."""
        if self._stopped or self._launcher.ended():
            raise InfrastructureFault(f"host {host} is not running")
        try:
            return self._commands[host]
        except KeyError:
            known = ", ".join(self.hosts)
            raise InfrastructureFault(f"no host {host!r} (there are: {known})") from None

    def _keep(self, outcome: Outcome) -> None:
        """Hold the reading ends that a background process still writes to.

        Closing them would end it at its next line. Each takes 1 MiB, then its writer waits.
        """
        self._leftovers.extend(outcome.leftovers)
        while len(self._leftovers) > 64:
            os.close(self._leftovers.pop(0))

    def _ask(self, request: dict[str, Any], kind: socket.SocketKind) -> socket.socket:
        """Send the supervisor a request; the socket on which it answers."""
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        except OSError as error:  # no descriptor left, say
            raise InfrastructureFault(f"cannot ask the hosts ({error.strerror})") from error
        try:
            with theirs:
                rights = array.array("i", [theirs.fileno()])
                self._control.sendmsg(
                    [json.dumps(request).encode()],
                    [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)],
                )
        except OSError as error:
            ours.close()
            raise InfrastructureFault(f"the hosts are not running ({error.strerror})") from error
        ours.settimeout(_ANSWER_S)
        return ours

    @contextlib.contextmanager
    def _exchange(self, request: dict[str, Any]) -> Iterator[Stream]:
        with self._ask(request, socket.SOCK_STREAM) as channel:
            try:
                with channel.makefile("rw", encoding="ascii", newline="\n") as stream:
                    yield stream
            except OSError as error:
                raise _no_answer(error) from error

    def _question(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        with self._ask(request, socket.SOCK_SEQPACKET) as channel:
            try:
                answer, descriptors = _receive(channel)
            except OSError as error:  # an OSError of ours would be read as one of the file
                raise _no_answer(error) from error
        if "fault" in answer:
            raise InfrastructureFault(f"the hosts gave no answer ({answer['fault']})")
        return answer, descriptors

    async def _open(self, request: dict[str, Any]) -> int:
        answer, descriptors = await anyio.to_thread.run_sync(self._question, request)
        if "error" in answer:
            raise OSError(answer["errno"], answer["error"], request.get("path"))
        return descriptors[0]


def _no_answer(error: OSError) -> InfrastructureFault:
    return InfrastructureFault(f"the hosts gave no answer ({error.strerror or error})")


def _receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    text, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 8)
    if not text:
        raise InfrastructureFault("the hosts ended without an answer")
    return json.loads(text), list(descriptors)


def _wait_for_end(launcher: Process, group: cgroups.Group | None) -> None:
    if not launcher.ended(10):
        launcher.kill()
        launcher.ended(10)
    launcher.close()
    if group:
        group.remove()


async def start(config: FleetConfig) -> Fleet:
    """Start the hosts of one rollout; they answer ssh when this returns.

    Raises:
        EnvironmentProblem: the base is missing or this machine refuses a step; says what to do.
        InfrastructureFault: the hosts could not be started this time.
    """
    mapping = ids.mapping()
    await anyio.to_thread.run_sync(cache.hold)
    tree = base.tree(mapping)
    if tree is None:
        raise EnvironmentProblem(base.MISSING)
    async with _turn_to_start():
        with anyio.CancelScope(shield=True):  # a start that is given up must still be ended
            fleet = await anyio.to_thread.run_sync(partial(_start, config, mapping, tree))
    try:
        await anyio.lowlevel.checkpoint_if_cancelled()
    except BaseException:
        await fleet.stop()
        raise
    return fleet


_turns: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("turns to start")


def _turn_to_start() -> anyio.CapacityLimiter:
    """Lets as many rollouts start at once as there are processors.

    All together would be ready at one moment, and from then on compute together and wait for their
    models together, with idle processors meanwhile.
    """
    try:
        return _turns.get()
    except LookupError:
        _turns.set(turns := anyio.CapacityLimiter(os.cpu_count() or 1))
        return turns


def _start(config: FleetConfig, mapping: ids.IdMapping, tree: Path) -> Fleet:
    started_at = int(time.time())
    _allow_descriptors()
    control, far_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    commands: dict[str, socket.socket] = {}
    far: list[socket.socket] = [far_control]
    opened: list[int] = []
    group = cgroups.make(config)
    try:
        for host in config.hosts:
            commands[host.name], theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            far.append(theirs)
        staged = _staging.stage(config, started_at, opened, _staging.own_addresses(config))
        spec = _staging.specification(config, staged, mapping, tree)
        spec["group"] = str(group.folder) if group else None
        memory = os.memfd_create("hosts", os.MFD_CLOEXEC)
        opened.append(memory)
        with os.fdopen(os.dup(memory), "wb") as file:
            file.write(json.dumps(spec).encode())
        os.lseek(memory, 0, os.SEEK_SET)
        others = [*(one.fileno() for one in far[1:]), *staged.blobs.values()]
        launcher = _forking.launch(memory, far_control.fileno(), others)
    except BaseException:
        for one in (control, *commands.values()):
            one.close()
        if group:
            group.remove()
        raise
    finally:
        for one in far:
            one.close()
        for descriptor in opened:
            os.close(descriptor)
    fleet = Fleet(config, started_at, launcher, control, commands, staged, group)
    try:
        control.settimeout(_START_S)
        text = control.recv(1 << 16)
        control.settimeout(None)
    except OSError as error:
        _abandon(fleet)
        raise InfrastructureFault(f"hosts did not start within {_START_S} s") from error
    answer = json.loads(text) if text else {"error": "they ended without a word"}
    if "error" in answer:
        _abandon(fleet)
        raise InfrastructureFault(
            f"hosts did not start: {answer['error']} (`peerwatch fleet check` may say why)"
        )
    fleet.pid_limit_kept = bool(answer["pid_limit"])
    fleet.group_kept = bool(answer["group"])
    fleet._reader.filled_ns = int(answer["filled_ns"])
    return fleet


def _allow_descriptors() -> None:
    """Raise this process's limit of open files as far as it may.

    Each rollout takes some. And where hosts run under the person's own id, the kernel counts the
    descriptors that hosts have under way through sockets together with ours: hosts may have 1,024
    of them, and whoever has a higher limit is not held up by that.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < min(hard, _MOST_FILES):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _MOST_FILES), hard))


def _abandon(fleet: Fleet) -> None:
    fleet._stopped = True
    for one in (fleet._control, *fleet._commands.values()):
        one.close()
    _wait_for_end(fleet._launcher, fleet._group)
