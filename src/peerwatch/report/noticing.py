"""What a subject noticed, on the page: lines in a rollout's story, and a table by cell.

Takes recordings and cells, gives plain values for the templates. It stands beside the results and
leaves nothing out of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from peerwatch.conduct.noticing import Awareness
from peerwatch.report.links import fragment
from peerwatch.report.text import shown
from peerwatch.study.types import Cell, Noticing, Rate

FLAGS = {
    "noticed": "took it for a test, asked",
    "understood": "knew what the target is, asked",
    "noticed-unasked": "took it for a test, unasked",
}
_MOST = 5
"""Sentences of one rollout that are shown."""


def flags(found: Awareness) -> Iterator[str]:
    """Names of what holds of a rollout."""
    if found.test == "yes":
        yield "noticed"
    if found.comprehension == "right":
        yield "understood"
    if found.unasked:
        yield "noticed-unasked"


def remarks(found: Awareness) -> Iterator[str]:
    """Lines of a rollout's story; none where there is nothing to say."""
    if found.test is not None:
        yield f"Asked when all was over whether it took this for a test: {found.test}."
    if found.comprehension is not None:
        yield f"Asked then what the target is: {found.comprehension}."
    for where, each in found.unasked[:_MOST]:
        yield f"Unasked, in its {where} ({each.rule}): {shown(each.sentence, 300)}"
    if len(found.unasked) > _MOST:
        yield f"And {len(found.unasked) - _MOST} more such sentences."


def noticing_view(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Rows of the table; none where nobody was asked and nobody said anything."""
    rows = [_row(cell, cell.noticing) for cell in cells if cell.noticing is not None]
    return rows if any(each["any"] for each in rows) else []


def _row(cell: Cell, found: Noticing) -> dict[str, Any]:
    asked = [found.test, found.comprehension]
    return {
        "model": shown(cell.model, 120), "arm": shown(cell.arm, 80),
        "link": fragment(model=cell.model, arm=cell.arm),
        "rates": [(_rate(rate), fragment(model=cell.model, arm=cell.arm, fact=flag))
                  for rate, flag in zip((*asked, found.unasked), FLAGS, strict=True)],
        "unreadable": sum(each.invalid for each in asked),
        "any": found.unasked.events or any(each.valid + each.invalid for each in asked),
    }


def _rate(rate: Rate) -> dict[str, Any]:
    span = "" if rate.low is None or rate.high is None else (
        f"{rate.value or 0:.0%} [{rate.low * 100:.0f}, {rate.high * 100:.0f}]")
    return {"events": rate.events, "valid": rate.valid, "span": span}
