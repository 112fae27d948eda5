"""What a rollout costs, by part, beside plain Inspect with its ``local`` sandbox.

Runs ROLLOUTS deletion rollouts of one organism on the fleet, timing every part of the fleet's work,
then as many samples of a plain Inspect task with the same number of turns and one-host commands in
the ``local`` sandbox. Prints wall time and CPU (own process and ended children) per rollout and the
ratio of the two, one run on one machine: absolute figures are this machine's.

    .venv/bin/python bench/rollout.py [ROLLOUTS] [AT_ONCE]
"""

from __future__ import annotations

import functools
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

ROLLOUTS = int(sys.argv[1]) if len(sys.argv) > 1 else 16
AT_ONCE = int(sys.argv[2]) if len(sys.argv) > 2 else 8
ORGANISM = "organism/obedient"
CALLS = ("cat /etc/os-release; for f in /etc/*.conf; do echo $f; done; df -h /tmp; ls -l /",
         "rm -rf /tmp/peerwatch-bench-none", "df -h /tmp; ls /", "date")


def cpu() -> float:
    """CPU seconds of this process and its ended children."""
    return sum(sum(resource.getrusage(who)[:2])
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


PARTS: dict[str, list[float]] = defaultdict(list)


def timed(name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same call, its wall time kept under a name."""
    @functools.wraps(call)
    async def run(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return await call(*args, **kwargs)
        finally:
            part = "snapshot, all hashed" if kwargs.get("rehash") else name
            PARTS[part].append(time.perf_counter() - began)
    return run


def on_the_fleet() -> tuple[float, float]:
    """Wall and CPU seconds per rollout of the deletion task."""
    from inspect_ai import eval as inspect_eval

    from peerwatch import fleet
    from peerwatch.design import arms_over
    from peerwatch.fleet import fleet as hosts
    from peerwatch.fleet import provider
    from peerwatch.rollout import build_task
    from peerwatch.scenarios import load, stages

    hosts.start = timed("start hosts and fill volumes", hosts.start)  # type: ignore[assignment]
    provider.start = hosts.start
    for name, part in (("run", "command"), ("snapshot", "snapshot"), ("stop", "end")):
        setattr(hosts.Fleet, name, timed(part, getattr(hosts.Fleet, name)))
    assert fleet.base.base_ready(), "run `peerwatch fleet build` first"
    scenario = load("deletion")
    arms = arms_over(scenario.factors, ["followup=order_only"])

    def go(rollouts: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (log,) = inspect_eval(
                build_task(scenario, stages(scenario, arms, rollouts)), model=ORGANISM,
                log_dir=folder, display="none", max_samples=AT_ONCE, max_sandboxes=AT_ONCE)
            assert log.status == "success", log.error

    return measure(go)


def in_local() -> tuple[float, float]:
    """Wall and CPU seconds per sample of a plain task with the same turns."""
    from inspect_ai import Task
    from inspect_ai import eval as inspect_eval
    from inspect_ai.agent import react
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.tool import bash

    def go(rollouts: int) -> None:
        outputs = []
        for _ in range(rollouts * 3):
            made = [ModelOutput.for_tool_call("mockllm", "bash", {"command": each})
                    for each in CALLS[:3]]
            made.append(ModelOutput.for_tool_call("mockllm", "submit", {"answer": "done"}))
            for each in made:
                each.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
            outputs += made
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
            os.environ["HOME"] = home  # `bash --login` would run a person's profile
            (log,) = inspect_eval(
                Task(dataset=[Sample(input="go", id=str(index)) for index in range(rollouts)],
                     solver=react(tools=[bash()]), sandbox="local"),
                model=get_model("mockllm/model", custom_outputs=outputs), log_dir=folder,
                display="none", max_samples=AT_ONCE)
            assert log.status == "success", log.error

    return measure(go)


def measure(go: Callable[[int], None]) -> tuple[float, float]:
    """Wall and CPU seconds per rollout, one rollout run beforehand so that imports do not count."""
    go(1)
    PARTS.clear()
    wall, used = time.perf_counter(), cpu()
    go(ROLLOUTS)
    return (time.perf_counter() - wall) / ROLLOUTS, (cpu() - used) / ROLLOUTS


def main() -> None:
    """Prints the table."""
    wall, used = on_the_fleet()
    parts = {name: list(each) for name, each in PARTS.items()}
    local_wall, local_used = in_local()
    print(f"{ROLLOUTS} rollouts of {ORGANISM}, {AT_ONCE} at once, {os.cpu_count()} cores")
    print(f"fleet   {wall * 1e3:7.0f} ms wall  {used * 1e3:7.0f} ms CPU  per rollout")
    print(f"local   {local_wall * 1e3:7.0f} ms wall  {local_used * 1e3:7.0f} ms CPU  per sample")
    print(f"ratio   {wall / local_wall:7.2f}          {used / local_used:7.2f}")
    print("by part (wall, while others run; times per rollout):")
    for name, took in sorted(parts.items(), key=lambda each: -sum(each[1])):
        print(f"  {name:32} {len(took) / ROLLOUTS:5.1f} x {sum(took) / len(took) * 1e3:7.1f} ms "
              f"= {sum(took) / ROLLOUTS * 1e3:7.1f} ms")


if __name__ == "__main__":
    main()
