"""What the command ledger costs: the same programs on a host that has it and on this machine.

Takes hosts and commands; gives the lines of a report. A shell's loop of short programs runs on a
host, and the same loop here, without hosts, filter or ledger: the difference holds all that a host
adds to a program, of which the ledger is the most.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence

import anyio
from meter import Meter

from peerwatch import fleet
from peerwatch.fleet import FleetConfig

PROGRAMS, ROUNDS = 500, 9


async def costs(meter: Meter, config: FleetConfig, commands: Sequence[str]) -> list[str]:
    """CPU for each program, for these commands, and to read it all, as lines of Markdown."""
    loop = ["/bin/bash", "-c", f"for i in $(seq {PROGRAMS}); do /bin/true; done"]
    here, there, reading = [], [], []
    hosts = await fleet.start(config)
    try:
        for number, command in enumerate(commands):
            await hosts.run(hosts.hosts[0], ["bash", "--login", "-c", command], label=f"k{number}")
        started = sum(one.label is not None for one in (await hosts.ledger()).programs)
        for _ in range(ROUNDS):
            for measured, run in (
                (here, lambda: anyio.run_process(loop)),
                (there, lambda: hosts.run(hosts.hosts[0], loop)),
                (reading, hosts.ledger),
            ):
                with meter.measured() as cost:
                    await run()
                measured.append(cost.wall if cost.cpu is None else cost.cpu)
        held = len((await hosts.ledger()).programs)
    finally:
        await hosts.stop()
    outside, inside = (1000 * statistics.median(one) / PROGRAMS for one in (here, there))
    return [
        f"The command ledger, medians of {ROUNDS} rounds of {PROGRAMS} programs from a shell's "
        f"loop, load {os.getloadavg()[0]:.1f}:\n",
        f"| | {'CPU' if meter.cpu() is not None else 'wall'} |\n|---|---|",
        f"| a program `/bin/true`, on this machine | {outside:.2f} ms |",
        f"| … on a host | {inside:.2f} ms |",
        f"| what a host adds, for the most part the ledger | {inside - outside:.2f} ms |",
        f"| … for the eight commands above, {started} programs | "
        f"{(inside - outside) * started:.0f} ms |",
        f"| to read a ledger of {held:,} programs | {1000 * statistics.median(reading):.0f} ms |",
    ]
