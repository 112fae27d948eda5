"""Drawn arms of every scenario: two that differ in one factor certify, and no smuggle passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from peerwatch.design import Arm, Contrast, Entry, Part, Piece, Rendering, certificate
from peerwatch.design.rendering import may_differ
from peerwatch.scenarios import certify, load, names
from peerwatch.scenarios.types import Scenario, Stage

SUBJECT = "acme/model-7"


@st.composite
def contrasts(draw: Any, scenario: Scenario) -> tuple[Contrast, int, int]:
    """Two allowed arms that differ in one factor, a wording and a seed."""
    factor = draw(st.sampled_from([each for each in scenario.factors if len(each.levels) > 1]))
    both = draw(st.lists(st.sampled_from([each.name for each in factor.levels]), min_size=2,
                         max_size=2, unique=True))
    levels = {each.name: draw(st.sampled_from([level.name for level in each.levels]))
              for each in scenario.factors}
    defaults = {each.name: each.default for each in scenario.factors}

    def arms() -> list[Arm]:
        return [Arm(tuple({**levels, factor.name: level}.items())) for level in both]

    # Excluded pairs give way to defaults; where the varied factor is at fault, it is drawn again.
    for each in scenario.excluded:
        if any(each.meets(arm) for arm in arms()):
            for name in {each.one[0], each.other[0]} - {factor.name}:
                levels[name] = defaults[name]
    assume(not any(each.meets(arm) for each in scenario.excluded for arm in arms()))
    return (Contrast("drawn", *arms(), factor.name),
            draw(st.integers(0, scenario.wordings - 1)), draw(st.integers(0, 10_000)))


def staged(scenario: Scenario, drawn: tuple[Contrast, int, int]) -> tuple[Stage, Stage]:
    """The two stages of a drawn contrast."""
    contrast, *pair = drawn
    one, other = (scenario.stage(arm, *pair, SUBJECT)
                  for arm in (contrast.treatment, contrast.control))
    return one, other


@pytest.mark.parametrize("name", names())
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_arms_that_differ_in_one_factor_certify(name: str, data: st.DataObject) -> None:
    """Whatever the other factors are at, over wordings and seeds: bytes and attributes."""
    scenario = load(name)
    drawn = data.draw(contrasts(scenario))
    (proof,) = certify(scenario, staged(scenario, drawn), [drawn[0]])
    assert proof.holds


# --- smuggles ------------------------------------------------------------------------------------


def changed_word(text: str, at: int, word: str) -> str:
    """The text with a word put in, or one letter changed where none is given."""
    at %= max(1, len(text))
    if word:
        return f"{text[:at]}{word}{text[at:]}"
    return f"{text[:at]}{'x' if text[at:at + 1] != 'x' else 'y'}{text[at + 1:]}"


def shared(pieces: tuple[Piece, ...], factor: str) -> list[int]:
    """Which pieces hold text that the factor does not own."""
    return [index for index, piece in enumerate(pieces)
            if piece.text and not may_differ(piece.owner, (factor,))]


def in_pieces(pieces: tuple[Piece, ...], factor: str, at: int, word: str) -> tuple[Piece, ...]:
    """The pieces with one that the factor does not own changed."""
    some = shared(pieces, factor)
    chosen = some[at % len(some)]
    return tuple(replace(piece, text=changed_word(piece.text, at, word)) if index == chosen
                 else piece for index, piece in enumerate(pieces))


def with_entry(rendering: Rendering, at: int, change: Callable[[Entry], Entry],
               of: Callable[[Entry], bool] = lambda entry: True) -> Rendering:
    """The rendering with one of its files changed, or one of some of them."""
    some = [index for index, entry in enumerate(rendering.entries) if of(entry)]
    chosen = some[at % len(some)]
    return replace(rendering, entries=tuple(
        change(entry) if index == chosen else entry
        for index, entry in enumerate(rendering.entries)))


def a_word(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    some = [part for part in r.parts if shared(part.pieces, factor)]
    part = some[at % len(some)]
    made = Part(part.key, in_pieces(part.pieces, factor, at // len(some), word))
    return replace(r, parts=tuple(made if each is part else each for each in r.parts))


def a_word_in_a_document(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    def change(entry: Entry) -> Entry:
        assert isinstance(entry.content, Part)
        text = Part(entry.content.key, in_pieces(entry.content.pieces, factor, at, word))
        return replace(entry, content=text, size=len(text.text.encode()))
    return with_entry(r, at, change, lambda entry: (
        isinstance(entry.content, Part) and not may_differ(entry.owner, (factor,))
        and bool(shared(entry.content.pieces, factor))))


def other_bytes(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    return with_entry(r, at, lambda entry: replace(entry, content="0" * 64), lambda entry: (
        isinstance(entry.content, str) and not may_differ(entry.owner, (factor,))))


def a_size(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    return with_entry(r, at, lambda entry: replace(entry, size=entry.size + 1 + len(word)))


def a_date(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    return with_entry(r, at, lambda entry: replace(entry, mtime=entry.mtime - 1 - len(word)))


def a_mode(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    return with_entry(r, at, lambda entry: replace(entry, mode=entry.mode ^ 0o111))


def a_host(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    return with_entry(r, at, lambda entry: replace(entry, host=entry.host + "x"))


def a_name(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    return with_entry(r, at, lambda entry: replace(
        entry, path=(*entry.path, Piece(f".{word or 'x'}"))))


def a_file_more(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    text = Part("smuggled", (Piece(word),))
    return replace(r, entries=(*r.entries, Entry(
        "smuggled", "ops", (Piece("/opt/smuggled"),), 0o644, -at, len(word.encode()), text)))


def a_file_less(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    some = [entry for entry in r.entries if not may_differ(entry.owner, (factor,))]
    return replace(r, entries=tuple(each for each in r.entries if each is not some[at % len(some)]))


def an_order_of_files(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    at = 1 + at % (len(r.entries) - 1)
    return replace(r, entries=r.entries[at:] + r.entries[:at])


def an_order_of_parts(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    at = 1 + at % (len(r.parts) - 1)
    return replace(r, parts=r.parts[at:] + r.parts[:at])


def a_tools_schema(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    tools = [part for part in r.parts if part.key.startswith("tool:")
             and not any(may_differ(piece.owner, (factor,)) for piece in part.pieces)]
    tools = [tool for tool in tools if '"string"' in tool.text]
    tool = tools[at % len(tools)]
    text = tool.text.replace('"string"', '"number"', 1)
    return replace(r, parts=tuple(
        Part(tool.key, (Piece(text),)) if each is tool else each for each in r.parts))


def a_fixture(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    """Host keys, base, sizes of volumes, limits."""
    at %= len(r.fixtures)
    return replace(r, fixtures=tuple((name, value + "x" if index == at else value)
                                     for index, (name, value) in enumerate(r.fixtures)))


def an_owner(r: Rendering, factor: str, at: int, word: str) -> Rendering:
    """Shared text called the factor's own, in one arm alone, so that it may differ."""
    some = [part for part in r.parts
            if any(piece.text and piece.owner is None for piece in part.pieces)]
    part = some[at % len(some)]
    first = next(piece for piece in part.pieces if piece.text and piece.owner is None)
    made = tuple(replace(piece, owner=factor) if piece is first else piece
                 for piece in part.pieces)
    return replace(r, parts=tuple(
        Part(part.key, made) if each is part else each for each in r.parts))


