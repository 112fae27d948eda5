"""What a rollout costs beside plain Inspect with its ``local`` sandbox, and what each part costs.

Runs the same eight one-host commands with the same scripted model, a second of latency a turn, in
both; then every part of the fleet's work by itself, ssh and scp beside this machine's loopback, and
idle rollouts for their memory. Prints Markdown: ratios are of one run on one machine, absolute
figures are this machine's. Nothing is asserted.

    .venv/bin/python bench/rollout.py [--rollouts N] [--at-once N] [--sshd PROGRAM] [--write FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import platform
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import ledger
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.tool import Tool, ToolChoice, ToolInfo, bash, tool
from meter import Cost, Meter
from soak import below, memory

from peerwatch import fleet
from peerwatch.design import arms_over
from peerwatch.fleet import Fleet, FleetConfig
from peerwatch.rollout import build_task
from peerwatch.scenarios import load, stages

LATENCY_S = 1.0
CALLS = (
    "ls -la / /etc", "cat /etc/os-release", "df -h /tmp", "find /etc -name '*.conf' | sort | head",
    "f=$(mktemp) && date > $f && cat $f && rm $f", "sha256sum /etc/passwd", "ps aux | head -n 20",
    "for f in /etc/*.conf; do wc -c $f; done",
)  # fmt: skip
CLOSING = {"resolution": "not_done", "summary": "Looked around.", "items_left": "all",
           "remaining_copies": "none", "space_freed_mb": 0}


@modelapi(name="scripted")
def scripted() -> type[ModelAPI]:
    """A model that looks round with eight commands and closes twice, a second a turn."""
    return Scripted


class Scripted(ModelAPI):
    """``scripted/fleet`` closes a ticket, ``scripted/local`` calls an idle tool and submits."""

    def __init__(
        self, model_name: str, base_url: str | None = None, api_key: str | None = None,
        config: GenerateConfig | None = None,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())

    def max_connections(self) -> int:
        """As many as there are rollouts: latency is what is scripted, not a queue."""
        return 1000

    async def generate(  # noqa: D102
        self,
        input: list[ChatMessage],  # noqa: A002
        tools: list[ToolInfo],  # noqa: ARG002
        tool_choice: ToolChoice,  # noqa: ARG002
        config: GenerateConfig,  # noqa: ARG002
    ) -> ModelOutput:
        await anyio.sleep(LATENCY_S)
        turn = sum(isinstance(message, ChatMessageAssistant) for message in input)
        if turn < len(CALLS):
            name, arguments = "bash", {"command": CALLS[turn]}
        elif self.model_name.endswith("fleet"):
            name, arguments = "close_ticket", CLOSING
        else:
            name, arguments = ("idle", {}) if turn == len(CALLS) else ("submit", {"answer": "done"})
        output = ModelOutput.for_tool_call("scripted", name, arguments)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output


@tool
def idle() -> Tool:
    """A tool that does nothing."""

    async def execute() -> str:
        """Does nothing."""
        return "done"

    return execute


def run_through_inspect(task: Task, model: str, at_once: int) -> None:
    """One eval, quiet, its log thrown away. Raises AssertionError where a sample failed."""
    with tempfile.TemporaryDirectory() as folder:
        (log,) = inspect_eval(
            task, model=model, log_dir=folder, display="none", max_samples=at_once,
            max_sandboxes=at_once)
        assert log.status == "success", [sample.error for sample in log.samples or []]
        turns = {sum(isinstance(each, ChatMessageAssistant) for each in sample.messages)
                 for sample in log.samples or []}
        assert turns == {len(CALLS) + 2}, turns


def through_inspect(meter: Meter, rollouts: int, at_once: int) -> dict[str, Cost]:
    """The cost of so many rollouts on the fleet, and of so many samples in ``local``."""
    scenario = load("deletion")
    arms = arms_over(scenario.factors, ["target=object", "followup=order_only"])

    def on_the_fleet(count: int) -> None:
        task = build_task(scenario, stages(scenario, arms, count))
        run_through_inspect(task, "scripted/fleet", at_once)

    def in_local(count: int) -> None:
        samples = [Sample(input="go", id=str(index)) for index in range(count)]
        task = Task(dataset=samples, solver=react(tools=[bash(), idle()]), sandbox="local")
        with tempfile.TemporaryDirectory() as home, home_at(home):
            run_through_inspect(task, "scripted/local", at_once)

    costs = {}
    # `local` first: plain Inspect has not the threshold of garbage collection that the fleet sets.
    for name, go in (("local", in_local), ("fleet", on_the_fleet)):
        go(1)  # imports and contents do not count
        with meter.measured() as cost:
            go(rollouts)
        costs[name] = cost
    return costs


@contextlib.contextmanager
def home_at(folder: str) -> Iterator[None]:
    """`bash --login` would run a person's profile in ``local``."""
    before = os.environ["HOME"]
    os.environ["HOME"] = folder
    try:
        yield
    finally:
        os.environ["HOME"] = before


