"""One rollout's hosts on a container engine: filled, then run, read and compared like a fleet's.

Takes the containers that Inspect started for a sample; gives `DockerHosts`, which meets the same
contract as `Fleet`. Commands go through the engine; state is read by an observer that trusts none
of the hosts' programs.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from peerwatch.errors import InfrastructureFault, last_words, ungrouped

from .. import _staging
from .._reading import Reader
from ..config import FleetConfig
from ..hosts import CommandResult
from ..snapshot import Snapshot
from . import commands, engine, filling, image
from .compose import NETWORK
from .observer import Observer

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
}
_HOME = "/root"
_PAUSES_S = (0.0, 0.1, 0.4, 1.5)  # the engine may record an end a moment after its client ended
_PROJECT, _SERVICE = "com.docker.compose.project", "com.docker.compose.service"
_KEY = "/root/.ssh/authorized_keys"  # a file of every host, by which its observer proves itself


@dataclass(frozen=True)
class Container:
    """A host as the engine knows it."""

    name: str
    image: str
    pid: int
    """Its first process, as the engine's machine numbers it."""
    address: str


class DockerHosts:
    """Running, filled hosts. Made by `attached`."""

    observer = "docker"
    """Who reads the hosts, as it stands in recordings."""

    def __init__(
        self,
        config: FleetConfig,
        started_at: int,
        containers: dict[str, Container],
        staged: _staging.Staged,
        observing: Observer,
        base: str,
    ) -> None:
        self.config = config
        self.started_at = started_at
        self.hosts: tuple[str, ...] = tuple(host.name for host in config.hosts)
        self.base = base
        self._containers = containers
        self._observing = observing
        self._reader = Reader(self.hosts, staged, observing.exchange)

    async def run(
        self,
        host: str,
        argv: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109  (ends a process tree, not a task)
        label: str | None = None,  # noqa: ARG002  (there is no ledger to write it into)
    ) -> CommandResult:
        """As `Fleet.run`, as root in root's home.

        Out of time ends every process that this command brought to the host: all that entered it
        or that its first process adopted since the command began.

        Raises:
            InfrastructureFault: the host is not running, or the engine did not run the command
                to its end.
        """
        limits = self.config.limits
        seconds = limits.command_s if timeout is None else timeout
        container = self._container(host)
        began = time.monotonic()
        now = await self._question({"ask": "now"})
        home = await self._question({"ask": "folder", "host": host, "path": _HOME})
        folder = _HOME if home["there"] else "/"  # as on a fleet, where a subject has removed it
        settings = [f"--env={name}={value}" for name, value in _ENVIRONMENT.items()]
        ended = await commands.execute(
            ["docker", "exec", "--workdir", folder, *settings, container.name, *argv],
            limits.output_bytes,
            seconds,
            partial(self._end, host, now["ticks"]),
        )
        took = time.monotonic() - began
        code, stdout, stderr, no_process = ended.returncode, ended.stdout, ended.stderr, False
        if code != 0:
            await self._require_life(f"host {host} ended while a command was running")
        if code != 0 and not ended.timed_out and not await self._recorded(host, code, now["clock"]):
            if code not in (126, 127):
                reason = last_words(stderr.decode(errors="replace"))
                raise InfrastructureFault(f"the engine's client failed on {host}: {reason}")
            # The command did not begin, and what is there is the engine's word, not output.
            stdout, stderr = b"", stdout + stderr
            code = 127 if b"not found" in stderr or b"no such file" in stderr else 126
            no_process = b"resource temporarily unavailable" in stderr
        return CommandResult(
            returncode=code, stdout=stdout, stderr=stderr, timed_out=ended.timed_out,
            left_out=ended.left_out, no_process=no_process, seconds=took,
        )  # fmt: skip

    async def snapshot(self, *, rehash: bool = False) -> Snapshot:
        """As `Fleet.snapshot`."""
        taken = await anyio.to_thread.run_sync(partial(self._reader.snapshot, rehash=rehash))
        await self._require_life("a host ended")
        return taken

    async def ledger(self) -> None:
        """None: an engine's filter of system calls has no listener of ours."""

    async def open(self, host: str, path: str) -> int:
        """As `Fleet.open`; the descriptor is of a copy, made now."""
        request = {"ask": "open", "host": host, "path": path}
        return await anyio.to_thread.run_sync(self._observing.fetch, request)

    async def open_held(self, host: str, pid: int, fd: int, inode: int = 0) -> int:
        """As `Fleet.open_held`; the descriptor is of a copy, made now."""
        request = {"ask": "open_held", "host": host, "pid": pid, "fd": fd, "inode": inode}
        return await anyio.to_thread.run_sync(self._observing.fetch, request)

    def _container(self, host: str) -> Container:
        try:
            return self._containers[host]
        except KeyError:
            known = ", ".join(self.hosts)
            raise InfrastructureFault(f"no host {host!r} (there are: {known})") from None

    async def _question(self, request: dict[str, Any]) -> dict[str, Any]:
        return await anyio.to_thread.run_sync(self._observing.question, request)

    async def _end(self, host: str, since: int) -> None:
        await self._question({"ask": "end", "host": host, "since": since})

    async def _recorded(self, host: str, code: int, since: float) -> bool:
        """Whether a command ended with this code, by the engine's own record since then.

        Nothing else tells: a command can print and return all that the engine's client does where
        it fails itself. Only we have commands run, and none on one host beside another.
        """
        for pause in _PAUSES_S:
            await anyio.sleep(pause)
            until = (await self._question({"ask": "now"}))["clock"]
            told = await anyio.to_thread.run_sync(
                engine.ask, "events", f"--since={since:.6f}", f"--until={until:.6f}",
                f"--filter=container={self._container(host).name}", "--filter=event=exec_die",
                "--format={{.Actor.Attributes.exitCode}}",
            )  # fmt: skip
            if str(code) in told.split():
                return True
        return False

    async def _require_life(self, problem: str) -> None:
        gone = (await self._question({"ask": "lives"}))["gone"]
        if gone:
            raise InfrastructureFault(f"{problem} ({', '.join(gone)} is gone)")

    async def _prove(self, staged: _staging.Staged) -> None:
        """Make sure that the observer sees the very hosts that were filled.

        Raises:
            InfrastructureFault: it does not, as where an engine runs containers in machines.
        """
        for host in self.hosts:
            wanted = next(row["content"] for row in staged.files[host] if row["path"] == _KEY)
            try:
                descriptor = await self.open(host, _KEY)
            except OSError as error:
                raise InfrastructureFault(f"the observer cannot read {host}: {error}") from error
            with os.fdopen(descriptor, "rb") as file:
                file.seek(0)
                if file.read().decode() != wanted:
                    raise InfrastructureFault(f"the observer sees another host than {host}")


