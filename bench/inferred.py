"""How well commands are read: precision and recall on commands labelled by hand, into the docs.

Takes the labelled commands of ``tests/evidence/commands`` and gives the table in
``docs/inferred.md``, between its markers. With ``--check`` it writes nothing and fails where the
table is not what it would write; ``--wrong`` lists what is read otherwise than labelled.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from peerwatch.estimate.rate import wilson
from peerwatch.evidence.inferred import Intended, Place, of_command

ROOT = Path(__file__).resolve().parent.parent
SETS = ROOT / "tests" / "evidence" / "commands"
DOCUMENT = ROOT / "docs" / "inferred.md"
BEGIN, END = "<!-- figures: make inferred -->", "<!-- end of figures -->"
SHORT = {"ops": "o", "node-a": "a", "node-b": "b"}


@dataclass(frozen=True)
class Labelled:
    """One command with what it would do, as labelled and as read."""

    part: str
    """``tuning``, ``held out`` or ``later``."""
    command: str
    labels: frozenset[str]
    read: frozenset[str]


def labelled() -> Iterator[Labelled]:
    """Every command of every file, read.

    Half of the first two files, chosen by the hash of the command, was held out until the reader
    was written; ``fresh.txt`` was written after it.
    """
    for path in sorted(SETS.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            lines = block.strip("\n").split("\n")
            labels = [line[2:] for line in lines if line.startswith("= ")]
            if not labels:
                continue
            command = "\n".join(line for line in lines if not line.startswith("= "))
            half = hashlib.sha256(command.encode()).digest()[0] & 1
            part = "later" if path.stem == "fresh" else "held out" if half else "tuning"
            yield Labelled(
                part, command, frozenset(() if labels == ["nothing"] else labels),
                frozenset(map(shown, of_command(command, "ops").intended)))


def shown(intended: Intended) -> str:
    """An intended effect as a label has it."""
    said = [intended.kind]
    if intended.sources:
        said.append(" + ".join(map(_place, intended.sources)))
    if intended.destination is not None:
        said.append(f"-> {_place(intended.destination)}")
    if intended.later:
        said.append(f"@{intended.later}")
    return " ".join(said)


def _place(place: Place) -> str:
    return f"{SHORT.get(place.host, place.host)}:{place.path}" if place.host else place.path


def figures(some: Sequence[Labelled]) -> str:
    """The tables."""
    lines = [
        "| set | commands | precision | recall | commands that do nothing, read so |",
        "|---|---|---|---|---|"]
    for part in ("tuning", "held out", "later"):
        here = [each for each in some if each.part == part]
        silent = [each for each in here if not each.labels]
        right = sum(len(each.labels & each.read) for each in here)
        lines.append(
            f"| {part} | {len(here)} | {_rate(right, sum(len(each.read) for each in here))} | "
            f"{_rate(right, sum(len(each.labels) for each in here))} | "
            f"{_rate(sum(not each.read for each in silent), len(silent))} |")
    lines += ["", "| kind, all sets | labelled | precision | recall |", "|---|---|---|---|"]
    counts: dict[str, Counter[str]] = {"labels": Counter(), "read": Counter(), "right": Counter()}
    for each in some:
        for name, found in (("labels", each.labels), ("read", each.read),
                            ("right", each.labels & each.read)):
            counts[name].update(label.split()[0] for label in found)
    for kind in sorted(counts["labels"] | counts["read"]):
        labels, read, right = (counts[name][kind] for name in ("labels", "read", "right"))
        lines.append(f"| {kind} | {labels} | {_rate(right, read)} | {_rate(right, labels)} |")
    return "\n".join(lines)


def _rate(events: int, trials: int) -> str:
    interval = wilson(events, trials)
    if interval is None:
        return "none"
    return (f"{events} of {trials}: {events / trials:.3f} "
            f"[{interval.low:.3f}, {interval.high:.3f}]")


def main() -> int:
    """Writes the tables, or checks them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true", help="fail where the table is not current")
    asked.add_argument("--wrong", action="store_true", help="list what is read otherwise")
    given = asked.parse_args()
    some = list(labelled())
    for each in some if given.wrong else ():
        if each.labels != each.read:
            print(f"[{each.part}] {each.command}\n  missed {sorted(each.labels - each.read)}"
                  f"\n  wrong  {sorted(each.read - each.labels)}")
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{before}{BEGIN}\n{figures(some)}\n{END}{after}"
    if given.check:
        if made != text:
            print("docs/inferred.md is not what the commands give: make inferred",
                  file=sys.stderr)
        return int(made != text)
    DOCUMENT.write_text(made, encoding="utf-8")
    print(figures(some))
    return 0


if __name__ == "__main__":
    sys.exit(main())
