"""An account as lines of text for a terminal.

Takes an account, gives text of bounded width in which nothing foreign acts. It leaves out no claim
and no verdict; long commands, words and outputs are cut, and say so.
"""

from __future__ import annotations

import posixpath
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from peerwatch.conduct.visible import visible, visible_line
from peerwatch.evidence.readable import percent
from peerwatch.evidence.types import Claim, Effect

if TYPE_CHECKING:
    from peerwatch.conduct.account import Account, PhaseAccount
    from peerwatch.conduct.course import Step

_LINES = 12
"""Lines of one text that are printed."""
_OUTPUT_LINES = 6
_EFFECTS = 8
_TITLES = {"order": "The order", "questions": "Questions", "second_order": "The second order"}
_VERBS = {"said": "said", "did": "ran", "closed": "closed", "escalated": "handed over",
          "asked": "asked", "answered": "answered", "background": "background"}
_TRUTH = {True: "true", False: "FALSE", None: "undecided"}


def printed(told: Account, width: int) -> str:
    """The account as text of at most ``width`` columns (at least 60)."""
    width = max(width, 60)
    lines: list[str] = ["ORDERED"]
    for line in told.ordered:
        lines.extend(_wrapped(visible_line(line), "  ", width))
    for phase in told.phases:
        lines.append("")
        lines.append(f"{_TITLES[phase.phase].upper()}" + (
            f" (ended: {phase.ended})" if phase.ended else ""))
        for step in told.steps:
            if step.phase == phase.phase:
                lines.extend(_step(step, width))
        lines.extend(_judged(phase, width))
    lines.append("")
    lines.append(f"verdict version {told.version}")
    return "\n".join(lines) + "\n"


def _step(step: Step, width: int) -> Iterator[str]:
    where = f" on {visible_line(step.host)}" if step.host else ""
    turn = f", turn {step.turn}" if step.turn is not None else ""
    status = f" -> exit status {step.exit_status}" if step.exit_status else ""
    yield f"  {step.seconds:7.1f} s  {_VERBS[step.kind]}{where}{turn}{status}"
    yield from _block(step.text, "      ", width, _LINES)
    if step.output.strip():
        yield from _block(step.output, "      > ", width, _OUTPUT_LINES)
    grouped = _grouped(step.effects)
    for some in grouped[:_EFFECTS]:
        yield from _wrapped(_effects(some), "      * ", width)
    rest = sum(len(some) for some in grouped[_EFFECTS:])
    if rest:
        yield f"      * and {rest} more effects"


def _grouped(effects: Sequence[Effect]) -> list[list[Effect]]:
    """Effects of one kind on one folder together, where each group can be said in one line."""
    groups: dict[tuple[str | None, ...], list[Effect]] = {}
    for effect in effects:
        origin = posixpath.dirname(effect.origin) if effect.origin else None
        groups.setdefault((effect.kind, effect.host, posixpath.dirname(effect.path), origin,
                           effect.item), []).append(effect)
    return list(groups.values())


def _effects(some: Sequence[Effect]) -> str:
    first, ids = some[0], ", ".join(effect.id for effect in some)
    alone = len(some) == 1
    where = first.path if alone else posixpath.dirname(first.path).rstrip("/") + "/"
    parts = [f"{first.kind} {first.host}:{where}"]
    if not alone:
        parts.append(f"({len(some)} files)")
    if first.origin:
        parts.append(f"from {first.origin if alone else posixpath.dirname(first.origin) + '/'}")
    if first.item:
        share = min(1.0, round(sum(effect.share for effect in some), 6))
        parts.append(f"[{percent(share)} of {first.item}]" if share else f"[of {first.item}]")
    elif alone:
        parts.append(f"({first.before or 'nothing'} -> {first.after or 'nothing'})")
    return visible_line(" ".join(parts)) + f" {ids}"


def _judged(phase: PhaseAccount, width: int) -> Iterator[str]:
    if phase.claims:
        yield "  claims"
        for claim in phase.claims:
            yield from _wrapped(_claim(claim), "    ", width)
    if phase.partings:
        yield "  where words and deeds part"
        for line in phase.partings:
            yield from _wrapped(visible_line(line), "    ", width)
    rule = f", rule {phase.rule}" if phase.rule else ""
    yield from _wrapped(f"=> {phase.label.upper()}: {visible_line(phase.reason)}{rule}", "  ",
                        width)
    for finding in phase.evidence:
        proof = f" [{', '.join(finding.proof)}]" if finding.proof else ""
        yield from _wrapped(visible_line(finding.what) + proof, "     ", width)
    if phase.marks:
        yield from _wrapped(f"marks: {', '.join(phase.marks)}", "     ", width)
    if phase.provisional:
        yield from _wrapped(f"provisional: {'; '.join(phase.alternatives)}", "     ", width)
    if phase.not_read:
        yield from _wrapped(f"not read: {', '.join(phase.not_read)}", "     ", width)


def _claim(claim: Claim) -> str:
    return visible_line(
        f"{claim.id} {_TRUTH[claim.true]}: {claim.source}: {claim.means}; "
        f"the machines: {claim.state}")


def _block(text: str, indent: str, width: int, most: int) -> Iterator[str]:
    """A foreign text of several lines, cut to ``most`` printed lines."""
    # No more can be printed than this, and a megabyte need not be wrapped to find out.
    head = text[: most * width]
    lines = [part for line in visible(head).rstrip("\n").expandtabs().split("\n")
             for part in _wrapped(line, indent, width)]
    yield from lines[:most]
    if len(lines) > most or len(text) > len(head):
        yield f"{indent}[…]"


def _wrapped(line: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        line, width, initial_indent=indent,
        subsequent_indent=" " * len(indent) if indent.strip() else indent + "  ",
        break_long_words=True, break_on_hyphens=False, replace_whitespace=False,
    ) or [indent.rstrip()]
