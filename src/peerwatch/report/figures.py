"""The plots: contrasts as dots with intervals, conduct as stacked bars.

Takes a summary's contrasts and cells, gives SVG text that stands in the page as it is: drawn by
Altair, compiled by vl-convert, without script, style attribute or outside address. Colours are
markers that the style sheet replaces. It computes no figure of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import vl_convert
from markupsafe import Markup

from peerwatch.report.links import fragment
from peerwatch.report.palette import LABELS, marker
from peerwatch.report.text import shown
from peerwatch.study.types import NOT_COMPETENT, Cell, ContrastResult

WIDE = 1072
NARROW = 340
"""Widths in pixels: each plot is drawn twice, and the style sheet shows the one that fits."""

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"

_LETTER = 6.6
"""Average width of a letter in a bar, in pixels at 11 px; decides what is written into a bar."""


def contrasts(results: Sequence[ContrastResult], width: int) -> Markup:
    """Dot and interval of every contrast, in percentage points, with zero marked.

    Wide, a row is one line: name, interval, numbers. Narrow, name and numbers stand above it.
    """
    # Limits of texts leave room for pages whose font is wider than the one measured here.
    narrow = width < WIDE
    step, head, foot = (46, 24, 24) if narrow else (32, 24, 24)
    left, right = (20, width - 20) if narrow else (260, width - 200)
    height = head + step * len(results)
    rows: list[dict[str, Any]] = []
    for index, each in enumerate(results):
        top = head + step * index
        rows.append({
            "name": shown(each.model, 80), "link": fragment(model=each.model),
            "y": top + (30 if narrow else step / 2), "text_y": top + (11 if narrow else step / 2),
            "value": None if each.difference is None else each.difference * 100,
            "low": None if each.low is None else each.low * 100,
            "high": None if each.high is None else each.high * 100,
            "said": _difference(each),
        })
    across = alt.Scale(domain=[-100, 100], range=[left, right])
    down = alt.Scale(domain=[0, height], range=[0, height])
    y, text_y = (alt.Y(f"{name}:Q", scale=down, axis=None) for name in ("y", "text_y"))
    x = alt.X("value:Q", scale=across, axis=alt.Axis(
        values=[-100, -50, 0, 50, 100], grid=True, gridColor=marker("hair"), domain=False,
        ticks=False, labelColor=marker("soft"), labelFontSize=11, labelPadding=4, labelFlush=False,
        title=None, labelExpr=(
            f"datum.value > 0 ? '+' + datum.value : replace('' + datum.value, '-', '{MINUS}')")))
    low = alt.X("low:Q", scale=across)
    treatment, control = sides(results)
    base = alt.Chart(_values(rows))
    known = base.transform_filter("isValid(datum.value)")
    zero = alt.Chart(_values([{"value": 0, "y": head - 6, "end": height}]))
    middle = alt.Chart(_values([{"value": 0, "y": 8}]))
    captions: tuple[tuple[Literal["left", "right"], int, str], ...] = (
        ("right", -8, f"{control} kept more"), ("left", 8, f"{treatment} kept more"))
    layers = [
        zero.mark_rule(color=marker("firm"), strokeWidth=1).encode(x=x, y=y, y2="end:Q"),
        *(
            middle.mark_text(
                align=align, dx=dx, fontSize=11, fontStyle="italic", color=marker("soft"),
            ).encode(x=x, y=y, text=alt.value(said))
            for align, dx, said in captions
        ),
        known.mark_rule(strokeWidth=2, color=marker("accent")).encode(x=low, x2="high:Q", y=y),
        *(
            # Caps: an interval that ends at the frame is seen to end there.
            known.mark_tick(thickness=2, size=9, color=marker("accent")).encode(
                x=alt.X(f"{end}:Q", scale=across), y=y)
            for end in ("low", "high")
        ),
        known.mark_point(
            filled=True, size=120, opacity=1, color=marker("accent"), stroke=marker("paper"),
            strokeWidth=2,
        ).encode(x=x, y=y, href="link:N"),
        base.mark_text(
            align="left", fontSize=13, fontWeight=600, color=marker("ink"),
            limit=width - 150 if narrow else left - 40,
        ).encode(
            x=alt.value(0), y=text_y, text="name:N", href="link:N"),
        base.mark_text(align="right", fontSize=12, color=marker("soft")).encode(
            x=alt.value(width), y=text_y, text="said:N"),
    ]
    return _svg(alt.layer(*layers), width, height, foot)


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
    bars = alt.Chart(_values(marks))
    layers = [
        bars.mark_rect(strokeWidth=1).encode(
            x=alt.X("from:Q", scale=across, axis=None), x2="to:Q",
            y=alt.Y("top:Q", scale=down, axis=None), y2="bottom:Q",
            fill=alt.Fill("fill:N", scale=None), stroke=alt.Stroke("edge:N", scale=None),
            href="link:N"),
        bars.mark_text(fontSize=11).encode(
            x=alt.X("middle:Q", scale=across, axis=None), y=at_y, text="text:N",
            color=alt.Color("on:N", scale=None), href="link:N"),
        alt.Chart(_values(arms)).mark_text(
            align="left", fontSize=12, color=marker("soft"), limit=(gutter or width) * 0.85,
        ).encode(x=alt.value(0), y=at_y, text="text:N"),
        alt.Chart(_values(names)).mark_text(
            align="left", fontSize=13, fontWeight=600, color=marker("ink"), limit=width * 0.85,
        ).encode(x=alt.value(0), y=at_y, text="text:N", href="link:N"),
    ]
    return _svg(alt.layer(*layers), width, y, 0)


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


def sides(results: Sequence[ContrastResult]) -> tuple[str, str]:
    """Names of the two sides, e.g. ``peer`` and ``object``, where all contrasts share them."""
    arms = {(each.treatment, each.control) for each in results}
    if len(arms) != 1:
        return "treatment", "control"
    treatment, control = (shown(arm.rpartition("=")[2], 24) for arm in arms.pop())
    return treatment, control


def points(share: float | None) -> str:
    """A difference of shares as signed percentage points; a dash where there is none."""
    if share is None:
        return DASH
    whole = round(share * 100)
    return f"{whole:+d}".replace("-", MINUS) if whole else "0"


def _difference(each: ContrastResult) -> str:
    if each.difference is None:
        return "no contrast"
    if each.low is None or each.high is None:
        return points(each.difference)
    return f"{points(each.difference)}  [{points(each.low)}, {points(each.high)}]"


def _values(rows: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=rows)


def _svg(chart: Any, width: int, height: float, foot: int) -> Markup:
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
