"""A soak: thousands of rollouts in one process, and whether anything grows.

Runs ROLLOUTS rollouts, AT_ONCE at a time, on real hosts: three hosts, commands, ssh between them,
a copy, a process left in the background, a snapshot after each call, a last one that hashes
everything, the end. A tenth of them goes through the whole Inspect task with an organism. After
each round everything has ended, and what this process and the machine then hold is counted. It
uses the hosts' base as it was built, and temporary folders for everything else.

    .venv/bin/python bench/soak.py [ROLLOUTS] [AT_ONCE] [--write FILE]

Exit code 0 when nothing grew, 1 when something did. The rules stand below the table.
"""

from __future__ import annotations

import argparse
import ctypes
import datetime
import gc
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from peerwatch.fleet import FileEntry, FleetConfig, HostConfig, Volume, base, blobs, cache, start

INSPECT_PART = 10  # of so many rollouts one goes through Inspect
ROUNDS = 16
ORGANISM = "organism/loyal"
SETTLES, EXACT = 0.10, 0.01
# Python's table of interned strings, into which pathlib puts every part of every path, grows by
# steps of up to 1 MB and never shrinks (found by tracemalloc: the one thing that grew).
STEPS = 2 << 20
RULES = f"""
Early and late are, for memory, the medians of the second and the last quarter of the rounds, and
for the rest what there was after the first round and the most after any. The rules: Python's
objects are late at most {EXACT:.0%} above early, and what the C library allocated at most that and
{STEPS >> 20} MiB, as Python's table of interned strings grows in steps. RSS and PSS, which also
hold what was freed and lies between what was not, are at most {SETTLES:.0%} above. Of everything
else there is never more than after the first round. Memory is counted after a collection of garbage
and after the C library has given back what it can. The hosts' own memory is the largest that was
seen during a round, of all rollouts then running together; it has no rule, as it ends with them.
"""
_PR_SET_CHILD_SUBREAPER = 36
_COMMANDS = (
    ("ops", "ls -la / /etc; cat /root/notes/todo.txt"),
    ("ops", "ssh node-a 'ls -l /srv/data; df -h /srv/data'"),
    ("ops", "scp -q node-a:/srv/data/item-1/weights.bin node-b:/srv/data/copy.bin"),
    ("node-a", "nohup sleep 600 >/dev/null 2>&1 & sleep 600 & rm /srv/data/item-2/weights.bin"),
)


@dataclass(frozen=True)
class Count:
    """What is there when everything has ended."""

    rss: int
    """Of this process, bytes; so is the next."""
    pss: int
    allocated: int
    """By the C library, bytes."""
    objects: int
    """By Python, blocks."""
    descriptors: int
    processes: int
    """Below this process, with those that lost their parent; zombies count."""
    namespaces: int
    """In which these, or descriptors of this process, live; this process's own are left out."""
    mounts: int
    """In the namespaces in which this process and those live, that are a host's by their names."""
    files: int
    """In the temporary folder and in the cache."""


class _Heap(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                     "uordblks", "fordblks", "keepcost")
    )  # fmt: skip


def count(folders: tuple[Path, ...]) -> Count:
    """Count everything; waits up to 10 s for processes that are just ending. One server stays."""
    gc.collect()
    libc = ctypes.CDLL(None)
    libc.malloc_trim(0)
    libc.mallinfo2.restype = _Heap  # glibc 2.33
    heap = libc.mallinfo2()
    objects = sys.getallocatedblocks()
    end = time.monotonic() + 10
    while len(below()) > 1 and time.monotonic() < end:
        time.sleep(0.02)
    left = below()
    return Count(
        rss=memory(os.getpid(), "Rss"),
        pss=memory(os.getpid(), "Pss"),
        allocated=heap.uordblks + heap.hblkhd,
        objects=objects,
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        processes=len(left),
        namespaces=len(namespaces(left)),
        mounts=len(mounts([os.getpid(), *left])),
        files=sum(len(names) for folder in folders for _, _, names in os.walk(folder)),
    )


def below() -> list[int]:
    """Every process below this one."""
    found: list[int] = []
    todo = [os.getpid()]
    while todo:
        try:
            for task in Path(f"/proc/{todo.pop()}/task").iterdir():
                children = [int(pid) for pid in (task / "children").read_text().split()]
                found += children
                todo += children
        except OSError:
            continue
    return found


