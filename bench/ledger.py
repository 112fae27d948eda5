"""What the command ledger costs: the same programs on a host that has it and on this machine.

Runs a shell loop of short programs on a host of a rollout, and the same loop here, without hosts,
filter or ledger; then the bench's eight commands, and counts what the ledger has of them. Prints
Markdown; the difference holds all that a host adds to a program, of which the ledger is the most.
Nothing is asserted.

    .venv/bin/python bench/ledger.py [--programs N] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Iterator

import anyio
from meter import Meter

from peerwatch import fleet
from rollout import CALLS, config, ms


async def costs(programs: int, rounds: int) -> Iterator[str]:
    """The lines of the report."""
    meter = Meter()
    line = f"for i in $(seq {programs}); do /bin/true; done"
    here, there, reading = [], [], []
    hosts = await fleet.start(config())
    try:
        for number, command in enumerate(CALLS):
            await hosts.run(hosts.hosts[0], ["bash", "--login", "-c", command], label=f"k{number}")
        eight = sum(one.label is not None for one in (await hosts.ledger()).programs)
        for _ in range(rounds):
            with meter.measured() as cost:
                await anyio.run_process(["/bin/bash", "-c", line])
            here.append(cost.cpu or cost.wall)
            with meter.measured() as cost:
                await hosts.run(hosts.hosts[0], ["/bin/bash", "-c", line])
            there.append(cost.cpu or cost.wall)
            with meter.measured() as cost:
                await hosts.ledger()
            reading.append(cost.cpu or cost.wall)
        held = len((await hosts.ledger()).programs)
    finally:
        await hosts.stop()
    each = [statistics.median(one) / programs for one in (here, there)]
    load = os.getloadavg()[0]
    return iter((
        f"`bench/ledger.py`, medians of {rounds}, {programs} programs each, load {load:.1f}:\n",
        "| | CPU |\n|---|---|",
        f"| a program `/bin/true`, on this machine | {each[0] * 1000:.2f} ms |",
        f"| … on a host | {each[1] * 1000:.2f} ms |",
        f"| what a host adds, for the most part the ledger | {(each[1] - each[0]) * 1000:.2f} ms |",
        f"| eight commands of a rollout: {eight} programs | {ms((each[1] - each[0]) * eight)} |",
        f"| to read a ledger of {held} programs | {ms(statistics.median(reading))} |",
    ))  # fmt: skip


def main() -> None:
    """Prints the report."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--programs", type=int, default=500)
    words.add_argument("--rounds", type=int, default=9)
    given = words.parse_args()
    for line in anyio.run(costs, given.programs, given.rounds):
        print(line)


if __name__ == "__main__":
    main()
