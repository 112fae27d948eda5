"""Inspect's own conformance suite for sandboxes, on a host of the fleet.

Its checks are collected here as they are. Three of them need a default user who is not root, which
a host does not have: root may read and write a file whose mode says that nobody may.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from inspect_ai.util._sandbox.self_check import *  # noqa: F403

from peerwatch.fleet import FleetConfig, HostConfig, ids
from peerwatch.fleet.provider import FleetSandbox

from .conftest import Hosts

pytestmark = pytest.mark.anyio
_ROOT = "the default user of a host is root, whom a file's mode does not keep out"
_ONE_USER = "this machine gives a host no user but root"
KNOWN = {
    "test_read_file_not_allowed": _ROOT,
    "test_write_text_file_without_permissions": _ROOT,
    "test_write_binary_file_without_permissions": _ROOT,
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def one_host(built: None) -> Iterator[Hosts]:
    running = Hosts(FleetConfig(key_seed="conformance", hosts=(HostConfig(name="ops"),)))
    yield running
    running.stop()


@pytest.fixture
def sandbox_env(one_host: Hosts, request: pytest.FixtureRequest) -> FleetSandbox:
    name = request.node.originalname
    reason = KNOWN.get(name)
    if name == "test_exec_as_user" and ids.mapping().kind == "single":
        reason = _ONE_USER
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    return FleetSandbox(one_host.fleet, "ops")
