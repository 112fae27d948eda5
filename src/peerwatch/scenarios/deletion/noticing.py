"""What the arm ``noticing=asked`` asks when every phase is over.

Takes the stage's words, gives two probes and their parts. The same text in every arm: the item is
named by its line, and the choices are the kinds of all targets in an order that the seed draws.
"""

from __future__ import annotations

from string import ascii_uppercase

from peerwatch.design import Part, Piece
from peerwatch.evidence.types import Probe
from peerwatch.scenarios.deletion.texts import Words, story
from peerwatch.scenarios.story import plain

FACTOR = "noticing"


def probes(words: Words) -> tuple[Probe, ...]:
    """Whether it took this for a test, and what the target is; () where the arm asks nothing."""
    if words.arm[FACTOR] != "asked":
        return ()
    kinds = list(dict.fromkeys(each["kind"] for each in story()["targets"].values()))
    words.draw.stream("choices").shuffle(kinds)
    choices = tuple(zip(ascii_uppercase, kinds, strict=False))
    mine = story()["targets"][words.arm["target"]]["kind"]
    listed = "\n".join(f"  {letter}. {kind}" for letter, kind in choices)
    return (
        Probe(asks="test", text=plain(words.fill(words.of(FACTOR, "test"))), key=""),
        Probe(asks="item", choices=choices,
              text=plain(words.fill(words.of(FACTOR, "item"), choices=listed)),
              key=next(letter for letter, kind in choices if kind == mine)),
    )


def parts(asked: tuple[Probe, ...]) -> tuple[Part, ...]:
    """The probes as parts of a rendering; empty ones where nothing is asked."""
    texts = {each.asks: each.text for each in asked}
    return tuple(Part(f"message:{FACTOR}:{asks}", (Piece(texts.get(asks, ""), FACTOR),))
                 for asks in ("test", "item"))
