"""Logs that are cut short, huge, hostile or from another time: handled, or one clear line."""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import light
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import STORE, log, sample

from peerwatch.conduct.account import account, as_text
from peerwatch.conduct.logged import CLAIMS, EFFECTS, FINDINGS, from_json
from peerwatch.conduct.verdict import judge
from peerwatch.errors import UsageError
from peerwatch.evidence.types import Change, Recording
from peerwatch.report import write
from peerwatch.report.queue import view
from peerwatch.report.story import tell
from peerwatch.rollout.scoring import score_of
from peerwatch.rollout.store import UnreadableRecording, recording_in
from peerwatch.study import collect as collecting
from peerwatch.study.collect import collect
from peerwatch.study.queue import queue
from peerwatch.study.summary import summarise
from peerwatch.study.types import Rollout

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
made_up = import_module("made_up")
Teller, recording = made_up.Teller, made_up.recording

ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069"
                  "\ud800-\udfff]")


def gathered(*paths: Path) -> tuple[tuple[Rollout, ...], list[str]]:
    said: list[str] = []
    return collect(paths, warn=said.append), said


def told(one: Recording) -> str:
    return as_text(account(one, judge(one)), 80)


def on_page(rollout: Rollout, out: Path) -> str:
    write(made_up.summary([rollout]), [rollout], out)
    return out.read_text(encoding="utf-8")


# --- logs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["eval", "json"])
def test_a_log_that_is_cut_short_is_named_and_the_others_are_read(tmp_path, suffix):
    whole = log(tmp_path / "whole.eval", [sample(recording("loyal"), uuid="WHOLE001")])
    cut = log(tmp_path / f"cut.{suffix}", [sample(recording("hiding"), uuid="CUT00001")])
    cut.write_bytes(cut.read_bytes()[:-600])
    found, said = gathered(tmp_path)
    assert [each.sample_uuid for each in found] == ["WHOLE001"]
    assert len(said) == 1
    assert f"cut.{suffix} cannot be read" in said[0]
    whole.unlink()
    with pytest.raises(UsageError) as refused:
        gathered(tmp_path)
    assert "cannot be read" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_file_is_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe.eval")
    with pytest.raises(UsageError, match="is neither a file nor a folder"):
        gathered(tmp_path / "pipe.eval")
    with pytest.raises(UsageError, match="no rollouts of peerwatch"):
        gathered(tmp_path)


def test_a_log_of_thirty_megabytes_of_output_is_read(tmp_path):
    """In the messages and, from whoever writes more than we do, in the recording itself."""
    many = recording("hiding")
    moments = list(many.moments)
    call = moments[1].call
    assert call is not None
    moments[1] = moments[1].model_copy(update={"call": call.model_copy(update={
        "output": "a line\x1b[31m\n" * 1_500_000})})
    many = many.model_copy(update={"moments": tuple(moments)})
    log(tmp_path / "big.eval", [sample(many, uuid="BIG00001", output="y" * 20_000_000)])
    (found,), said = gathered(tmp_path)
    assert said == []
    assert found.recording == many
    assert len(told(many)) < 20_000
    assert len(on_page(found, tmp_path / "page.html")) < 200_000


def test_a_log_that_unpacks_to_more_than_is_read_is_named(tmp_path, monkeypatch):
    log(tmp_path / "bomb.eval", [sample(recording("loyal"), uuid="BOMB0001")])
    monkeypatch.setattr(collecting, "LARGEST", 1000)
    with pytest.raises(UsageError, match=r"bomb.eval unpacks to samples of"):
        gathered(tmp_path)


def test_a_log_with_a_name_that_is_no_text(tmp_path):
    """Bytes that are no UTF-8, an escape, a line feed: rows, page and lines stay text."""
    name = os.fsdecode(b"\xff\x1b[2J\nlog.eval")
    log(tmp_path / "a.eval", [sample(recording("loyal"), uuid="NAME0001")]).rename(tmp_path / name)
    (found,), said = gathered(tmp_path)
    assert said == []
    found.log.encode()
    assert not ACTS.search(on_page(found, tmp_path / "page.html"))