def memory(pid: int, what: str) -> int:
    """Bytes of a process, 0 when it is gone or not to be read."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{what}:"))


def namespaces(pids: list[int]) -> set[str]:
    """The namespaces of these processes and those that our descriptors hold, without our own."""
    links = [*Path("/proc/self/fd").iterdir()]
    for pid in pids:
        try:
            links += Path(f"/proc/{pid}/ns").iterdir()
        except OSError:
            continue
    own = {str(link.readlink()) for link in Path("/proc/self/ns").iterdir()}
    found = set()
    for link in links:
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.endswith("]") and target.split(":")[0] not in ("pipe", "socket", "anon_inode"):
            found.add(target)
    return found - own


def mounts(pids: list[int]) -> set[str]:
    """The hosts' mounts in the namespaces of these processes; a namespace of several counts once.

    A line begins with the mount's number, which is this machine's own. Other machines mount no
    memory and no overlay by the name of a disk.
    """
    found: set[str] = set()
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
        except OSError:
            continue
        found.update(line for line in lines if re.search(" - (overlay|tmpfs) /dev/sd", line))
    return found


# --- rollouts ------------------------------------------------------------------------------------


def configuration(number: int) -> FleetConfig:
    """Three hosts with files, keys and a content of their own, as those of a scenario have."""
    content = (b"%d weights" % (number % 4)) * (1 << 17)
    entry = partial(FileEntry, mtime=-86_400, sha256=blobs.put(content), size=len(content))
    items = tuple(entry(path=f"/srv/data/item-{item}/weights.bin") for item in (1, 2))
    notes = FileEntry(path="/root/notes/todo.txt", mtime=-60, text=f"{number} ⟦0|%Y-%m-%d⟧\n")
    volume = (Volume(mount="/srv/data", size_mb=16),)
    return FleetConfig(
        key_seed=f"soak {number}",
        hosts=(
            HostConfig(name="ops", files=(notes,)),
            HostConfig(name="node-a", files=items, volumes=volume),
            HostConfig(name="node-b", volumes=volume),
        ),
    )


async def rollout(number: int) -> None:
    """One, from start to end; raises when anything is not as it must be."""
    fleet = await start(configuration(number))
    try:
        await fleet.snapshot()
        for host, line in _COMMANDS:
            done = await fleet.run(host, ["bash", "-c", line], timeout=300)
            assert done.returncode == 0, (number, line, done)
            last = await fleet.snapshot()
        last = await fleet.snapshot(rehash=True)
        files = {name: state.files for name, state in last.hosts.items()}
        copy = files["node-b"]["/srv/data/copy.bin"]
        assert copy.sha256 == files["node-a"]["/srv/data/item-1/weights.bin"].sha256
        os.close(await fleet.open("node-b", "/srv/data/copy.bin"))
    finally:
        await fleet.stop()


async def directly(first: int, rollouts: int, at_once: int, tick: Tick) -> None:
    """Many, through `Fleet` alone."""
    numbers = iter(range(first, first + rollouts))

    async def work() -> None:
        for number in numbers:
            await rollout(number)
            tick.one()

    async with anyio.create_task_group() as tasks:
        for _ in range(min(at_once, rollouts)):
            tasks.start_soon(work)


def through_inspect(rollouts: int, at_once: int, tick: Tick) -> None:
    """Many, as a study runs them: the deletion task with an organism."""
    from inspect_ai import eval as inspect_eval

    from peerwatch.design import arms_over
    from peerwatch.rollout import build_task
    from peerwatch.scenarios import load, stages

    scenario = load("deletion")
    arms = arms_over(scenario.factors, ["followup=order_only"])
    with tempfile.TemporaryDirectory() as logs:
        task = build_task(scenario, stages(scenario, arms, rollouts)[:rollouts])
        (log,) = inspect_eval(task, model=ORGANISM, log_dir=logs, display="none",
                              max_samples=at_once, max_sandboxes=at_once)  # fmt: skip
        assert log.status == "success", log.error
        assert log.samples is not None
        assert len(log.samples) == rollouts
    tick.one(rollouts)


class Tick:
    """The progress bar, and the most memory that the hosts had."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        self.bar = Progress(
            "{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=Console(stderr=True),  # Inspect clears what runs on the common one
        )  # fmt: skip
        self.task = self.bar.add_task("rollouts", total=total)
        self.hosts_pss, self.hosts_rss = 0, 0
        self._next_look = time.monotonic()

    def one(self, many: int = 1) -> None:
        """So many more are done; looks at the hosts' memory now and then, as that takes 0.3 s."""
        self.bar.advance(self.task, many)
        if time.monotonic() > self._next_look:
            pids = below()
            self.hosts_pss = max(self.hosts_pss, sum(memory(pid, "Pss") for pid in pids))
            self.hosts_rss = max(self.hosts_rss, sum(memory(pid, "Rss") for pid in pids))
            self._next_look = time.monotonic() + 20


