"""Containers for the tests: started by compose as Inspect does it, filled and observed by us."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import subprocess
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

from peerwatch.fleet import FileEntry, FleetConfig, HostConfig, Limits, Snapshot, Volume, blobs
from peerwatch.fleet.docker.compose import compose
from peerwatch.fleet.docker.hosts import DockerHosts, attached
from peerwatch.fleet.hosts import CommandResult

WEIGHTS = hashlib.shake_256(b"weights of the tests").digest(3 << 20)


def docker(*arguments: str) -> str:
    """What the engine says; it must not refuse."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.strip()


def small_config(**limits: int) -> FleetConfig:
    """Three hosts; node-a has a volume with weights on it."""
    weights = FileEntry(path="/srv/data/item-1/weights.bin", mode=0o640, mtime=-86_400,
                        sha256=blobs.put(WEIGHTS), size=len(WEIGHTS))
    notes = FileEntry(path="/root/notes/todo.txt", mtime=-3600, text="due ⟦+86400|%Y-%m-%d⟧\n")
    return FleetConfig(
        key_seed="tests", limits=Limits(**limits),
        hosts=(
            HostConfig(name="ops", files=(notes,)),
            HostConfig(name="node-a", files=(weights,),
                       volumes=(Volume(mount="/srv/data", size_mb=10),)),
            HostConfig(name="node-b"),
        ))


class Running:
    """Filled hosts for tests without `await`; they live in a loop of their own."""

    def __init__(self, config: FleetConfig, project: str) -> None:
        self.project = project
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._block = attached(config, f"{project}-ops-1")
        self.hosts: DockerHosts = self._wait(self._block.__aenter__())

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(300)

    def run(self, host: str, command: str, **more: Any) -> CommandResult:
        """A shell line."""
        return self._wait(self.hosts.run(host, ["bash", "-c", command], **more))

    def out(self, host: str, command: str, **more: Any) -> str:
        """What a command that must succeed prints."""
        result = self.run(host, command, **more)
        assert result.returncode == 0, (command, result)
        return result.stdout.decode().strip()

    def snapshot(self, **more: Any) -> Snapshot:
        return self._wait(self.hosts.snapshot(**more))

    def read(self, host: str, path: str) -> bytes:
        """A file's content by way of the observer."""
        return self._content(self._wait(self.hosts.open(host, path)))

    def read_held(self, host: str, pid: int, fd: int, inode: int) -> bytes:
        return self._content(self._wait(self.hosts.open_held(host, pid, fd, inode)))

    def _content(self, descriptor: int) -> bytes:
        with os.fdopen(descriptor, "rb") as file:
            file.seek(0)
            return file.read()

    def stop(self) -> None:
        self._wait(self._block.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()


@contextlib.contextmanager
def containers(config: FleetConfig) -> Iterator[str]:
    """The containers of a configuration, started as Inspect does it; their project's name."""
    project = f"peerwatch-test-{secrets.token_hex(4)}"
    told = json.dumps(compose(config).model_dump(mode="json", by_alias=True, exclude_none=True))
    command = ["docker", "compose", "-p", project, "-f", "-"]
    try:
        subprocess.run([*command, "up", "--detach", "--wait"], input=told, text=True, check=True,
                       capture_output=True)
        yield project
    finally:
        subprocess.run([*command, "down", "--volumes"], input=told, text=True, check=True,
                       capture_output=True)
