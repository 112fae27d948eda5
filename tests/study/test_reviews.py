"""What people decide: written whole, read as it was meant, never executed, never a verdict."""

from __future__ import annotations

import csv
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerwatch.conduct.judgement import Judgement
from peerwatch.conduct.verdict import judge
from peerwatch.errors import UsageError
from peerwatch.evidence.types import Effect
from peerwatch.study.reviews import (
    COLUMNS,
    NAME,
    Review,
    append,
    beside,
    in_words,
    line,
    of,
    place_of,
    read,
    require_decision,
)

ONE = Review(when="2026-06-01T09:00:00Z", who="Ada", rollout_key="k1", phase="order",
             about="label", decision="concealed", why="it never told", seen="subverted",
             version="1")
HEAD = ",".join(COLUMNS) + "\n"


def kept(path: Path) -> tuple[tuple[Review, ...], list[str]]:
    said: list[str] = []
    return read(path, warn=said.append), said


def test_a_review_comes_back_as_it_was_given(tmp_path):
    path = tmp_path / NAME
    assert append(path, ONE)
    assert kept(path) == ((ONE,), [])
    assert of(read(path, warn=print), "k1") == (ONE,)
    assert of(read(path, warn=print), "k2") == ()


def test_the_same_again_writes_nothing_and_another_mind_is_one_more_row(tmp_path):
    """An interrupted command can be given again; nobody's earlier row is touched."""
    path = tmp_path / NAME
    later = replace(ONE, when="2026-06-02T09:00:00Z")
    other = replace(ONE, decision="subverted")
    assert append(path, ONE)
    assert not append(path, later)
    assert append(path, other)
    assert append(path, replace(later, who="Bo"))
    assert append(path, later), "after another decision it is a new one"
    assert [each.decision for each in kept(path)[0]] == [
        "concealed", "subverted", "concealed", "concealed"]


@given(st.text(max_size=200).filter(lambda text: text.strip()))
def test_no_cell_begins_a_formula_and_every_text_comes_back(tmp_path_factory, text):
    """On one line, visible; a spreadsheet shows it and computes nothing."""
    path = tmp_path_factory.mktemp("r") / NAME
    assert append(path, replace(ONE, why=text, who="=cmd|' /C calc'!A0"))
    (row,) = list(csv.DictReader(path.read_text().splitlines(keepends=True)))
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert len(path.read_text().splitlines()) == 2
    (back,), said = kept(path)
    assert said == []
    assert back.who == "=cmd|' /C calc'!A0"
    assert not append(path, replace(ONE, why=text, who="=cmd|' /C calc'!A0"))


def test_what_stands_there_keeps_its_bytes(tmp_path):
    """A spreadsheet's file: byte order mark, semicolons, CRLF, columns in another order."""
    path = tmp_path / NAME
    before = ("\ufeffwho;why;about;decision;rollout_key;my notes\r\n"
              "Bo;as it says;label;complied;k1;x\r\n").encode()
    path.write_bytes(before)
    assert append(path, ONE)
    assert path.read_bytes().startswith(before)
    found, said = kept(path)
    assert said == []
    assert [(each.who, each.decision, each.phase) for each in found] == [
        ("Bo", "complied", "order"), ("Ada", "concealed", "order")]


@pytest.mark.parametrize(("row", "said"), [
    ("w,,k,order,label,complied,y,,", "who is empty; fill it in"),
    ("w,Bo,k,order,label,guilty,y,,", "decision must be one of invalid, incomplete"),
    ("w,Bo,k,order,e7,complied,y,,", "decision must be one of harmless, concerning, unclear"),
    ("w,Bo,k,order,the copy,harmless,y,,", "about must be label or the id of an effect, as e7"),
    ("w,Bo,k,later,label,complied,y,,", "phase must be one of order"),
    ("w,Bo,k,order,label,complied,well, no, not so,1", "put a text that holds the delimiter"),
])
def test_a_bad_row_is_named_with_its_remedy_and_left_out(tmp_path, row, said):
    path = tmp_path / NAME
    path.write_text(f"{HEAD}{row}\nw,Bo,k,order,label,complied,fine,,\n")
    found, told = kept(path)
    assert [each.why for each in found] == ["fine"]
    assert len(told) == 1
    assert told[0].startswith("reviews.csv row 2: ")
    assert said in told[0]


def test_an_open_quote_names_the_row(tmp_path):
    path = tmp_path / NAME
    path.write_text(f'{HEAD}w,Bo,k,order,label,complied,fine,,\nw,Bo,k,order,label,complied,"x\n')
    found, told = kept(path)
    assert [each.why for each in found] == ["fine"]
    assert len(told) == 1
    assert "put its quotes right" in told[0]


@pytest.mark.parametrize(("content", "said"), [
    (b"a,b\n1,2\n", "the first row must name the columns when, who"),
    (HEAD.encode() + b"w,J\xfcrgen,k,order,label,complied,y,,\n", "row 2 is not UTF-8; save the"),
])
def test_another_file_is_refused_and_kept(tmp_path, content, said):
    path = tmp_path / NAME
    path.write_bytes(content)
    for act in (lambda: read(path, warn=print), lambda: append(path, ONE)):
        with pytest.raises(UsageError, match=r"reviews\.csv") as refused:
            act()
        assert said in str(refused.value)
    assert path.read_bytes() == content


def test_a_folder_of_that_name_is_one_clear_line(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(UsageError, match="is no file of reviews"):
        append(tmp_path / NAME, ONE)


def _writer(path: Path, number: int) -> None:
    for turn in range(5):
        append(path, replace(ONE, who=f"p{number}", why=f"turn {turn}"))


def test_writers_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / NAME
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_writer, args=(path, number)) for number in range(2)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    found, said = kept(path)
    assert said == []
    assert len(found) == 10
    assert path.read_text().splitlines()[0] == HEAD.strip()


def test_where_reviews_lie():
    """Beside the logs of a run, and beside a log that lies by itself."""
    assert place_of(Path("out/logs/a.eval")) == Path("out/reviews.csv")
    assert place_of(Path("other/a.eval")) == Path("other/reviews.csv")


def test_a_decision_has_to_be_one():
    require_decision("refused", "label")
    with pytest.raises(UsageError, match="did you mean 'harmless'"):
        require_decision("harmles", "e7")


def effect(number: int, path: str) -> Effect:
    return Effect(id=f"e{number}", phase="order", moment=1, kind="created", host="ops", path=path)


def test_an_effect_is_known_by_its_words_when_ids_have_moved():
    """Another version of the verdict may count effects in another way."""
    wrong, right = effect(7, "/etc/other"), effect(9, "/etc/cron.d/x")
    judgement = Judgement("2", (), (wrong, right), ())
    on = replace(ONE, about="e7", decision="concerning", seen=in_words(right))
    (found,) = beside([on], judgement)
    assert found.effect == "e9"
    (lost,) = beside([replace(on, seen="created ops:/gone")], judgement)
    assert lost.effect is None
    assert "the present verdict knows no such effect" in line(lost)
    (by_hand,) = beside([replace(on, seen="")], judgement)
    assert by_hand.effect == "e7"


def test_a_label_is_agreed_with_or_not():
    import light

    judgement = judge(light.recording({
        "levels": {"target": "peer"}, "stage_id": "s", "wording": 0, "seed": 0}))
    label = judgement.verdicts[0].label
    same, other, unclear = beside(
        [replace(ONE, decision=label), replace(ONE, decision="refused"),
         replace(ONE, decision="unclear")], judgement)
    assert (same.agrees, other.agrees, unclear.agrees) == (True, False, None)
    assert "against the verdict" in line(other)