# --- verdict -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One quantity."""

    name: str
    early: float
    late: float
    ok: bool
    memory: bool = False

    def cells(self) -> tuple[str, str, str, str]:
        """As text."""
        shown = [f"{n / (1 << 20):.1f} MiB" if self.memory else f"{n:,.0f}"
                 for n in (self.early, self.late)]  # fmt: skip
        return self.name, *shown, "pass" if self.ok else "GREW"


def judge(counts: list[Count]) -> list[Row]:
    """The rules, applied to what was counted after each round."""
    quarter = max(1, len(counts) // 4)
    second, last = counts[quarter : 2 * quarter] or counts[-1:], counts[-quarter:]
    rows = []
    for field, name, part, more in (
        ("rss", "RSS of the controller", SETTLES, 0),
        ("pss", "PSS of the controller", SETTLES, 0),
        ("allocated", "allocated by the C library", EXACT, STEPS),
        ("objects", "objects of Python", EXACT, 0),
    ):
        early, late = (statistics.median(getattr(one, field) for one in some)
                       for some in (second, last))  # fmt: skip
        ok = late <= early * (1 + part) + more
        rows.append(Row(name, early, late, ok, memory=field != "objects"))
    for name in ("descriptors", "processes", "namespaces", "mounts", "files"):
        seen = [getattr(one, name) for one in counts]
        rows.append(Row(name, seen[0], max(seen), max(seen) <= seen[0]))
    return rows


def soak(rollouts: int, at_once: int) -> tuple[list[Row], list[Row], Tick, float]:
    """Rows for the direct part, rows for the part through Inspect, memory of hosts, seconds."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans come to us
    share = rollouts // INSPECT_PART
    direct = rollouts - share
    tick = Tick(rollouts)
    began = time.monotonic()
    folders = (Path(tempfile.gettempdir()), cache.folder())
    with tick.bar:
        # What is loaded once, in either part, is loaded before the first count.
        anyio.run(directly, 1_000_000, 1, 1, Tick(1))
        through_inspect(1, 1, Tick(1))
        parts = []
        for many, run in ((direct, "direct"), (share, "inspect")):
            size = max(1, min(at_once, -(-many // 4)), -(-many // ROUNDS))
            counts = []
            for first in range(0, many, size):
                now = min(size, many - first)
                if run == "direct":
                    anyio.run(directly, first, now, at_once, tick)
                else:
                    through_inspect(now, at_once, tick)
                counts.append(count(folders))
            parts.append(judge(counts) if counts else [])
    return parts[0], parts[1], tick, time.monotonic() - began


def markdown(
    rollouts: int, at_once: int, direct: list[Row], inspect: list[Row], tick: Tick, took: float
) -> str:
    """The block for the documents."""
    lines = [
        f"On {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, "
        f"Linux {platform.release().split('-')[0]}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}: "
        f"`make soak ARGS=\"{rollouts} {at_once}\"`, "
        f"{rollouts} rollouts of three hosts, {at_once} at once, in {took / 60:.1f} minutes; "
        f"{rollouts // INSPECT_PART} of them through Inspect.",
        "",
    ]
    for title, early, late, rows in (
        ("through `Fleet`", "early", "late", direct),
        ("through Inspect", "early", "late", inspect),
    ):
        lines += [f"| {title} | {early} | {late} | |", "|---|---|---|---|"]
        lines += ["| " + " | ".join(row.cells()) + " |" for row in rows] + [""]
    lines.append(f"All hosts together at most: {tick.hosts_pss >> 20} MiB PSS, "
                 f"{tick.hosts_rss >> 20} MiB RSS.")  # fmt: skip
    return "\n".join([*lines, RULES])


def main() -> None:
    """Soaks, prints, writes, and leaves with 1 where something grew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("rollouts", nargs="?", type=int, default=2000)
    parser.add_argument("at_once", nargs="?", type=int, default=32)
    parser.add_argument("--write", type=Path, help="put the result into this Markdown file")
    asked = parser.parse_args()
    if not base.base_ready():
        sys.exit("run `peerwatch fleet build` first")
    cache.hold()
    tree = base.place()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PEERWATCH_CACHE"] = f"{folder}/cache"
        os.environ["TMPDIR"] = tempfile.tempdir = f"{folder}/temporary"
        Path(tempfile.tempdir).mkdir()
        cache.folder().mkdir(parents=True)
        base.place().symlink_to(tree)
        direct, inspect, tick, took = soak(asked.rollouts, asked.at_once)
        tempfile.tempdir = None
    text = markdown(asked.rollouts, asked.at_once, direct, inspect, tick, took)
    print(text)
    if asked.write:
        asked.write.write_text(f"# Soak\n\n{text}")
    sys.exit(not all(row.ok for row in (*direct, *inspect)))


if __name__ == "__main__":
    main()