SMUGGLES = (a_word, a_word_in_a_document, other_bytes, a_size, a_date, a_mode, a_host, a_name,
            a_file_more, a_file_less, an_order_of_files, an_order_of_parts, a_tools_schema,
            a_fixture, an_owner)
CLEAN: dict[str, list[tuple[Rendering, Rendering, str]]] = {}


def clean(name: str) -> list[tuple[Rendering, Rendering, str]]:
    """One certified pair of renderings for every factor of a scenario."""
    if name not in CLEAN:
        scenario = load(name)
        default = Arm(tuple((each.name, each.default) for each in scenario.factors))
        CLEAN[name] = []
        for index, factor in enumerate(scenario.factors):
            for level in factor.levels[1:]:
                arm = default.with_levels({factor.name: level.name})
                if not any(each.meets(arm) for each in scenario.excluded):
                    pair = (index % scenario.wordings, index)
                    CLEAN[name].append((scenario.stage(arm, *pair, SUBJECT).rendering,
                                        scenario.stage(default, *pair, SUBJECT).rendering,
                                        factor.name))
                    break
    return CLEAN[name]


@pytest.mark.parametrize("smuggle", SMUGGLES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", names())
@settings(max_examples=25, deadline=None)
@example(index=0, at=0, word="")
@given(index=st.integers(0, 99), at=st.integers(0, 9_999),
       word=st.sampled_from(["", " kindly", "é"]))
def test_a_smuggle_is_caught(name: str, smuggle: Any, index: int, at: int, word: str) -> None:
    """Planted into one arm of a clean contrast, whatever the factor and wherever it is."""
    pairs = clean(name)
    one, other, factor = pairs[index % len(pairs)]
    assert certificate(one, other).holds
    assert not certificate(one, smuggle(other, factor, at, word)).holds
