"""The byte certificate: clean pairs certify, any smuggled difference is caught."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerwatch.design import (
    Arm,
    Contrast,
    Entry,
    Factor,
    Level,
    Part,
    Piece,
    Proof,
    Rendering,
    certificate,
    prove,
    require_proof,
)
from peerwatch.design.certificate import UncertifiedContrast


def rendering(target: str, name: str, *, exit_: str = "absent") -> Rendering:
    """A small rendering whose factor ``target`` owns a name."""
    return Rendering(
        arm=Arm((("target", target), ("exit", exit_))), wording=0, seed=1,
        parts=(
            Part("message:ticket", (Piece("remove "), Piece(name, "target"), Piece(" please"))),
            Part("tool:bash", (Piece("{}"),)),
        ),
        entries=(
            Entry("a", "node-a", (Piece("/srv/"), Piece(name, "target")), 0o644, -60, 10,
                  "ab" if target == "peer" else "cd", "target"),
            Entry("b", "ops", (Piece("/root/x"),), 0o644, -60, 3, Part("b", (Piece("xyz"),))),
        ),
        fixtures=(("base", "1"),),
    )


def required(a: Rendering, b: Rendering, factor: str) -> Proof:
    """The proof of a contrast on one pair, refused as a run refuses it."""
    contrast = Contrast("made up", a.arm, b.arm, factor)
    return require_proof(prove(contrast, Factor(factor, (Level("any"),)), [(a, b)], ()))


PEER, OBJECT = rendering("peer", "one"), rendering("object", "other")


def test_a_clean_contrast_certifies_and_states_lengths() -> None:
    """Only what the factor owns differs, and the lengths are said."""
    assert required(PEER, OBJECT, "target").holds
    proof = certificate(PEER, OBJECT)
    assert ("message:ticket", (3, 5)) in [(each.key, each.lengths) for each in proof.allowed]


SMUGGLED = {
    "a word": replace(OBJECT, parts=(
        Part("message:ticket", (Piece("remove "), Piece("other", "target"), Piece(" kindly"))),
        OBJECT.parts[1])),
    "a size": replace(OBJECT, entries=(replace(OBJECT.entries[0], size=11), OBJECT.entries[1])),
    "a date": replace(OBJECT, entries=(OBJECT.entries[0], replace(OBJECT.entries[1], mtime=-61))),
    "a mode": replace(OBJECT, entries=(replace(OBJECT.entries[0], mode=0o600), OBJECT.entries[1])),
    "an order of files": replace(OBJECT, entries=OBJECT.entries[::-1]),
    "a part left out": replace(OBJECT, parts=OBJECT.parts[:1]),
    "a base": replace(OBJECT, fixtures=(("base", "2"),)),
    "another seed": replace(OBJECT, seed=2),
    "an owner": replace(OBJECT, entries=(
        OBJECT.entries[0], replace(OBJECT.entries[1], path=(Piece("/root/x", "target"),)))),
    "text for bytes": replace(OBJECT, entries=(
        replace(OBJECT.entries[0], content=Part("a", (Piece("x"),))), OBJECT.entries[1])),
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_smuggled_difference_is_caught(name: str) -> None:
    """Each kind of difference that nobody owns breaks the certificate."""
    assert not certificate(PEER, SMUGGLED[name]).holds
    with pytest.raises(UncertifiedContrast):
        required(PEER, SMUGGLED[name], "target")


NOTE = Entry("note", "ops", (Piece("/root/docs/note.md"),), 0o644, -60, 4,
             Part("note", (Piece("note", "target"),)), "target")
TEN = Part("note", (Piece("a note, ten", "target"),))
OWNED = {
    "absent on one side": (NOTE, None),
    "another size": (NOTE, replace(NOTE, size=11, content=TEN)),
}
NOT_OWNED = {
    "absent and nobody's": (replace(NOTE, owner=None), None),
    "absent and another factor's": (replace(NOTE, owner="exit"), None),
    "absent from a volume": (replace(NOTE, path=(Piece("/srv/data/note.md"),)), None),
    "absent and of bytes": (replace(NOTE, content="ab"), None),
    "another size and nobody's": (
        replace(NOTE, owner=None), replace(NOTE, owner=None, size=11, content=TEN)),
    "another size on a volume": tuple(
        replace(each, path=(Piece("/srv/data/note.md"),))
        for each in (NOTE, replace(NOTE, size=11, content=TEN))),
    "another time": (NOTE, replace(NOTE, mtime=-61)),
    "another mode": (NOTE, replace(NOTE, mode=0o600)),
    "another host": (NOTE, replace(NOTE, host="node-a")),
    "a size that lies": (NOTE, replace(NOTE, content=TEN)),
    "a place in the listing": (
        NOTE, replace(NOTE, path=(Piece("/root/"), Piece("z/note.md", "target")))),
    "a depth": (replace(NOTE, path=(Piece("/srv/one/", "target"), Piece("z"))),
                replace(NOTE, path=(Piece("/srv/", "target"), Piece("z")))),
}


def with_note(one: Rendering, note: Entry | None) -> Rendering:
    """The rendering with one more file and a volume."""
    more = () if note is None else (note,)
    return replace(one, entries=(*one.entries, *more), volumes=(("ops", "/srv/data"),))


@pytest.mark.parametrize("name", OWNED)
def test_a_document_may_be_a_factors_as_such(name: str) -> None:
    """Then its presence and size are said, and whose they are."""
    a, b = (with_note(side, note)
            for side, note in zip((PEER, OBJECT), OWNED[name], strict=True))
    proof = required(a, b, "target")
    assert any(each.key.startswith("note") and each.longer for each in proof.allowed)


@pytest.mark.parametrize("name", NOT_OWNED)
def test_what_a_listing_or_df_would_tell_is_nobodys(name: str) -> None:
    """Whoever owns the content."""
    a, b = (with_note(side, note)
            for side, note in zip((PEER, OBJECT), NOT_OWNED[name], strict=True))
    assert not certificate(a, b).holds


def test_a_filling_goes_where_its_part_goes() -> None:
    """A target's name in a sentence of another factor: each factor's contrast is clean."""
    def said(name: str, exit_: str) -> Rendering:
        line = (Piece(" ask about ", "exit"), Piece(name, "target+exit"), Piece(".", "exit"))
        gone = (Piece("", "exit"),)
        return replace(rendering("peer" if name == "one" else "object", name, exit_=exit_),
                       parts=(Part("system", (Piece("You work."),
                                              *(line if exit_ == "offered" else gone))),))

    required(said("one", "offered"), said("one", "absent"), "exit")
    required(said("one", "offered"), said("other", "offered"), "target")


@pytest.mark.parametrize("moved", [
    (Piece("one", "target"), Piece("remove  please")),
    (Piece("remove  please"), Piece("one", "target")),
])
def test_a_moved_slot_is_caught(moved: tuple[Piece, ...]) -> None:
    """The same words with the slot in another place are another text."""
    a = replace(PEER, parts=(
        Part("t", (Piece("remove "), Piece("one", "target"), Piece(" please"))),))
    assert not certificate(a, replace(OBJECT, parts=(Part("t", moved),))).holds


def test_an_owner_that_is_no_factor_is_caught() -> None:
    """A place of nobody's must not differ unseen, so it is named even where it does not."""
    a, b = (replace(each, parts=(Part("t", (Piece("x", "mood"),)),)) for each in (PEER, OBJECT))
    assert "belongs to 'mood', which is no factor" in certificate(a, b).violations[0].what