def config() -> FleetConfig:
    """The hosts of the first stage of the deletion order."""
    scenario = load("deletion")
    return stages(scenario, arms_over(scenario.factors, []), 1)[0].fleet


def empty(full: FleetConfig) -> FleetConfig:
    """The same hosts without the scenario's files."""
    hosts = tuple(host.model_copy(update={"files": ()}) for host in full.hosts)
    return full.model_copy(update={"hosts": hosts})


async def by_part(meter: Meter, rounds: int) -> dict[str, list[Cost]]:
    """Every part by itself, one rollout at a time."""
    parts: dict[str, list[Cost]] = {}

    async def part(name: str, call: Callable[[], Awaitable[Any]], times: int = 1) -> Any:
        with meter.measured() as cost:
            for _ in range(times):
                result = await call()
            # What a call leaves to be done is part of it.
            await anyio.sleep(0.02)
        cost.wall = (cost.wall - 0.02) / times
        cost.cpu = cost.cpu and cost.cpu / times
        parts.setdefault(name, []).append(cost)
        return result

    full = config()
    await (await fleet.start(full)).stop()
    for _ in range(rounds):
        bare: Fleet = await part("start, volumes empty", partial(fleet.start, empty(full)))
        await bare.stop()
        hosts: Fleet = await part("start, volumes filled", partial(fleet.start, full))
        command = partial(hosts.run, hosts.hosts[0])
        await part("first snapshot", hosts.snapshot)
        await part("snapshot, nothing changed", hosts.snapshot, 5)
        await part("command `true`", partial(command, ["true"]), 10)
        login = ["bash", "--login", "-c", "true"]
        await part("command `bash --login -c true`", partial(command, login), 10)
        await part("last snapshot, all read again", partial(hosts.snapshot, rehash=True), 2)
        await part("idle, a second", partial(anyio.sleep, 1))
        await part("end", hosts.stop)
    return parts


async def many_starts(at_once: int) -> tuple[float, float, float]:
    """Start-up at so many at once: wall seconds each; then idle MiB each, and MiB of volumes.

    Each has been read once: the process that reads its hosts stays.
    """
    full, started = config(), []

    async def one() -> None:
        started.append(await fleet.start(full))

    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(one)
    each = (anyio.current_time() - began) / at_once
    for running in started:
        state = await running.snapshot()
    await anyio.sleep(1)
    volumes = sum(use.used_bytes for host in state.hosts.values()
                  for use in host.volumes.values()) / (1 << 20)
    held = sum(memory(pid, "Pss") for pid in below()) / at_once / (1 << 20)
    async with anyio.create_task_group() as tasks:
        for running in started:
            tasks.start_soon(running.stop)
    return each, held, volumes


SIZE = 13 << 20
SSH_OPTIONS = ("-o", "KexAlgorithms=curve25519-sha256")


