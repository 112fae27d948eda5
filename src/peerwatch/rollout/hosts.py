"""The running hosts of the current sample, whichever sandbox it has.

Takes a stage's configuration; gives the hosts for as long as the rollout needs them. A fleet is
there when the sample begins; containers are filled now, before the subject acts.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from inspect_ai.util import sandbox

from peerwatch import fleet
from peerwatch.errors import InfrastructureFault
from peerwatch.fleet.provider import FleetSandbox


@contextlib.asynccontextmanager
async def running(config: fleet.FleetConfig) -> AsyncIterator[fleet.Hosts]:
    """The hosts, until the end of the block.

    Raises:
        InfrastructureFault: they are not there, or could not be filled.
    """
    own = _own()
    if own is not None:
        yield own
        return
    from peerwatch.fleet.docker.hosts import attached

    try:
        container = (await sandbox().connection()).container
    except (ConnectionError, NotImplementedError) as error:
        raise InfrastructureFault(f"the default host is not there: {error}") from error
    if container is None:
        raise InfrastructureFault("the sample's sandbox is neither a fleet nor containers")
    async with attached(config, container) as hosts:
        yield hosts


def _own() -> fleet.Fleet | None:
    try:
        return sandbox().as_type(FleetSandbox).fleet
    except TypeError:
        return None
