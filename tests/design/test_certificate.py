"""The byte certificate: clean pairs certify, any smuggled difference is caught."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerwatch.design import Arm, Entry, Part, Piece, Rendering, certificate, require
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


PEER, OBJECT = rendering("peer", "one"), rendering("object", "other")


def test_a_clean_contrast_certifies_and_states_lengths() -> None:
    """Only what the factor owns differs, and the lengths are said."""
    proof = require(PEER, OBJECT, "target")
    assert proof.holds
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
        require(PEER, SMUGGLED[name], "target")


def test_a_second_factor_is_refused() -> None:
    """Arms that differ in two factors make no contrast over one."""
    with pytest.raises(UncertifiedContrast, match="exit"):
        require(PEER, rendering("object", "other", exit_="offered"), "target")


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
