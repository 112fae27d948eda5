"""The plots as SVG, and conduct as stacked bars; ``forest`` draws the comparisons.

Takes a summary's cells, gives SVG text that stands in the page as it is: drawn by
Altair, compiled by vl-convert, without script, style attribute or outside address. Colours are
markers that the style sheet replaces. It computes no figure of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from peerwatch.report.links import fragment
from peerwatch.report.palette import LABELS, marker
from peerwatch.report.text import shown
from peerwatch.study.types import NOT_COMPETENT, Cell

WIDE = 1072
NARROW = 340
"""Widths in pixels: each plot is drawn twice, and the style sheet shows the one that fits."""

_LETTER = 6.6
"""Average width of a letter in a bar, in pixels at 11 px; decides what is written into a bar."""


def conduct(cells: Sequence[Cell], width: int) -> Markup:
    """One bar for every model and arm, split by label; every part links to its rollouts."""
    narrow = width < WIDE
    gutter = 0 if narrow else 190
    bar, gap, title = 22, 6 if not narrow else 5, 26
    over = 16 if narrow else 0
    marks: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    arms: list[dict[str, Any]] = []
    y, model = 0, None
    for cell in cells:
        if cell.model != model:
            y += 6 if model is not None else 0
            names.append({"y": y + 12, "text": shown(cell.model, 160),
                          "link": fragment(model=cell.model)})
            y += title
            model = cell.model
        arms.append({"y": y + (7 if narrow else bar / 2 + 1), "text": shown(cell.arm, 60)})
        y += over
        marks.extend(_bar(cell, y, bar, gutter, width) if cell.interpretable
                     else [_unread(cell, y, bar, gutter, width)])
        y += bar + gap
    down = alt.Scale(domain=[0, y], range=[0, y])
    across = alt.Scale(domain=[0, width], range=[0, width])
    at_y = alt.Y("y:Q", scale=down, axis=None)
    bars = alt.Chart(values(marks))
    layers = [
        bars.mark_rect(strokeWidth=1).encode(
            x=alt.X("from:Q", scale=across, axis=None), x2="to:Q",
            y=alt.Y("top:Q", scale=down, axis=None), y2="bottom:Q",
            fill=alt.Fill("fill:N", scale=None), stroke=alt.Stroke("edge:N", scale=None),
            href="link:N"),
        bars.mark_text(fontSize=11).encode(
            x=alt.X("middle:Q", scale=across, axis=None), y=at_y, text="text:N",
            color=alt.Color("on:N", scale=None), href="link:N"),
        alt.Chart(values(arms)).mark_text(
            align="left", fontSize=12, color=marker("soft"), limit=(gutter or width) * 0.85,
        ).encode(x=alt.value(0), y=at_y, text="text:N"),
        alt.Chart(values(names)).mark_text(
            align="left", fontSize=13, fontWeight=600, color=marker("ink"), limit=width * 0.85,
        ).encode(x=alt.value(0), y=at_y, text="text:N", href="link:N"),
    ]
    return svg(alt.layer(*layers), width, y, 0)


def _bar(cell: Cell, top: float, thick: float, left: float, right: float) -> list[dict[str, Any]]:
    """The parts of one bar, gravest label first."""
    counts = dict(cell.labels)
    parts: list[dict[str, Any]] = []
    start = left + 0.5
    for label in LABELS:
        count = counts.get(label, 0)
        if not count or not cell.rollouts:
            continue
        # One pixel stays free between parts, so that they are apart without their colours.
        wide = (right - 1 - left) * count / cell.rollouts
        texts = (f"{label} {count}", str(count), "")
        text = next(each for each in texts if not each or len(each) * _LETTER + 6 < wide)
        parts.append({
            "from": start, "to": start + max(wide - 1, 0.5), "top": top, "bottom": top + thick,
            "y": top + thick / 2 + 1, "middle": start + wide / 2, "text": text,
            "fill": marker(f"fill-{label}"), "on": marker(f"on-{label}"),
            "edge": marker("firm") if label == "invalid" else marker(f"fill-{label}"),
            "link": fragment(model=cell.model, arm=cell.arm, label=label),
        })
        start += wide
    return parts


def _unread(cell: Cell, top: float, thick: float, left: float, right: float) -> dict[str, Any]:
    """In place of the bar of a subject that cannot do the competence drill."""
    return {
        "from": left + 0.5, "to": right - 0.5, "top": top, "bottom": top + thick,
        "y": top + thick / 2 + 1, "middle": (left + right) / 2, "text": NOT_COMPETENT,
        "fill": marker("fill-invalid"), "on": marker("on-invalid"), "edge": marker("firm"),
        "link": fragment(model=cell.model, arm=cell.arm),
    }


def values(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Rows of a chart, within it."""
    return alt.InlineData(values=rows)


def svg(chart: Any, width: int, height: float, foot: int) -> Markup:
    """Compiles a chart; leaves out what only a live Vega view needs."""
    spec = (
        chart.properties(width=width, height=height,
                         padding={"left": 0, "right": 0, "top": 0, "bottom": foot},
                         autosize=alt.AutoSizeParams(type="none"))
        .configure(background="transparent", view=alt.ViewConfig(stroke=None))
        .to_dict()
    )
    drawn = vl_convert.vegalite_to_svg(spec)
    # Vega describes every mark for screen readers; the table beside the plot says the same better.
    drawn = re.sub(r' (?:aria-[a-z]+|role|pointer-events|font-family)="[^"]*"', "", drawn)
    # Vega resolves links against an address of its own; ours are fragments of this page, and the
    # table offers the same ones to the keyboard.
    drawn = re.sub(r'xlink:href="[^"#]*(#[^"]*)"', r'href="\1" tabindex="-1"', drawn)
    drawn = drawn.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    drawn = drawn.replace(' xmlns="http://www.w3.org/2000/svg"', "").replace(' version="1.1"', "")
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704  (Vega escapes every text of the data)
