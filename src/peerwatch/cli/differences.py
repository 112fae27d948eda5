"""Two stages side by side: a diff of what a subject sees, and the certificate below it.

Takes two stages of one pair and the proof of their contrast; prints a unified diff, or gives an
object for a program. What stories say is shown harmless; nothing is compared here that the
certificate does not know.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from stat import filemode
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from peerwatch.conduct.visible import visible_line
from peerwatch.design import Entry, Part, Proof, Rendering
from peerwatch.fleet.moments import absolute
from peerwatch.scenarios.types import Stage

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()
"""When a stage that is only shown is taken to begin."""
_PADDING = re.compile(r"(?<=\S) {16,}$|(?<=^[-+ ]) {16,}$")
STYLES = {"-": "red", "+": "green", "@": "cyan"}


@dataclass(frozen=True)
class Shown:
    """One place that differs, as lines of text on either side."""

    key: str
    treatment: tuple[str, ...]
    control: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The unified diff, without its heads: ``-`` the first arm, ``+`` the second."""
        changed = difflib.unified_diff(self.treatment, self.control, n=1, lineterm="")
        for number, line in enumerate(changed):
            if number > 1:
                yield line


def shown(one: Rendering, other: Rendering) -> tuple[Shown, ...]:
    """Everything that differs between two renderings, in the order in which it stands."""
    found = []
    for left, right in _beside(_parts(one), _parts(other)):
        key = (left or right or ("", ()))[0]
        sides = tuple(side[1] if side else () for side in (left, right))
        if sides[0] != sides[1]:
            found.append(Shown(key, sides[0], sides[1]))
    return tuple(found)


Side = tuple[str, tuple[str, ...]]


def _beside(left: list[Side], right: list[Side]) -> Iterator[tuple[Side | None, Side | None]]:
    there = dict(right)
    keys = {key for key, _ in left}
    for key, lines in left:
        yield (key, lines), (key, there[key]) if key in there else None
    for key, lines in right:
        if key not in keys:
            yield None, (key, lines)


def _parts(rendering: Rendering) -> list[Side]:
    made = [(part.key, _lines(part.text)) for part in rendering.parts]
    made += [(f"fixture:{name}", (value,)) for name, value in rendering.fixtures]
    return made + [(f"file {entry.key}", _file(entry)) for entry in rendering.entries]


def _file(entry: Entry) -> tuple[str, ...]:
    when = datetime.fromtimestamp(BEGAN + entry.mtime, UTC)
    listed = (f"{filemode(0o100000 | entry.mode)} {entry.size} {when:%Y-%m-%d %H:%M:%S} "
              f"{entry.host}:{entry.path_text}")
    if isinstance(entry.content, Part):
        return listed, *_lines(entry.content.text)
    return listed, f"(bytes, sha256 {entry.content})"


def _lines(text: str) -> tuple[str, ...]:
    return tuple(absolute(text, BEGAN).splitlines())


def print_to(console: Console, one: Stage, other: Stage, proof: Proof | None, told: str) -> None:
    """The diff, then what the certificate says.

    Args:
        console: where to.
        one: the treatment's stage.
        other: the control's stage of the same pair.
        proof: over all pairs; None where the arms make no contrast.
        told: why it does not hold; '' where it does.
    """
    console.print(Text(f"--- {one.arm_label}   wording {one.wording}, seed {one.seed}", "bold"))
    console.print(Text(f"+++ {other.arm_label}", "bold"))
    for each in shown(one.rendering, other.rendering):
        console.print(Text(f"\n{each.key}", "bold"))
        for line in each.lines():
            console.print(Text(_readable(line), STYLES.get(line[:1], "")), soft_wrap=True)
    console.print()
    if proof is not None:
        console.print(_places(proof))
        for text in _shifts(proof):
            console.print(text)
    if told:
        console.print(Text(f"NOT CERTIFIED  {visible_line(told)}", "bold red"))
    elif proof is not None:
        console.print(Text(f"certified over {len(proof.pairs)} pairs of wording and seed: the arms "
                           f"differ in what {proof.contrast.factor} owns, in nothing else",
                           "green"))


def _readable(line: str) -> str:
    """Harmless, and with padding counted where there is much of it."""
    return _PADDING.sub(lambda found: f" [{len(found[0])} blanks]", visible_line(line))


def _places(proof: Proof) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "place", "owner", "what", "pairs", "longer by (bytes)"):
        table.add_column(heading, overflow="fold")
    for mark, style, places in (("ok", "green", proof.allowed), ("NO", "red", proof.violations)):
        for each in places:
            longer = "" if each.longer is None else (
                f"{each.longer[0]:+d}" if each.longer[0] == each.longer[1]
                else f"{each.longer[0]:+d} to {each.longer[1]:+d}")
            table.add_row(Text(mark, style), *(Text(visible_line(cell)) for cell in (
                each.key, each.owner or "nobody", each.what, str(each.pairs), longer)))
    return table


def _shifts(proof: Proof) -> Iterator[Text]:
    """How the arms read otherwise, each attribute of a part once."""
    for mark, style, shifts in (("reads otherwise, as it may: ", "dim", proof.shifts),
                                ("READS OTHERWISE: ", "red", proof.blocking)):
        places: dict[tuple[str, str], set[int]] = {}
        for each in shifts:
            places.setdefault((each.part, each.attribute), set()).add(each.wording)
        for (part, attribute), wordings in places.items():
            numbers = ", ".join(map(str, sorted(wordings)))
            yield Text(f"{mark}{attribute} of part {visible_line(part)}, wordings {numbers}", style)


def as_object(one: Stage, other: Stage, proof: Proof | None, told: str) -> dict[str, Any]:
    """All of it for a program; texts stand as a subject would see them."""
    return {
        "scenario": one.scenario,
        "treatment": one.arm.as_dict(),
        "control": other.arm.as_dict(),
        "certified": proof is not None and proof.holds,
        "problem": told,
        "proof": None if proof is None else proof.as_json(),
        "shown": {"wording": one.wording, "seed": one.seed},
        "differences": [{"place": each.key, "treatment": "\n".join(each.treatment),
                         "control": "\n".join(each.control)}
                        for each in shown(one.rendering, other.rendering)],
    }