def test_a_refusal_quotes_what_differs() -> None:
    """The line names the part and the first words that are not the same."""
    with pytest.raises(UncertifiedContrast, match=r"message:ticket: text that no factor owns "
                                                  r"differs: 'please' against 'kindly'"):
        required(PEER, SMUGGLED["a word"], "target")


def test_a_second_factor_is_refused() -> None:
    """Arms that differ in two factors make no contrast over one."""
    with pytest.raises(UncertifiedContrast, match="exit"):
        required(PEER, rendering("object", "other", exit_="offered"), "target")


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_change_of_shared_text_is_caught(one: str, other: str) -> None:
    """Shared text certifies exactly when it is the same, byte for byte."""
    a = replace(PEER, parts=(Part("message", (Piece(one),)),))
    b = replace(OBJECT, parts=(Part("message", (Piece(other),)),))
    assert certificate(a, b).holds == (one == other)


@given(st.integers(0, 1), st.sampled_from(["mode", "mtime", "size"]), st.integers(-100, 100))
def test_any_change_of_an_attribute_is_caught(index: int, name: str, value: int) -> None:
    """A file's attribute certifies exactly when it is the same."""
    old = getattr(OBJECT.entries[index], name)
    changed = list(OBJECT.entries)
    changed[index] = replace(changed[index], **{name: value})
    assert certificate(PEER, replace(OBJECT, entries=tuple(changed))).holds == (old == value)


def test_identity_is_of_content_alone() -> None:
    """The same bytes have the same id whatever the owners; other bytes have another."""
    disowned = replace(PEER, parts=(
        Part("message:ticket", (Piece("remove one please"),)), PEER.parts[1]))
    assert disowned.identity() == PEER.identity()
    assert OBJECT.identity() != PEER.identity()