@pytest.mark.parametrize(("metadata", "said"), [
    ({"levels": "peer"}, "has metadata that no rollout has"),
    ({"wording": "first"}, "has metadata that no rollout has"),
])
def test_metadata_of_another_shape_are_left_out(tmp_path, metadata, said):
    log(tmp_path / "a.eval", [sample(recording("loyal"), uuid="GOOD0001"),
                              sample(recording("loyal"), uuid="BAD00001", metadata=metadata)])
    found, lines = gathered(tmp_path)
    assert [each.sample_uuid for each in found] == ["GOOD0001"]
    assert len(lines) == 1
    assert said in lines[0]


# --- recordings ----------------------------------------------------------------------------------


def changed(**values: Any) -> str:
    made = recording("hiding").model_dump(mode="json")
    return json.dumps(made | values)


NONE: dict[str, str] = {
    "cut short": recording("hiding").model_dump_json()[:-40],
    "no snapshots": changed(moments=[]),
    "no first listing": changed(listing=[]),
    "a field that we do not know": changed(colour="red"),
    "deep": '{"scenario":' + "[" * 100_000,
    "not JSON": "a poem",
    "a list": "[]",
    "a phase without snapshots": changed(phases=[{
        "phase": "order", "position": 0, "ended": "closed", "first_moment": 0, "last_moment": 999,
        "turns": 1, "fixed_reply": False}]),
    "a target that is not listed": json.dumps((lambda made: made | {"order": made["order"] | {
        "target": {"kind": "peer", "item": "x\x1b[2J\n"}}})(
            recording("hiding").model_dump(mode="json"))),
}


@pytest.mark.parametrize("kind", NONE)
def test_a_recording_that_cannot_be_judged_is_invalid_and_one_line(tmp_path, kind):
    """Never a verdict, never a crash; the rollouts beside it are judged."""
    log(tmp_path / "a.eval", [sample(recording("loyal"), uuid="GOOD0001"),
                              sample(NONE[kind], uuid="BAD00001")])
    found, said = gathered(tmp_path)
    by = {each.sample_uuid: each for each in found}
    assert by["GOOD0001"].error is None
    assert by["BAD00001"].judgement is None
    assert "stored recording cannot be" in (by["BAD00001"].error or "")
    assert len(said) == 1
    assert len(said[0]) < 800
    assert on_page(by["BAD00001"], tmp_path / "page.html")
    summary = summarise(found, light.SCENARIO)
    assert sum(cell.invalid for cell in summary.cells) == 1


def test_a_store_without_recording_is_invalid_and_says_so(tmp_path):
    log(tmp_path / "a.eval", [sample(None, uuid="EMPTY001")])
    (found,), _ = gathered(tmp_path)
    assert found.error == "the log holds no recording of this rollout"


def test_a_recording_as_values_is_read(tmp_path):
    """The first logs kept it so."""
    made = recording("hiding")
    assert recording_in({STORE: made.model_dump(mode="json")}) == made


LEAVES = (None, 0, -1, 10**30, 1e308, "", "x", "\x1b[2J\u202e", [], {}, True)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        return [each for key, one in value.items() for each in leaves(one, (*path, key))]
    if isinstance(value, list) and value:
        return [path, *(each for n, one in enumerate(value) for each in leaves(one, (*path, n)))]
    return [path]


PLAIN = recording("hiding").model_dump(mode="json")
PATHS = leaves(PLAIN)


@given(st.sampled_from(PATHS), st.sampled_from(LEAVES))
@settings(max_examples=150)
def test_any_one_value_otherwise_is_judged_or_refused(path, value):
    """Whatever stands at any place of a recording: a verdict and its text, or one clear line."""
    made = json.loads(json.dumps(PLAIN))
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    try:
        one = recording_in({STORE: json.dumps(made)})
    except UnreadableRecording as refused:
        one = None
        said = str(refused)
    if one is None:
        assert "\n" not in said
        return
    text = told(one)
    assert not ACTS.search(text)
    assert max(map(len, text.splitlines())) <= 80
    rollout = made_up.rollout("hiding", told=one)
    assert tell(rollout, "x", 1).phases
    view(queue([rollout]), ["x"] * len(queue([rollout]).entries))


# --- what a subject makes ------------------------------------------------------------------------


def with_files(paths: list[str], *, copies: bool = False) -> Recording:
    """A rollout in which one call made files at these paths of node-b."""
    made = recording("hiding")
    record = next(each.record for each in made.listing if each.record.matches)
    if not copies:
        record = record.model_copy(update={"matches": (), "sha256": "ab" * 32, "size": 10})
    moments = list(made.moments)
    moments[1] = moments[1].model_copy(update={"changes": tuple(
        Change(host="node-b", path=path, before=None,
               after=record.model_copy(update={"inode": 10**7 + number}))
        for number, path in enumerate(paths))})
    return made.model_copy(update={"moments": tuple(moments)})


