"""Recorded things as short readable lines: times, sizes, calls, effects.

Takes recorded values and effects, gives what ``view`` holds. It reads no verdict and judges
nothing; all text that it passes on is visible and cut.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from peerwatch.conduct import course
from peerwatch.evidence.types import Effect
from peerwatch.report.links import key
from peerwatch.report.text import excerpt, shown
from peerwatch.report.view import EffectLine, Step


@dataclass(frozen=True)
class Limits:
    """How much of each text stands on the page, in characters; the log has the rest."""

    command: int
    words: int
    output: int
    effects: int
    """Lines of effects beside one step."""
    steps: int
    """Steps of one phase."""
    flows: int
    """Things that moved, and places of one host, in the picture of the hosts."""
    findings: int
    """Findings of one fact."""
    claims: int
    """Claims of one phase."""
    programs: int
    """Lines of programs of one call; 0: their names alone."""


def limits(among: int) -> Limits:
    """Limits that keep a page of so many rollouts small enough to open."""
    if among <= 100:
        return Limits(command=4000, words=6000, output=1500, effects=24, steps=200,
                      flows=30, findings=30, claims=60, programs=40)
    if among <= 500:
        return Limits(command=2000, words=3000, output=600, effects=12, steps=100,
                      flows=16, findings=12, claims=30, programs=12)
    return Limits(command=800, words=1200, output=240, effects=6, steps=60, flows=8,
                  findings=4, claims=15, programs=0)


def anchor(proof: str) -> str:
    """The part of an id that stands for an effect, claim or call; foreign ids become keys."""
    return proof if re.fullmatch(r"[a-z]\d{1,7}", proof) else key(proof)


def since(seconds: float) -> str:
    """Time since the start of the rollout; before it where a clock was set back."""
    if not math.isfinite(seconds):
        return "?"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d}"


def size(count: int) -> str:
    """Bytes in the unit that a reader expects."""
    if count < 1000:
        return f"{count} B"
    for unit, factor in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if count < factor * 999.5 or unit == "GB":
            return f"{count / factor:.3g} {unit}" if count < factor * 99.5 else (
                f"{count / factor:.0f} {unit}")
    raise AssertionError


def left_out(count: int) -> str:
    """The remark under a text that was cut."""
    return f"{count:,} more characters in the log" if count > 0 else ""


_HEAD, _SPARE = 10, 4
"""Lines of an output that stand open; a few more are not worth folding."""
_WHO = {
    "said": "said", "did": "", "closed": "closed the ticket", "escalated": "handed over",
    "asked": "was asked", "answered": "answered", "background": "no call was running",
}


def step_line(step: course.Step, beside: tuple[EffectLine, ...], most: Limits) -> Step:
    """A step of the account with what it printed and what it did."""
    output, output_cut = excerpt(step.output, most.output)
    lines = output.split("\n")
    if len(lines) <= _HEAD + _SPARE:
        lines = ["\n".join(lines)]
    spoken = step.kind in ("said", "asked", "answered")
    text, cut = excerpt(step.text, most.words if spoken else most.command)
    command = "" if spoken or step.kind == "background" else text
    status = ""
    if step.kind == "did" and step.exit_status != 0:
        status = ("no exit status" if step.exit_status is None
                  else f"exit status {step.exit_status}")
    return Step(
        at=since(step.seconds), id=anchor(step.call) if step.call else "",
        host=shown(step.host, 40), who=_WHO[step.kind], prompt="$ " if step.kind == "did" else "",
        command=command, words=text if spoken else "", cut=left_out(cut), status=status,
        output="\n".join(lines[:_HEAD]), output_rest="\n".join(lines[_HEAD:]),
        output_rest_lines=max(0, len(lines) - _HEAD),
        # The account holds no more of an output than this: how much is missing is not known here.
        output_cut="the rest stands in the log" if output_cut or (
            len(step.output) >= course.EXCERPT) else "",
        programs=_programs(step), program_lines=tuple(_program_lines(step, most)),
        effects=beside)


def _programs(step: course.Step) -> str:
    if not step.programs:
        return ""
    count = "1 program" if len(step.programs) == 1 else f"{len(step.programs):,} programs"
    return f"{count}: {shown(course.counted(step.programs, 6), 200)}"


def _program_lines(step: course.Step, most: Limits) -> Iterator[str]:
    for each in step.programs[: most.programs]:
        yield shown(f"{each.host}: {course.as_command(each, 300)}", 400)
    rest = len(step.programs) - most.programs
    if most.programs and rest > 0:
        yield f"{rest:,} more in the log"


KEEPING = frozenset({
    "copied", "moved", "linked", "held", "permissions", "ownership", "sent", "hidden", "encoded"})
"""Effects that leave content of an item somewhere, or make it harder to remove."""


def effect_lines(
    effects: Sequence[Effect], target: str, most: Limits
) -> tuple[tuple[EffectLine, ...], dict[str, str]]:
    """Effects of one step, those on files of one directory in one line.

    Returns:
        The lines, and for every effect's id the id of the line that holds it.
    """
    groups: dict[tuple[str, ...], list[Effect]] = {}
    for effect in effects:
        origin = posixpath.dirname(effect.origin) if effect.origin else ""
        groups.setdefault((
            effect.kind, effect.host, posixpath.dirname(effect.path), origin, effect.item or "",
        ), []).append(effect)
    # The target first: where a step did much, the cut falls on what matters least.
    ordered = sorted(groups.values(), key=lambda group: group[0].item != target)
    lines: list[EffectLine] = []
    places: dict[str, str] = {}
    for group in ordered[: most.effects]:
        lines.append(_effect_line(group, target))
        places |= {effect.id: lines[-1].id for effect in group}
    rest = sum(len(group) for group in ordered[most.effects:])
    if rest:
        lines.append(EffectLine("", f"{rest:,} more", "", "effects in the log", ""))
    return tuple(lines), places


def _effect_line(group: Sequence[Effect], target: str) -> EffectLine:
    first = group[0]
    details: list[str] = []
    if len(group) == 1:
        where, origin = first.path, first.origin
        details.append(
            f"{first.before} → {first.after}" if first.before and first.after
            else first.after or (f"was {first.before}" if first.before else ""))
    else:
        where = posixpath.dirname(first.path) + "/"
        origin = posixpath.dirname(first.origin) + "/" if first.origin else None
        names = ", ".join(posixpath.basename(effect.path) for effect in group[:3])
        details.append(f"{len(group)} files: {names}{' …' if len(group) > 3 else ''}")
    if origin:
        details.insert(0, f"from {origin}")
    if first.item and first.item not in where:
        details.append(f"content of {first.item}")
    weight = ""
    if first.item == target:
        weight = "kept" if first.kind in KEEPING else "t"
    return EffectLine(
        id=anchor(first.id), kind=shown(first.kind, 40), where=shown(f"{first.host}:{where}", 300),
        detail=shown(", ".join(filter(None, details)), 400), weight=weight)
