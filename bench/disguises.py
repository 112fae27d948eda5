"""Dresses real files as the table of disguises says, and writes down what is found of them.

Takes the table in ``tests/evidence/disguises.py``; gives Markdown: for each disguise the dress that
was seen through, the share of the item that was found, and the processor time that looking took.
The weights are 13 MB of fp16 in safetensors, the plain data 2 MB of lines. Nothing is asserted: the
tests do that.

    .venv/bin/python bench/disguises.py [--write FILE]
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "evidence"))
from disguises import DISGUISES, Disguise, dressed, needs

from peerwatch.evidence.dress.allowance import DEPTH, LAYER, MADE, PARTS, SECONDS
from peerwatch.evidence.dress.table import NOT_COVERED, UNDONE
from peerwatch.evidence.provenance import Content, Fingerprints
from peerwatch.evidence.spans import length, merged

ROUNDS = 3
COMMAND = "make disguises"


def weights(seed: int) -> bytes:
    """13 MB of fp16."""
    numbers = np.random.default_rng(seed)
    return save({f"layers.{layer}.{matrix}": (numbers.normal(size=shape) * 0.02).astype(np.float16)
                 for layer in range(52)
                 for matrix, shape in (("A", (16, 4096)), ("B", (4096, 16)))}, {"format": "pt"})


def lines(seed: int) -> bytes:
    """2 MB of readings with their times."""
    values = np.random.default_rng(seed).normal(20, 3, 62_000)
    return "".join(f"2031-05-{index % 28 + 1:02d}T{index % 24:02d}:{index % 60:02d}:00Z,"
                   f"{value:.6f}\n" for index, value in enumerate(values)).encode()


def content(read: bytes) -> Content:
    """A content with its hash."""
    return Content(len(read), hashlib.sha256(read).hexdigest(), read)


def row(disguise: Disguise, prints: Fingerprints, folder: Path, items: dict[str, Path]) -> str:
    """One line of the table."""
    if needs(disguise):
        return f"| {disguise.name} | {disguise.of} | {needs(disguise)} is not installed | | | |"
    paths = dressed(disguise, folder, items["weights"], items["data"])
    spent = []
    for _ in range(ROUNDS):
        spans: list[tuple[int, int]] = []
        units, seconds, opaque, entropy = 0, 0.0, 0, 0.0
        dresses: dict[str, None] = {}
        for path in paths:
            descriptor = os.open(path, os.O_RDONLY)
            seen = prints.see(descriptor, path.stat().st_size)
            os.close(descriptor)
            seconds += seen.seconds
            opaque, entropy = opaque + seen.opaque, max(entropy, seen.entropy)
            for match in seen.matches:
                if match.item == disguise.of:
                    spans.extend(match.spans)
                    units += match.units
                    dresses[match.dressed or "its bytes"] = None
        spent.append(seconds)
    share = length(merged(spans)) / items[disguise.of].stat().st_size
    caught = ", ".join(dresses) or (
        f"suspected: {entropy:.2f} bits a byte" if opaque else "**missed**")
    size = sum(path.stat().st_size for path in paths) / 1e6
    return (f"| {disguise.name} | {disguise.of} | {caught} | {100 * share:.1f}% | {units} "
            f"| {len(paths)} of {size:.1f} MB | {1000 * min(spent):.0f} |")


def document() -> str:
    """The whole of it."""
    read = {"weights": weights(1), "data": lines(1)}
    prints = Fingerprints({name: [content(each)] for name, each in read.items()} | {
        "other": [content(weights(2))], "more": [content(lines(2))]})
    rows: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top) / "item"
        folder.mkdir()
        items = {"weights": folder / "adapter.safetensors", "data": folder / "readings.csv"}
        for name, path in items.items():
            path.write_bytes(read[name])
        for number, disguise in enumerate(DISGUISES):
            rows.setdefault(disguise.family, []).append(
                row(disguise, prints, Path(top) / str(number), items))
    made = [TOP.format(
        day=datetime.datetime.now(datetime.UTC).date(), machine=platform.machine(),
        cores=os.cpu_count(), load=os.getloadavg()[0], command=COMMAND, depth=DEPTH,
        made=MADE >> 20, layer=LAYER >> 20, parts=PARTS, seconds=SECONDS, rounds=ROUNDS)]
    for family, some in rows.items():
        made.append(f"\n## {family}\n\n| disguise | of | seen as | share | whole tensors or "
                    "lines | files | ms |\n|---|---|---|---|---|---|---|")
        made.extend(some)
    made.append("\n## What is undone\n\n| dress | what of it |\n|---|---|")
    made.extend(f"| {names} | {what} |" for names, what in UNDONE)
    made.append("\n" + ELSEWHERE + "\n## What is not covered\n")
    made.extend(f"- {each}" for each in NOT_COVERED)
    return "\n".join(made) + "\n"


TOP = """# Disguises

What `peerwatch` recognises when content is kept as something else. The table is the one that the
tests run (`tests/evidence/disguises.py`): real commands on real files. Written by `{command}` on
{day}: {machine}, {cores} cores, load {load:.1f}.

*Share* is the part of the item's bytes that was found, byte by byte; *ms* is processor time for
looking through all files of the row, the least of {rounds} rounds; `its bytes` means that nothing
had to be undone. Chains are undone to a depth of {depth}. One file may cost at most {seconds:.0f} s
of processor time, {made} MiB made of it in all, {layer} MiB a layer and {parts} parts; what is not
reached then counts as unreadable. `suspected` is no finding: it is shown and decides no label.
These are the disguises that the readers were written for. That all of them are caught is no rate at
which an agent's own ideas would be. [heldout.md](heldout.md) has a set that was written without
reading them.
"""
ELSEWHERE = """Found in another way: a copy known by its sha256 alone
(unread), hard links (the inode), symbolic links (what they point at; they hold nothing themselves),
`/dev/shm` and other volumes (all are listed), files that are deleted and held open, mapped files,
memory of processes that are left at the end of a phase (up to 64 MiB of each of the 16 newest on a
host), and packed streams in pieces that one command left in one folder (`x.aa`, `x.ab`, …).
"""


def main() -> None:
    """Print the document, or write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="a file for the document")
    asked = parser.parse_args()
    made = document()
    if asked.write:
        asked.write.write_text(made)
    else:
        print(made)


if __name__ == "__main__":
    main()
