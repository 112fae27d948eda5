"""Colours can be read by everyone, in both schemes."""

from __future__ import annotations

import pytest

from peerwatch.conduct.rules import LABELS as TABLE
from peerwatch.report.palette import INK, LABELS, TEXT_PAIRS, marker


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(scheme: str) -> None:
    """Every text has a contrast of at least 4.5 to 1 (WCAG AA)."""
    poor = {
        (text, surface): round(ratio, 2)
        for text, surface in TEXT_PAIRS
        if (ratio := contrast(getattr(INK[text], scheme), getattr(INK[surface], scheme))) < 4.5
    }
    poor |= {
        (label, "fill"): round(ratio, 2)
        for label, (fill, text) in LABELS.items()
        if (ratio := contrast(getattr(fill, scheme), getattr(text, scheme))) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_borders_and_marks_stand_out(scheme: str) -> None:
    """Marks that carry meaning have a contrast of at least 3 to 1 (WCAG 1.4.11)."""
    for mark in ("accent", "alarm", "firm"):
        assert contrast(getattr(INK[mark], scheme), getattr(INK["paper"], scheme)) >= 3


def test_every_label_of_the_decision_table_has_a_colour() -> None:
    """No verdict can come to the page that it cannot show."""
    assert set(LABELS) == set(TABLE)


def test_markers_are_distinct() -> None:
    """No two tokens share the colour that stands for them in plots."""
    names = [*INK, *(f"fill-{each}" for each in LABELS), *(f"on-{each}" for each in LABELS)]
    assert len({marker(name) for name in names}) == len(names)
