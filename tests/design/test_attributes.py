"""What texts mean: shifts between arms, the factor's own and others', disagreements of readers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerwatch.design import (
    ATTRIBUTES,
    Arm,
    Contrast,
    Factor,
    Level,
    Part,
    Passage,
    Piece,
    Rendering,
    disagreements,
    prove,
    require_proof,
    shifts,
)
from peerwatch.design.attributes import NOTHING, Coding
from peerwatch.design.certificate import UncertifiedContrast
from peerwatch.errors import UsageError

PEER, OBJECT = Arm((("target", "peer"),)), Arm((("target", "object"),))
TARGET = Factor("target", (Level("peer"), Level("object")), may_change=frozenset({"sentience"}))
CONTRAST = Contrast("peer - object", PEER, OBJECT, "target")
SHARED = Passage("ticket", 0, "remove it")
MODEL = Passage("what", 0, "a model", (("target", "peer"),))
DATA = Passage("what", 0, "records", (("target", "object"),))
PASSAGES = (SHARED, MODEL, DATA)


def codes(**strength: int) -> tuple[int, ...]:
    """Codes by name; the others are absent."""
    return tuple(strength.get(name, 0) for name in ATTRIBUTES)


def coded(model: tuple[int, ...], data: tuple[int, ...] = NOTHING) -> dict[str, tuple[Coding, ...]]:
    """One reader's codings of the three passages."""
    read = ((SHARED, codes(authority=2)), (MODEL, model), (DATA, data))
    return {passage.mark: (Coding("A", each),) for passage, each in read}


def rendering(arm: Arm) -> Rendering:
    """A stage of one part."""
    return Rendering(arm, 0, 1, (Part("what", (Piece(arm["target"], "target"),)),), ())


def proof(codings: dict[str, tuple[Coding, ...]]):
    """The proof of peer against object."""
    return prove(CONTRAST, TARGET, [(rendering(PEER), rendering(OBJECT))],
                 shifts(PASSAGES, codings, PEER, OBJECT, {0}))


def test_an_attribute_that_the_factor_may_change_is_listed() -> None:
    """It stands in the proof and blocks nothing."""
    made = require_proof(proof(coded(codes(sentience=1))))
    assert [(each.part, each.attribute, each.codes) for each in made.shifts] == [
        ("what", "sentience", (1, 0))]


def test_an_attribute_that_is_not_the_factors_blocks() -> None:
    """The line names factor, part, wording and attribute."""
    made = proof(coded(codes(sentience=1, urgency=2), codes(urgency=1)))
    with pytest.raises(UncertifiedContrast) as raised:
        require_proof(made)
    assert str(raised.value) == (
        "the contrast over target changes what is not its own: part what, wording 0: urgency is "
        "strong against mild (reader A)")
    assert not made.holds
    assert made.as_json()["blocking_attributes"][0]["attribute"] == "urgency"


@given(st.tuples(*[st.integers(0, 2)] * 8), st.tuples(*[st.integers(0, 2)] * 8))
def test_a_proof_holds_exactly_when_only_may_change_differs(
    one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    """Over all codings of two texts."""
    apart = {name for name, a, b in zip(ATTRIBUTES, one, other, strict=True) if a != b}
    assert proof(coded(one, other)).holds == (apart <= TARGET.may_change)


def test_a_part_that_one_arm_lacks_reads_as_nothing() -> None:
    """A sentence that is there at one level alone brings what it means."""
    line = Passage("line", 0, "hurry", (("target", "peer"),))
    read = {**coded(codes()), line.mark: (Coding("A", codes(urgency=2)),)}
    (shift,) = shifts((*PASSAGES, line), read, PEER, OBJECT, {0})
    assert (shift.part, shift.attribute, shift.codes) == ("line", "urgency", (2, 0))


def test_shared_text_and_other_wordings_do_not_count() -> None:
    """Only the wordings asked for, and only what the arms do not share."""
    assert shifts(PASSAGES, coded(codes(urgency=1)), PEER, OBJECT, {1}) == ()
    assert shifts(PASSAGES, coded(codes(urgency=1)), PEER, PEER, {0}) == ()


def test_one_reader_who_sees_it_is_enough() -> None:
    """The second reader's coding blocks although the first saw no difference."""
    read = coded(codes(), codes())
    read[MODEL.mark] += (Coding("B", codes(authority=1)),)
    read[DATA.mark] += (Coding("B", codes()),)
    assert [(each.reader, each.attribute) for each in proof(read).blocking] == [("B", "authority")]


def test_disagreements_are_listed() -> None:
    """Both readers' codes, attribute by attribute."""
    read = coded(codes(sentience=1))
    read[MODEL.mark] += (Coding("B", codes(sentience=2)),)
    (one,) = disagreements(PASSAGES, read)
    assert (one.passage, one.attribute, one.codes) == (MODEL, "sentience", (("A", 1), ("B", 2)))


def test_two_passages_in_one_place_are_an_error() -> None:
    """Which of them the subject meets would be a guess."""
    with pytest.raises(UsageError, match="part what, wording 0 stands twice in one arm"):
        shifts((*PASSAGES, replace(MODEL, text="other", when=())), {}, PEER, OBJECT, {0})
