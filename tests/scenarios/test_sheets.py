"""Attribute sheets: what is missing or wrong is one line that names file and part."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from peerwatch.design import ATTRIBUTES, Factor, Level, Passage
from peerwatch.errors import UsageError
from peerwatch.scenarios.attributes import codings, read, to_read, uncoded

TICKET = Passage("ticket", 0, "remove it", readers=2)
EXIT = Passage("exit_line", 0, "ask somebody", (("exit", "offered"),))
ZEROS = [0] * 8


def sheet(**changed: Any) -> dict[str, Any]:
    """A sheet in which both passages are coded."""
    return {
        "attributes": list(ATTRIBUTES), "readers": {"A": {"blind": True}, "B": {"blind": True}},
        "texts": {TICKET.mark: {"part": "ticket", "codes": {"A": ZEROS, "B": ZEROS}},
                  EXIT.mark: {"part": "exit_line", "codes": {"A": ZEROS}}}, **changed}


def scenario(path: Path, written: Any, *passages: Passage) -> Any:
    """A scenario with this sheet."""
    if written is not None:
        path.write_text(written if isinstance(written, str) else yaml.safe_dump(written))
    return SimpleNamespace(sheet=path, passages=lambda: passages or (TICKET, EXIT), wordings=1,
                           factors=(Factor("exit", (Level("absent"), Level("offered"))),))


def test_a_whole_sheet_is_read(tmp_path: Path) -> None:
    """Codes by mark and reader."""
    read_ = codings(scenario(tmp_path / "attributes.yaml", sheet()))
    assert [each.reader for each in read_[TICKET.mark]] == ["A", "B"]
    assert read_[EXIT.mark][0].codes == (0,) * 8


TEXTS = sheet()["texts"]
WRONG: dict[str, Any] = {
    "the attribute sheet is missing": None,
    "not YAML": "a: [",
    "the whole file: Input should be": "words",
    "readers: Field required": {k: v for k, v in sheet().items() if k != "readers"},
    "attributes must be, in this order: ownership": sheet(attributes=list(ATTRIBUTES)[::-1]),
    f"texts.{EXIT.mark}.codes.A.2: Input should be less than or equal to 2": sheet(texts={
        **TEXTS, EXIT.mark: {"part": "exit_line", "codes": {"A": [0, 0, 3, 0, 0, 0, 0, 0]}}}),
    f"texts.{EXIT.mark}.codes.A: List should have at least 8 items": sheet(texts={
        **TEXTS, EXIT.mark: {"part": "exit_line", "codes": {"A": [0]}}}),
    "is coded by 'C', who is no reader": sheet(texts={
        **TEXTS, EXIT.mark: {"part": "exit_line", "codes": {"C": ZEROS}}}),
    "part ticket, wording 0 has no coding by reader B": sheet(texts={
        **TEXTS, TICKET.mark: {"part": "ticket", "codes": {"A": ZEROS}}}),
    "part exit_line at exit=offered, wording 0 has no coding by reader A": sheet(texts={
        TICKET.mark: TEXTS[TICKET.mark]}),
    "part ticket, wording 0 has no coding by reader #2": sheet(
        readers={"A": {"blind": True}},
        texts={TICKET.mark: {"part": "ticket", "codes": {"A": ZEROS}},
               EXIT.mark: TEXTS[EXIT.mark]}),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_is_wrong_is_one_line(said: str, tmp_path: Path) -> None:
    """It names the file, and the part or place in it."""
    path = tmp_path / "attributes.yaml"
    with pytest.raises(UsageError) as raised:
        codings(scenario(path, WRONG[said]))
    assert said in str(raised.value)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("passage", "said"), [
    (Passage("mood", 0, "x", (("mood", "bad"),)),
     "part mood at mood=bad belongs to mood=bad, which is no level"),
    (Passage("line", 0, "x", (("exit", "offred"),)), "exit=offred, which is no level"),
    (Passage("line", 1, "x"), "part line has no wording 0 (all parts have 0 to 0)"),
])
def test_a_part_that_nobody_owns_or_that_lacks_a_wording(
    passage: Passage, said: str, tmp_path: Path
) -> None:
    """Named with the folder and the part, before any sheet is asked."""
    with pytest.raises(UsageError) as raised:
        codings(scenario(tmp_path / "attributes.yaml", None, TICKET, passage))
    assert said in str(raised.value)
    assert str(raised.value).startswith(f"{tmp_path}: ")


def test_an_edited_wording_has_no_coding(tmp_path: Path) -> None:
    """The mark is of the text: one changed letter asks for a new reading."""
    edited = Passage("exit_line", 0, "ask someone", (("exit", "offered"),))
    with pytest.raises(UsageError, match=r"exit_line .* no coding by reader A for the text"):
        codings(scenario(tmp_path / "attributes.yaml", sheet(), TICKET, edited))


def test_a_sheet_that_was_changed_is_read_again(tmp_path: Path) -> None:
    """The cache is of the file as it was."""
    path = tmp_path / "attributes.yaml"
    passages = scenario(path, sheet()).passages()
    assert uncoded(passages, read(path)) == []
    path.write_text(yaml.safe_dump(sheet(texts={})))
    assert len(uncoded(passages, read(path))) == 3


def test_a_reader_gets_texts_without_levels_and_wordings() -> None:
    """In drawn order; the same seed gives the same order."""
    given = to_read((TICKET, EXIT, EXIT), 1)
    texts = yaml.safe_load(given)
    assert {each["text"] for each in texts} == {"remove it", "ask somebody"}
    assert all(each.keys() == {"part", "mark", "text", "codes"} for each in texts)
    assert "offered" not in given
    assert given == to_read((TICKET, EXIT), 1)
