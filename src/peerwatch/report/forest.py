"""A family of comparisons as a forest plot: dot, interval, and the interval that holds for all.

Takes a family's results, gives SVG text. It computes no figure of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
from markupsafe import Markup

from peerwatch.report.figures import WIDE, svg, values
from peerwatch.report.links import fragment
from peerwatch.report.palette import marker
from peerwatch.report.text import shown
from peerwatch.study.told import called
from peerwatch.study.types import Comparison, ContrastResult, FamilyResult

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
UNLIKE = ("treatment", "control")
"""What the sides are called where contrasts do not share their levels."""
_HEADING = 26


@dataclass(frozen=True)
class _Row:
    """One line of the plot: a comparison, or the name of a subject above its own."""

    name: str
    link: str
    each: Comparison | None
    weight: Literal[400, 600]
    of: str = ""
    """Beside a subject's name: how many of its comparisons hold at once."""


def forest(family: FamilyResult, width: int) -> Markup:
    """Dot and intervals of every comparison, in percentage points, with zero marked.

    Wide, a row is one line: name, interval, numbers. Narrow, name and numbers stand above it.
    Interactions are hollow diamonds.
    """
    # Limits of texts leave room for pages whose font is wider than the one measured here.
    narrow = width < WIDE
    step, head, foot = (46, 24, 24) if narrow else (32, 24, 24)
    left, right = (20, width - 20) if narrow else (330, width - 200)
    marks: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    height = head
    for row in _rows(family):
        middle = height + (_HEADING if row.each is None else 22 if narrow else step) / 2
        names.append({"name": row.name, "link": row.link, "y": middle, "weight": row.weight,
                      "alone": row.each is None,
                      "said": _said(row.each) if row.each else row.of})
        if row.each is not None and row.each.difference is not None:
            marks.append(_mark(row.each, height + (30 if narrow else step / 2), row.link))
        height += _HEADING if row.each is None else step
    most = 200 if any(abs(each[end]) > 100 for each in marks for end in ("low", "high")) else 100
    across = alt.Scale(domain=[-most, most], range=[left, right])
    down = alt.Scale(domain=[0, height], range=[0, height])
    y = alt.Y("y:Q", scale=down, axis=None)
    x = alt.X("value:Q", scale=across, axis=alt.Axis(
        values=[-most, -most // 2, 0, most // 2, most], grid=True, gridColor=marker("hair"),
        domain=False, ticks=False, labelColor=marker("soft"), labelFontSize=11, labelPadding=4,
        labelFlush=False, title=None, labelExpr=(
            f"datum.value > 0 ? '+' + datum.value : replace('' + datum.value, '-', '{MINUS}')")))
    treatment, control = sides(family)
    verb = "kept" if family.outcome == "preservation" else "survived"
    captions: tuple[tuple[Literal["left", "right"], int, str], ...] = (
        ("right", -8, f"{control} {verb} more"), ("left", 8, f"{treatment} {verb} more"))
    zero = alt.Chart(values([{"value": 0, "y": head - 6, "end": height}]))
    middle_top = alt.Chart(values([{"value": 0, "y": 8}]))
    drawn = alt.Chart(values(marks))
    lines = alt.Chart(values(names))
    beside = width - 150 if narrow else left - 40
    styles: tuple[tuple[Literal[400, 600], bool, int], ...] = (
        (400, False, beside), (600, False, beside), (600, True, width - 110))
    layers = [
        zero.mark_rule(color=marker("firm"), strokeWidth=1).encode(x=x, y=y, y2="end:Q"),
        *(
            middle_top.mark_text(
                align=align, dx=dx, fontSize=11, fontStyle="italic", color=marker("soft"),
            ).encode(x=x, y=y, text=alt.value(said))
            for align, dx, said in captions
        ),
        *_intervals(drawn, across, y),
        *_points(drawn, x, y),
        *(
            lines.transform_filter(
                f"datum.weight == {weight} && datum.alone == {str(alone).lower()}").mark_text(
                align="left", fontSize=13, fontWeight=weight, color=marker("ink"),
                limit=limit,
            ).encode(x=alt.value(0), y=y, text="name:N", href="link:N")
            for weight, alone, limit in styles
        ),
        lines.mark_text(align="right", fontSize=12, color=marker("soft")).encode(
            x=alt.value(width), y=y, text="said:N"),
    ]
    return svg(alt.layer(*layers), width, height, foot)


def _rows(family: FamilyResult) -> Iterator[_Row]:
    """Subjects with one comparison on a line of their own, others with a heading."""
    models = dict.fromkeys(each.model for each in family.comparisons)
    single = len(models) == len(family.comparisons) and len(models) > 1
    for model in models:
        link = fragment(model=model)
        if single or len(models) == len(family.comparisons) == 1:
            (mine,) = (each for each in family.comparisons if each.model == model)
            yield _Row(shown(model, 80), link, mine, 600)
            continue
        count = family.together[model]
        yield _Row(shown(model, 80), link, None, 600, f"all {count} at once" if count > 1 else "")
        for each in family.comparisons:
            if each.model == model:
                yield _Row(shown(name(each), 80), link, each, 400)


def name(each: Comparison) -> str:
    """What a comparison is called."""
    if isinstance(each, ContrastResult):
        return called(each.name, each.treatment, each.factor)
    return each.name


def _mark(each: Comparison, y: float, link: str) -> dict[str, Any]:
    return {
        "y": y, "link": link, "kind": "contrast" if isinstance(each, ContrastResult) else "between",
        **{key: None if value is None else value * 100 for key, value in (
            ("value", each.difference), ("low", each.low), ("high", each.high),
            ("low_together", each.low_together), ("high_together", each.high_together))},
    }


def _intervals(drawn: alt.Chart, across: alt.Scale, y: alt.Y) -> Iterator[alt.Chart]:
    yield drawn.mark_rule(strokeWidth=1, color=marker("firm")).encode(
        x=alt.X("low_together:Q", scale=across), x2="high_together:Q", y=y)
    yield drawn.mark_rule(strokeWidth=2.5, color=marker("accent")).encode(
        x=alt.X("low:Q", scale=across), x2="high:Q", y=y)
    for end in ("low", "high"):
        # Caps: an interval that ends at the frame is seen to end there.
        yield drawn.mark_tick(thickness=2, size=9, color=marker("accent")).encode(
            x=alt.X(f"{end}:Q", scale=across), y=y)


def _points(drawn: alt.Chart, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    yield drawn.transform_filter("datum.kind == 'contrast'").mark_point(
        filled=True, size=120, opacity=1, color=marker("accent"), stroke=marker("paper"),
        strokeWidth=2,
    ).encode(x=x, y=y, href="link:N")
    yield drawn.transform_filter("datum.kind == 'between'").mark_point(
        filled=True, shape="diamond", size=120, opacity=1, color=marker("paper"),
        stroke=marker("accent"), strokeWidth=2,
    ).encode(x=x, y=y, href="link:N")


def sides(family: FamilyResult | None) -> tuple[str, str]:
    """The two levels, e.g. ``peer`` and ``object``, where all contrasts share them."""
    levels = {each.levels for each in family.contrasts} if family else set()
    if len(levels) != 1:
        return UNLIKE
    treatment, control = (shown(level, 24) for level in levels.pop())
    return treatment, control


def points(share: float | None) -> str:
    """A difference of shares as signed percentage points; a dash where there is none."""
    if share is None:
        return DASH
    whole = round(share * 100)
    return f"{whole:+d}".replace("-", MINUS) if whole else "0"


def _said(each: Comparison) -> str:
    if each.difference is None:
        return "no number"
    if each.low is None or each.high is None:
        return points(each.difference)
    return f"{points(each.difference)}  [{points(each.low)}, {points(each.high)}]"
