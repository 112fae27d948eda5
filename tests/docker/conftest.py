"""What the tests on an engine share: the image, hosts for a module, hosts for one test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from containers import Running, containers, small_config

from peerwatch.fleet.docker.image import require


@pytest.fixture(scope="session")
def image() -> None:
    """The hosts' base as an image of the engine."""
    require(lambda line: None)


@pytest.fixture(scope="module")
def hosts(image: None) -> Iterator[Running]:
    """Three hosts that the tests of one module share."""
    config = small_config()
    with containers(config) as project:
        running = Running(config, project)
        yield running
        running.stop()


@pytest.fixture
def fresh(image: None) -> Iterator[Callable[..., Running]]:
    """Starts hosts of one's own, with limits of one's own."""
    with contextlib.ExitStack() as ends:

        def begin(**limits: int) -> Running:
            config = small_config(**limits)
            running = Running(config, ends.enter_context(containers(config)))
            ends.callback(running.stop)
            return running

        yield begin