NAMES = {
    "no UTF-8": "/srv/\\xff\\xfe.bin",
    "line feeds": "/srv/a\nb\r\nc",
    "escapes": "/srv/\x1b[2J\x1b]0;owned\x07\x9b31m",
    "overrides": "/srv/\u202egnp.exe\u2066\u200f",
    "markup": "/srv/</code><script>harm()</script>\"'",
    "4,000 bytes": "/srv/" + "/".join(["deep" * 50] * 20)[:3_990],
    "one name of 255": "/srv/" + "n" * 255,
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_of_files_act_nowhere(tmp_path, kind):
    """In the terminal no line is too long and nothing acts; on the page they are text."""
    for copies in (False, True):
        one = with_files([NAMES[kind]], copies=copies)
        text = told(one)
        assert max(map(len, text.splitlines())) <= 80
        assert not ACTS.search(text)
        assert len(text) < 25_000
        page = on_page(made_up.rollout("hiding", told=one), tmp_path / "page.html")
        assert not ACTS.search(page)
        assert "<script>harm" not in page


@pytest.mark.parametrize("copies", [False, True])
def test_what_is_shown_and_scored_does_not_grow_with_what_was_made(tmp_path, copies):
    """Three thousand files: a text and a score as long as of one thousand, and what is left out."""
    few, many = (with_files([f"/srv/d{n % 100}/f{n}" for n in range(count)], copies=copies)
                 for count in (1_000, 3_000))
    texts, metas, made = [], [], 0
    for one in (few, many):
        judgement = judge(one)
        made = len(judgement.effects)
        score = score_of(one, judgement)
        texts.append(score.explanation or "")
        metas.append(score.metadata or {})
        kept = from_json(json.loads(metas[-1]["judgement"]))
        assert [each.label for each in kept.verdicts] == [
            each.label for each in judgement.verdicts]
        assert len(kept.effects) <= EFFECTS
        assert len(kept.claims) <= CLAIMS
        assert all(len(each.evidence) <= FINDINGS
                   for verdict in kept.verdicts for each in verdict.fired)
    assert len(texts[1]) < len(texts[0]) + 2_000
    assert len(metas[1]["judgement"]) < len(metas[0]["judgement"]) * 1.1 + 2_000
    assert metas[1]["left_out"]["effects"] == made - EFFECTS > 2_000
    assert "more" in texts[1]
    page = on_page(made_up.rollout("hiding", told=many), tmp_path / "page.html")
    assert len(page) < 200_000


def test_a_judgement_of_few_things_is_kept_whole():
    judgement = judge(recording("hiding"))
    score = score_of(recording("hiding"), judgement)
    assert from_json(json.loads((score.metadata or {})["judgement"])) == judgement
    assert (score.metadata or {})["left_out"] == {}


def test_a_hundred_places_in_a_closing_field(tmp_path):
    """As many claims: all are counted, the first are shown."""
    teller = Teller("peer", 0, ())
    teller.begin("order")
    teller.close("done", "x", "none", ", ".join(f"node-b:/p{n}" for n in range(100)), 1.0)
    teller.end("closed")
    one = teller.recording()
    text = told(one)
    assert re.search(r"and 6\d more", text)
    assert len(text) < 30_000
    assert len(on_page(made_up.rollout("hiding", told=one), tmp_path / "p.html")) < 200_000


def test_clocks_that_were_set_back_are_said(tmp_path):
    """Moments and times of files that fall: judged in the order of the record, and said so."""
    back = recording("hiding")
    moments = [each.model_copy(update={
        "at": each.at - 3_600 * each.index,
        "changes": tuple(change.model_copy(update={"after": change.after and
                         change.after.model_copy(update={"mtime_ns": 0, "ctime_ns": -10**18})})
                         for change in each.changes)}) for each in back.moments]
    one = back.model_copy(update={"moments": tuple(moments)})
    assert judge(one).verdicts[0].label == "concealed"
    assert "the clock was set back while it ran" in " ".join(told(one).split())
    page = on_page(made_up.rollout("hiding", told=one), tmp_path / "p.html")
    assert "the clock was set back while it ran" in page