async def ssh_on_the_fleet(rounds: int) -> tuple[float, float]:
    """Median seconds of `ssh node true` and of `scp` of 13 MiB between two hosts."""
    hosts = await fleet.start(config())
    first, second, *_ = hosts.hosts
    await hosts.run(first, ["bash", "-c", f"head -c {SIZE} /dev/urandom > /tmp/x"])
    took: dict[str, list[float]] = {"ssh": [], "scp": []}
    for _ in range(rounds):
        for name, argv in (("ssh", ["ssh", second, "true"]),
                           ("scp", ["scp", "-q", "/tmp/x", f"{second}:/tmp/x"])):
            began = anyio.current_time()
            result = await hosts.run(first, argv)
            took[name].append(anyio.current_time() - began)
            assert result.returncode == 0, result
    await hosts.stop()
    return statistics.median(took["ssh"]), statistics.median(took["scp"])


@contextlib.contextmanager
def loopback_sshd(program: str) -> Iterator[list[str]]:
    """An ssh server of this machine on a loopback port; options with which a client enters."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for key in ("host", "login"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key],
                           check=True)
        (folder / "config").write_text(
            f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nUsePAM no\nPidFile none\n"
            f"StrictModes no\nAuthorizedKeysFile {folder}/login.pub\n"
            "KexAlgorithms curve25519-sha256\nSubsystem sftp internal-sftp\n")
        needed = Path("/run/sshd")  # it asks for it before it gives up root's rights
        made = os.geteuid() == 0 and not needed.exists()
        if made:
            needed.mkdir()
        server = subprocess.Popen(
            [program, "-D", "-f", folder / "config"], stderr=subprocess.DEVNULL)
        try:
            yield [*SSH_OPTIONS, "-o", f"Port={port}", "-i", str(folder / "login"),
                   "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                   "-o", "LogLevel=ERROR"]
        finally:
            server.terminate()
            server.wait()
            if made:
                needed.rmdir()


async def ssh_on_this_machine(program: str, rounds: int) -> tuple[float, float]:
    """The same two figures on this machine's loopback."""
    took: dict[str, list[float]] = {"ssh": [], "scp": []}
    with loopback_sshd(program) as options, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x").write_bytes(os.urandom(SIZE))
        await anyio.sleep(0.5)
        for _ in range(rounds):
            for name, argv in (
                ("ssh", ["ssh", *options, "127.0.0.1", "true"]),
                ("scp", ["scp", "-q", *options, f"{folder}/x", f"127.0.0.1:{folder}/y"]),
            ):
                began = anyio.current_time()
                await anyio.run_process(argv)
                took[name].append(anyio.current_time() - began)
    return statistics.median(took["ssh"]), statistics.median(took["scp"])


def ms(seconds: float | None) -> str:
    """Milliseconds, or a dash."""
    return "-" if seconds is None else f"{seconds * 1e3:,.0f} ms"


def median(costs: list[Cost]) -> Cost:
    """Medians of wall and CPU, each by itself."""
    used = [cost.cpu for cost in costs if cost.cpu is not None]
    wall = statistics.median(cost.wall for cost in costs)
    return Cost(wall, statistics.median(used) if used else None)


def without_hash(
    ours: Cost, theirs: Cost, rollouts: int, parts: dict[str, Cost]
) -> Iterator[str]:
    """CPU added but for reading all contents again, which the end of either phase does."""
    full = parts["last snapshot, all read again"].cpu
    plain = parts["snapshot, nothing changed"].cpu
    if not (ours.cpu and theirs.cpu and full and plain):
        return
    added, again = (ours.cpu - theirs.cpu) / rollouts, full - plain
    yield (f"\nReading all again at the end of a phase takes {ms(again)} of CPU more than an "
           f"ordinary snapshot, twice in a rollout. Without that, a rollout adds "
           f"**{ms(added - 2 * again)}**.")


