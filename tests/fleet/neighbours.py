"""Who must go on while a limit of one host is filled up: everybody else.

Takes the attacked hosts and the attack; gives its result. While the attack runs, and once more
when it is over and its limit still full, another host of the same rollout, a host of a second
rollout, and this process itself must each do a small job within a generous time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from peerwatch.fleet.fleet import CommandResult, Fleet

if TYPE_CHECKING:
    from .conftest import Hosts

PATIENCE_S = 60  # generous: what is told apart is going on and standing still
_JOB = "echo $((40 + 2)) > /tmp/answer && cat /tmp/answer"


class Neighbours:
    """A second rollout beside the attacked one."""

    def __init__(self, second: Hosts) -> None:
        self.second = second

    def go_on_during(
        self,
        hosts: Hosts,
        command: str | list[str],
        *,
        host: str = "ops",
        own_too: bool = True,
        **more: Any,
    ) -> CommandResult:
        """Run the attack; its result, once everybody else has gone on during and after it.

        `own_too`: the attacked rollout's other hosts as well.
        """
        argv = ["bash", "-c", command] if isinstance(command, str) else command
        attack = partial(hosts.fleet.run, host, argv, **more)
        others = [one for one in hosts.fleet.hosts if own_too and one != host]
        return anyio.run(self._both, hosts.fleet, attack, others)

    async def _both(
        self, fleet: Fleet, attack: Callable[[], Awaitable[CommandResult]], others: list[str]
    ) -> CommandResult:
        ended: list[CommandResult] = []

        async def attacking() -> None:
            ended.append(await attack())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(attacking)
            while not ended:
                await self._round(fleet, others)
                await anyio.sleep(0.2)
        await self._round(fleet, others)
        return ended[0]

    async def _round(self, fleet: Fleet, others: list[str]) -> None:
        with anyio.fail_after(PATIENCE_S):
            for where, host in [*((fleet, one) for one in others), (self.second.fleet, "ops")]:
                done = await where.run(host, ["sh", "-c", _JOB], timeout=PATIENCE_S)
                assert (done.stdout, done.returncode) == (b"42\n", 0), (host, done)
            await _controller()


async def _controller() -> None:
    """This process can start a process, open a file and write to it, and have memory."""
    done = await anyio.run_process(["echo", "alive"])
    assert done.stdout == b"alive\n"
    with tempfile.TemporaryFile() as file:
        assert file.write(bytes(1 << 20)) == 1 << 20
