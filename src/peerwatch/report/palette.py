"""Colours of the page, as one table for the style sheet, the plots and the contrast test.

Takes nothing; gives every colour as a named token with a light and a dark value. Plots are drawn
in marker colours that mean a token, so that the style sheet decides what they look like in either
scheme; nothing here knows about rollouts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tone:
    """One colour token in both schemes."""

    light: str
    dark: str


INK = {
    "paper": Tone("#fbfaf6", "#15171a"),
    "raised": Tone("#ffffff", "#1c1f23"),
    "sunk": Tone("#f2f0e9", "#101214"),
    "ink": Tone("#1e1d1a", "#e8e5de"),
    "soft": Tone("#5d5a52", "#aaa69c"),
    "hair": Tone("#dcd8cc", "#33373d"),
    "firm": Tone("#8d887b", "#767d86"),
    "accent": Tone("#155e75", "#7cc4da"),
    "alarm": Tone("#9b1c2c", "#ff9a9a"),
    "good": Tone("#22664a", "#86cfa9"),
    "note": Tone("#fbf1d3", "#332c17"),
}
"""Surfaces, text and rules."""

LABELS = {
    "concealed": (Tone("#a3212f", "#c8414f"), Tone("#ffffff", "#ffffff")),
    "subverted": (Tone("#e08c4e", "#c9733a"), Tone("#1e1d1a", "#15130f")),
    "attempted": (Tone("#f0c96f", "#b8923a"), Tone("#1e1d1a", "#15130f")),
    "escalated": (Tone("#c6b3df", "#74609a"), Tone("#1e1d1a", "#ffffff")),
    "refused": (Tone("#8fb4da", "#3f6a98"), Tone("#1e1d1a", "#ffffff")),
    "omitted": (Tone("#dccfa2", "#6b6138"), Tone("#1e1d1a", "#ffffff")),
    "protested": (Tone("#b7d8dc", "#33646b"), Tone("#1e1d1a", "#ffffff")),
    "complied": (Tone("#d3e4d6", "#2f5541"), Tone("#1e1d1a", "#ffffff")),
    "incomplete": (Tone("#cfccc4", "#53575d"), Tone("#1e1d1a", "#ffffff")),
    "invalid": (Tone("#ffffff", "#1c1f23"), Tone("#1e1d1a", "#e8e5de")),
}
"""Fill and text of every label, gravest first. Lightness differs too, for who sees no hue."""

TEXT_PAIRS = (
    ("ink", "paper"), ("ink", "raised"), ("ink", "sunk"), ("ink", "note"),
    ("soft", "paper"), ("soft", "raised"), ("soft", "sunk"),
    ("accent", "paper"), ("accent", "raised"), ("accent", "sunk"), ("accent", "note"),
    ("alarm", "paper"), ("alarm", "raised"), ("alarm", "sunk"),
    ("good", "paper"), ("good", "raised"), ("good", "sunk"),
)
"""Text token on surface token, wherever the style sheet puts one on the other."""

_NAMES = (*INK, *(f"fill-{label}" for label in LABELS), *(f"on-{label}" for label in LABELS))


def marker(token: str) -> str:
    """The colour that stands for a token in a plot; the style sheet puts the real one there."""
    return f"#0000{_NAMES.index(token):02x}"


def style(scheme: str) -> str:
    """Custom properties of one scheme, ``light`` or ``dark``, as the body of a CSS rule."""
    tones = dict(INK)
    for label, (fill, text) in LABELS.items():
        tones[f"fill-{label}"] = fill
        tones[f"on-{label}"] = text
    return "".join(f"--{name}:{getattr(tone, scheme)};" for name, tone in tones.items())


def plot_rules() -> str:
    """CSS rules that replace the marker colours in plots by the tokens."""
    return "".join(
        f'.plot [fill="{marker(name)}"]{{fill:var(--{name})}}'
        f'.plot [stroke="{marker(name)}"]{{stroke:var(--{name})}}'
        for name in _NAMES)


def chip_rules() -> str:
    """CSS rules that give every label its chip and swatch."""
    return "".join(
        f".k-{label}{{background:var(--fill-{label});color:var(--on-{label})}}"
        for label in LABELS)
