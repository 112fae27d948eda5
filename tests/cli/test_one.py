"""show, export and review: one rollout of logs that lie there."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import polars as pl
import pytest
from written import log, sample

from peerwatch.cli import main
from peerwatch.conduct.verdict import VERSION, judge
from peerwatch.evidence.types import Recording

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
import made_up

SECRET = "sk-0123456789abcdef"


def command(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command in this process."""
    with pytest.raises(SystemExit) as done:
        main(arguments)
    told = capsys.readouterr()
    return int(done.value.code), told.out, told.err


@pytest.fixture
def out(tmp_path, monkeypatch):
    """Two rollouts where a run puts them: hiding was called complied by an older verdict."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    log(tmp_path / "out" / "logs" / "a.eval", [
        sample(made_up.recording("hiding"), uuid="HIDINGxyz1", version="0",
               labels={"order": "complied", "questions": "not_applicable"}),
        sample(made_up.recording("obedient"), uuid="OBEDIENTz2", version=VERSION,
               labels={"order": "complied"})],
        model_args={"api_key": SECRET, "path": "/home/ada/model"},
        model_base_url="https://ada.example/v1")
    return tmp_path / "out"


def test_several_are_listed_and_one_is_told(out, capsys):
    """Without --sample a list with ids and the command to go on; with one, the story."""
    code, told, err = command(capsys, "show", "out")
    assert (code, "judged again" in err) == (0, True)
    assert "HIDINGxyz1"[:10] in told
    assert "was complied" in " ".join(told.split())
    assert "peerwatch show out --sample HIDINGxyz1" in told
    code, told, err = command(capsys, "show", "out", "--sample", "HIDI")
    assert (code, err) == (0, "")
    for words in ("THE HOSTS", "node-b:/srv/incoming/.cache-7f (copy of the TARGET)",
                  "---copied---", "THE ORDER (ended: closed)", "=> CONCEALED",
                  "where words and deeds part", "rules that nearly fired",
                  "scored by verdict 0 when it ran, judged again by "):
        assert words in told
    assert max(map(len, told.split("\n\n", 1)[1].splitlines())) <= 80


def test_the_only_one_is_told_without_being_named(out, capsys, tmp_path):
    log(tmp_path / "one.json", [sample(made_up.recording("loyal"), uuid="LOYALxyz")])
    code, told, _ = command(capsys, "show", "one.json")
    assert code == 0
    assert "=> SUBVERTED" in told


def test_json_is_one_object(out, capsys):
    code, told, _ = command(capsys, "show", "out", "--sample", "HIDI", "--format", "json")
    made = json.loads(told)
    assert code == 0
    assert (made["conduct"], made["scored"]["order"], made["scored_version"]) == (
        "concealed", "complied", "0")
    assert [flow["kind"] for flow in made["account"]["picture"]["flows"]] == ["copied", "deleted"]
    assert made["account"]["phases"][0]["nearly"]
    assert told.isascii()


@pytest.mark.parametrize(("given", "said"), [
    (["show", "out", "--sample", "nobody"], "no rollout here has an id that begins with 'nobody'"),
    (["show", "out", "--sample", "HI"], "give at least 4 characters"),
    (["show", "out", "--format", "json"], "name one with --sample ID"),
    (["export", "out"], "name one with --sample ID"),
    (["review", "out", "--decision", "concealed", "--why", "x"], "name one with --sample ID"),
    (["review", "out", "--sample", "HIDI", "--decision", "conceald", "--why", "x"],
     "did you mean 'concealed'"),
    (["review", "out", "--sample", "HIDI", "--decision", "harmless", "--why", "x",
      "--effect", "e999"], "unknown effect 'e999'"),
    (["review", "out", "--sample", "HIDI", "--decision", "concealed", "--why", " "],
     "--why is empty"),
    (["review", "out", "--sample", "HIDI", "--decision", "concealed", "--why", "x",
      "--phase", "second_order"], "this rollout has no phase second_order"),
    (["export", "out", "--sample", "HIDI", "--out", "none/x.html"], "there is no folder none"),
    (["show", "nothing"], "nothing does not exist"),
])
def test_what_cannot_be_is_one_line_and_exit_code_2(out, capsys, given, said):
    code, _, err = command(capsys, *given)
    assert code == 2
    assert said in err.splitlines()[-1]
    assert not (out / "reviews.csv").exists()


def test_an_id_of_several_is_no_choice(out, capsys, tmp_path):
    log(tmp_path / "two.eval", [
        sample(made_up.recording("loyal", seed=each), uuid=f"SAMExyz{each}") for each in (1, 2)])
    code, _, err = command(capsys, "show", "two.eval", "--sample", "SAME")
    assert code == 2
    assert "2 rollouts have an id that begins with 'SAME': SAMExyz1 (mock/one), SAMExyz2" in err


def test_a_review_stands_beside_the_verdict_everywhere(out, capsys):
    """In the file, in show, in the rows and on the page; conduct stays what it was."""
    for words in (["--decision", "refused", "--why", "=1+1"],
                  ["--effect", "e1", "--decision", "concerning", "--why", "the copy"]):
        code, told, _ = command(
            capsys, "review", "out", "--sample", "HIDI", "--who", "Ada", *words)
        assert code == 0
        assert told.startswith(str(out / "reviews.csv"))
    code, told, _ = command(capsys, "review", "out", "--sample", "HIDI", "--who", "Ada",
                            "--effect", "e1", "--decision", "concerning", "--why", "the copy")
    assert "stands there already" in told
    told = command(capsys, "show", "out", "--sample", "HIDI")[1]
    assert "reviewed by Ada" in told
    assert "label of order (then concealed): refused, against the verdict: =1+1" in told
    assert "=> CONCEALED" in told
    assert command(capsys, "rows", "out", "--out", "r.parquet")[0] == 0
    frame = pl.read_parquet("r.parquet").filter(pl.col("phase") == "order")
    assert frame.sort("conduct").select(
        "conduct", "scored_conduct", "reviews", "reviewed_as", "reviewed_by").rows() == [
        ("complied", "complied", 0, None, None), ("concealed", "complied", 2, "refused", "Ada")]
    assert command(capsys, "report", "out")[0] == 0
    page = Path("report.html").read_text()
    assert "What people decided" in page
    assert "order: complied then, concealed now" in page


def test_a_bad_row_is_named_and_the_rest_is_shown(out, capsys):
    (out / "reviews.csv").write_text("who,rollout_key,about,decision,why\n,k,label,refused,x\n")
    code, _, err = command(capsys, "show", "out", "--sample", "HIDI")
    assert code == 0
    assert err == "peerwatch: reviews.csv row 2: who is empty; fill it in; the row is left out\n"
    (out / "reviews.csv").write_text("shopping list\n")
    code, _, err = command(capsys, "show", "out", "--sample", "HIDI")
    assert code == 2
    assert "the first row must name the columns" in err


def test_an_export_is_one_file_without_anything_of_this_machine(out, capsys, tmp_path):
    """No key, route, setting or path; the verdict can be reached again from what is in it."""
    code, told, _ = command(capsys, "export", "out", "--sample", "HIDI")
    assert code == 0
    assert told.startswith("file   rollout-HIDINGxyz1.html (")
    text = Path("rollout-HIDINGxyz1.html").read_text()
    for secret in (SECRET, "ada.example", "/home/ada", str(tmp_path), "api_key", "logs/"):
        assert secret not in text
    (held,) = re.findall(r'<script type="application/json" id="recording">(.*?)</script>', text)
    made = json.loads(held)
    again = judge(Recording.model_validate(made["recording"]))
    assert {each.phase: each.label for each in again.verdicts} == made["conduct"]
    assert made["conduct"]["order"] == "concealed"


def test_the_lock_and_nothing_else_lies_beside_reviews(out, capsys):
    command(capsys, "review", "out", "--sample", "HIDI", "--who", "Ada", "--decision", "unclear",
            "--why", "hm")
    assert sorted(each.name for each in out.iterdir()) == [
        ".reviews.csv.lock", "logs", "reviews.csv"]
    shutil.rmtree(out / "logs")
    code, _, err = command(capsys, "show", "out")
    assert code == 2
    assert "no rollouts of peerwatch in out" in err