def report(rollouts: int, at_once: int, sshd: str | None) -> Iterator[str]:
    """The lines, as they become known."""
    meter = Meter()
    today = datetime.datetime.now(datetime.UTC).date()
    yield (f"{today}, `make bench`: {rollouts} rollouts, {at_once} at once, "
           f"{os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, "
           f"Python {platform.python_version()}.\n")
    yield f"Eight one-host commands and two closings, {LATENCY_S:.0f} s of model latency a turn:\n"
    yield "| | wall, all | CPU, each |\n|---|---|---|"
    costs = through_inspect(meter, rollouts, at_once)
    for name, cost in costs.items():
        yield f"| {name} | {cost.wall:.1f} s | {ms(cost.cpu and cost.cpu / rollouts)} |"
    ours, theirs = costs["fleet"], costs["local"]
    ratio = f"{ours.cpu / theirs.cpu:.2f}" if ours.cpu and theirs.cpu else "-"
    yield f"| ratio | **{ours.wall / theirs.wall:.2f}** | {ratio} |"
    if ours.cpu and theirs.cpu:
        yield f"| added | | {ms((ours.cpu - theirs.cpu) / rollouts)} |"
    yield "\nOne rollout of three hosts at a time, medians of 6:\n"
    yield "| part | wall | CPU |\n|---|---|---|"
    parts = {name: median(costs) for name, costs in anyio.run(by_part, meter, 6).items()}
    bare, full = parts["start, volumes empty"], parts["start, volumes filled"]
    filling = Cost(full.wall - bare.wall, full.cpu and bare.cpu and full.cpu - bare.cpu)
    for name, cost in parts.items():
        yield f"| {name} | {ms(cost.wall)} | {ms(cost.cpu)} |"
        if cost is full:
            yield f"| … of which filling takes | {ms(filling.wall)} | {ms(filling.cpu)} |"
    yield (f"\nWith these turns that is {rollouts / ours.wall * 3600:,.0f} rollouts an hour.")
    yield from without_hash(ours, theirs, rollouts, parts)
    each, held, volumes = anyio.run(many_starts, at_once)
    everyone = each * at_once
    fit = int((16 << 10) / (held + volumes))
    yield (f"\n{at_once} rollouts started at once are all up after {everyone:.1f} s: {ms(each)} of "
           f"wall time each. An idle rollout, read "
           f"once, holds {held:.1f} MiB in its processes (proportional share) and "
           f"{volumes:.0f} MiB in its volumes: {fit} fit into 16 GiB, "
           "beside the controller.")
    yield ""
    yield from anyio.run(ledger.costs, meter, config(), CALLS)
    fleet_ssh = anyio.run(ssh_on_the_fleet, 9)
    yield "\n| median of 9 | `ssh … true` | `scp` of 13 MiB |\n|---|---|---|"
    yield f"| between two hosts | {ms(fleet_ssh[0])} | {ms(fleet_ssh[1])} |"
    if sshd is None:
        yield "| this machine's loopback | not measured: no sshd here (`--sshd`) | |"
    else:
        own = anyio.run(ssh_on_this_machine, sshd, 9)
        yield f"| this machine's loopback | {ms(own[0])} | {ms(own[1])} |"
        yield f"| ratio | {fleet_ssh[0] / own[0]:.2f} | {fleet_ssh[1] / own[1]:.2f} |"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"\nThe controller's memory at its peak: {peak:.0f} MiB."


def main() -> None:
    """Prints the report, and writes it where asked to."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--rollouts", type=int, default=64)
    words.add_argument("--at-once", type=int, default=32)
    words.add_argument("--sshd", default=shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"),
                       help="an ssh server for the loopback row; default: this machine's")
    words.add_argument("--write", type=Path, help="put the report into this file, too")
    asked = words.parse_args()
    if not fleet.base.base_ready():
        sys.exit(fleet.base.MISSING)
    lines = []
    for line in report(asked.rollouts, asked.at_once, asked.sshd):
        print(line, flush=True)
        lines.append(line)
    if asked.write:
        asked.write.write_text("# What a rollout costs\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
