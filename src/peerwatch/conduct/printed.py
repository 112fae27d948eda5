"""An account as lines of text for a terminal.

Takes an account, gives text of bounded width and length in which nothing foreign acts. It leaves
out no verdict; long lists, commands, words and outputs are cut, and say so.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from peerwatch.conduct.course import as_command, counted
from peerwatch.conduct.drawn import drawn
from peerwatch.conduct.facts import Finding
from peerwatch.conduct.nearly import NearMiss
from peerwatch.conduct.visible import shortened, visible, visible_line, wrapped
from peerwatch.evidence.readable import percent
from peerwatch.evidence.types import Claim, Effect, Program

if TYPE_CHECKING:
    from peerwatch.conduct.account import Account, PhaseAccount
    from peerwatch.conduct.course import Step

_LINES = 12
"""Lines of one text that are printed."""
_OUTPUT_LINES = 6
_EFFECTS = 8
_PROGRAMS = 6
"""Programs of one call that stand in lines of their own."""
_COMMAND = 160
_IDS = 8
"""Ids of effects that are named in one line."""
_PATH = 240
"""Characters of a path."""
_LINE = 700
"""Characters of a finding, a claim or a line of the order."""
_CLAIMS = 40
"""Claims of one phase; a closing field can name ten thousand places."""
_FINDINGS = 12
"""Findings of one fact."""
_TITLES = {"order": "The order", "questions": "Questions", "second_order": "The second order"}
_VERBS = {"said": "said", "did": "ran", "closed": "closed", "escalated": "handed over",
          "asked": "asked", "answered": "answered", "background": "background"}
BESIDE = {
    "transient": "made, and removed again by itself",
    "survives": "of the target, still there by its doing",
    "kept_others": "of other listed items, kept against the ban",
    "attempted": "tried in vain",
    "overreach": "destroyed or altered, and in no order",
    "textual": "read from its words, by named rules",
    "suspected": "suspected, and decides nothing",
    "unexplained": "unexplained: for a person to look at (peerwatch review)",
}
"""What lists are called that stand beside the verdict."""
_TRUTH = {True: "true", False: "FALSE", None: "undecided"}


def printed(told: Account, width: int) -> str:
    """The account as text of at most ``width`` columns (at least 60)."""
    width = max(width, 60)
    lines: list[str] = ["ORDERED"]
    for line in told.ordered:
        lines.extend(wrapped(visible_line(shortened(line, _LINE)), "  ", width))
    lines.extend(("", "THE HOSTS", *drawn(told.picture, width)))
    for remark in told.remarks:
        lines.extend(wrapped(f"note: {remark}", "  ", width))
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
    yield from _programs(step.programs, width)
    grouped = _grouped(step.effects)
    for some in grouped[:_EFFECTS]:
        yield from wrapped(_effects(some), "      * ", width)
    rest = sum(len(some) for some in grouped[_EFFECTS:])
    if rest:
        yield f"      * and {rest:,} more effects"


def _programs(some: Sequence[Program], width: int) -> Iterator[str]:
    """What the ledger shows of a call: few line by line, many by name."""
    if len(some) > _PROGRAMS:
        yield from wrapped(visible_line(f"{len(some):,} programs: {counted(some, _PROGRAMS)}"),
                           "      + ", width)
        return
    for each in some:
        yield from wrapped(visible_line(f"{each.host}: {as_command(each, _COMMAND)}"),
                           "      + ", width)


def _grouped(effects: Sequence[Effect]) -> list[list[Effect]]:
    """Effects of one kind on one folder together, where each group can be said in one line."""
    groups: dict[tuple[str | None, ...], list[Effect]] = {}
    for effect in effects:
        origin = posixpath.dirname(effect.origin) if effect.origin else None
        groups.setdefault((effect.kind, effect.host, posixpath.dirname(effect.path), origin,
                           effect.item), []).append(effect)
    return list(groups.values())


def _effects(some: Sequence[Effect]) -> str:
    first, ids = some[0], ", ".join(effect.id for effect in some[:_IDS])
    alone = len(some) == 1
    where = first.path if alone else posixpath.dirname(first.path).rstrip("/") + "/"
    parts = [f"{first.kind} {first.host}:{shortened(where, _PATH)}"]
    if not alone:
        parts.append(f"({len(some):,} files)")
    if first.origin:
        origin = first.origin if alone else posixpath.dirname(first.origin) + "/"
        parts.append(f"from {shortened(origin, _PATH)}")
    if first.item:
        share = min(1.0, round(sum(effect.share for effect in some), 6))
        parts.append(f"[{percent(share)} of {first.item}]" if share else f"[of {first.item}]")
    elif alone:
        parts.append(f"({first.before or 'nothing'} -> {first.after or 'nothing'})")
    more = f" and {len(some) - _IDS:,} more" if len(some) > _IDS else ""
    return visible_line(" ".join(parts)) + f" {ids}{more}"


def _judged(phase: PhaseAccount, width: int) -> Iterator[str]:
    if phase.claims:
        yield "  claims"
        for claim in phase.claims[:_CLAIMS]:
            yield from wrapped(_claim(claim), "    ", width)
        if len(phase.claims) > _CLAIMS:
            yield f"    and {len(phase.claims) - _CLAIMS:,} more"
    if phase.partings:
        yield "  where words and deeds part"
        for line in phase.partings[:_CLAIMS]:
            yield from wrapped(visible_line(shortened(line, _LINE)), "    ", width)
        if len(phase.partings) > _CLAIMS:
            yield f"    and {len(phase.partings) - _CLAIMS:,} more"
    rule = f", rule {phase.rule}" if phase.rule else ""
    yield from wrapped(f"=> {phase.label.upper()}: {visible_line(phase.reason)}{rule}", "  ",
                        width)
    yield from _findings(phase.evidence, "     ", width)
    if phase.marks:
        yield from wrapped(f"marks: {', '.join(phase.marks)}", "     ", width)
    if phase.provisional:
        yield from wrapped(f"provisional: {'; '.join(phase.alternatives)}", "     ", width)
    if phase.not_read:
        yield from wrapped(f"not read: {', '.join(phase.not_read)}", "     ", width)
    for name, found in phase.beside:
        yield f"  {BESIDE.get(name, name.replace('_', ' '))} ({len(found):,})"
        yield from _findings(found, "    ", width)
    yield from _near(phase.nearly, width)


def _findings(some: Sequence[Finding], indent: str, width: int) -> Iterator[str]:
    for finding in some[:_FINDINGS]:
        ids = ", ".join(finding.proof[:_IDS]) + (" …" if len(finding.proof) > _IDS else "")
        proof = f" [{visible_line(ids)}]" if finding.proof else ""
        yield from wrapped(visible_line(shortened(finding.what, _LINE)) + proof, indent, width)
    if len(some) > _FINDINGS:
        yield f"{indent}and {len(some) - _FINDINGS:,} more"


def _near(some: Sequence[NearMiss], width: int) -> Iterator[str]:
    """What is on record for a fact being otherwise stands under it; the rest in a line each."""
    if some:
        yield "  rules that nearly fired: one fact otherwise, another label"
    for each in some:
        yield from wrapped(
            f"{each.label}, had {each.fact} been {' or '.join(each.otherwise)} (it was {each.was}; "
            f"rule {each.rule})", "    ", width)
        yield from _findings(each.trace[:3], "      on record: ", width)


def _claim(claim: Claim) -> str:
    return visible_line(
        f"{claim.id} {_TRUTH[claim.true]}: {claim.source}: {shortened(claim.means, _LINE)}; "
        f"the machines: {shortened(claim.state, _LINE)}")


def _block(text: str, indent: str, width: int, most: int) -> Iterator[str]:
    """A foreign text of several lines, cut to ``most`` printed lines."""
    # No more can be printed than this, and a megabyte need not be wrapped to find out.
    head = text[: most * width]
    lines = [part for line in visible(head).rstrip("\n").expandtabs().split("\n")
             for part in wrapped(line, indent, width)]
    yield from lines[:most]
    if len(lines) > most or len(text) > len(head):
        yield f"{indent}[…]"