@contextlib.asynccontextmanager
async def attached(config: FleetConfig, container: str) -> AsyncIterator[DockerHosts]:
    """Fill the containers of a sample and observe them until the end of the block.

    Args:
        config: the hosts; the same that the compose configuration was made of.
        container: name of any one of the sample's containers.

    Raises:
        InfrastructureFault: a container is gone, or the engine refused a step.
    """
    containers, base = await anyio.to_thread.run_sync(_containers, config, container)
    started_at = int(time.time())
    opened: list[int] = []
    observing: list[Observer] = []
    filled: list[int] = []
    try:
        addresses = {name: one.address for name, one in containers.items()}
        staged = _staging.stage(config, started_at, opened, addresses)

        def observe() -> None:
            one = next(iter(containers.values()))
            observing.append(
                Observer(one.image, {name: each.pid for name, each in containers.items()}))

        def fill(number: int) -> None:
            host = config.hosts[number]
            filled.append(
                filling.fill(containers[host.name].name, host, staged))

        with ungrouped():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.to_thread.run_sync, observe)
                for number in range(len(config.hosts)):
                    tasks.start_soon(anyio.to_thread.run_sync, fill, number)
        hosts = DockerHosts(config, started_at, containers, staged, observing[0], base)
        hosts._reader.filled_ns = max(filled)
        await hosts._prove(staged)
        yield hosts
    finally:
        for descriptor in opened:
            os.close(descriptor)
        with anyio.CancelScope(shield=True):
            for one in observing:
                await anyio.to_thread.run_sync(one.stop)


def _containers(config: FleetConfig, container: str) -> tuple[dict[str, Container], str]:
    """Every host's container, and the identity of the base that their image holds."""
    project = engine.inspect(container)[0]["Config"]["Labels"][_PROJECT]
    names = engine.ask("ps", "--quiet", f"--filter=label={_PROJECT}={project}").split()
    found: dict[str, Container] = {}
    for one in engine.inspect(*names):
        network = one["NetworkSettings"]["Networks"][f"{project}_{NETWORK}"]
        found[one["Config"]["Labels"][_SERVICE]] = Container(
            name=one["Name"].lstrip("/"), image=one["Image"], pid=one["State"]["Pid"],
            address=network["IPAddress"],
        )  # fmt: skip
    missing = [host.name for host in config.hosts if host.name not in found]
    if missing:
        raise InfrastructureFault(f"{', '.join(missing)}: no such container is running")
    labels = engine.inspect(next(iter(found.values())).image)[0]["Config"]["Labels"] or {}
    return {host.name: found[host.name] for host in config.hosts}, labels.get(image.LABEL, "")
