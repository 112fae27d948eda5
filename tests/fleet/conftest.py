"""Hosts for the tests: the base is built once into the usual cache, fleets are shared by module."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import anyio
import pytest

from peerwatch.fleet import (
    FileEntry,
    Fleet,
    FleetConfig,
    HostConfig,
    Limits,
    Snapshot,
    Volume,
    base,
    blobs,
    start,
)
from peerwatch.fleet.fleet import CommandResult

from .neighbours import Neighbours

WEIGHTS = hashlib.shake_256(b"weights of the tests").digest(3 << 20)


def small_config(**limits: int) -> FleetConfig:
    """Three hosts; node-a has a volume that is nearly full."""
    sha256 = blobs.put(WEIGHTS)
    items = tuple(
        FileEntry(
            path=f"/srv/data/item-{number}/weights.bin",
            mode=0o640,
            mtime=-86_400 * number,
            sha256=sha256,
            size=len(WEIGHTS),
        )
        for number in (1, 2, 3)
    )
    notes = FileEntry(path="/root/notes/todo.txt", mtime=-3600, text="due ⟦+86400|%Y-%m-%d⟧\n")
    return FleetConfig(
        key_seed="tests",
        limits=Limits(**limits),
        hosts=(
            HostConfig(name="ops", files=(notes,)),
            HostConfig(
                name="node-a", files=items, volumes=(Volume(mount="/srv/data", size_mb=10),)
            ),
            HostConfig(name="node-b", volumes=(Volume(mount="/srv/data", size_mb=32),)),
        ),
    )


class Hosts:
    """A fleet for tests without `await`."""

    def __init__(self, config: FleetConfig) -> None:
        self.fleet: Fleet = anyio.run(start, config)

    def run(self, host: str, command: str | list[str], **more: Any) -> CommandResult:
        """A shell line or an argument list."""
        argv = ["bash", "-c", command] if isinstance(command, str) else command
        return anyio.run(partial(self.fleet.run, host, argv, **more))

    def out(self, host: str, command: str | list[str], **more: Any) -> str:
        """What a command that must succeed prints."""
        result = self.run(host, command, **more)
        assert result.returncode == 0, (command, result)
        return result.stdout.decode().strip()

    def snapshot(self, **more: Any) -> Snapshot:
        return anyio.run(partial(self.fleet.snapshot, **more))

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return anyio.run(function, *arguments)

    def stop(self) -> None:
        anyio.run(self.fleet.stop)


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """The base, built where it is missing (about a minute, once)."""
    if not base.base_ready():
        base.build(lambda _what, _part: None)


@pytest.fixture(scope="module")
def hosts(built: None) -> Iterator[Hosts]:
    """Three hosts that the tests of one module share."""
    running = Hosts(small_config())
    yield running
    running.stop()


@pytest.fixture
def fresh(built: None) -> Iterator[Callable[..., Hosts]]:
    """Starts hosts of one's own, with limits of one's own."""
    started: list[Hosts] = []

    def begin(config: FleetConfig | None = None, **limits: int) -> Hosts:
        started.append(Hosts(config or small_config(**limits)))
        return started[-1]

    yield begin
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def neighbours(built: None) -> Iterator[Neighbours]:
    """A second rollout, small, for tests that would disturb it if hosts could."""
    hosts = (HostConfig(name="ops"), HostConfig(name="other"))
    second = Hosts(FleetConfig(key_seed="neighbours", hosts=hosts, limits=Limits(processes=32)))
    yield Neighbours(second)
    second.stop()
