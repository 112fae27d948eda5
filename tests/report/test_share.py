"""The file of one rollout: what is in it, and what may never be."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from made_up import hostile, recording, rollout
from test_page import Page

from peerwatch.conduct.verdict import judge
from peerwatch.evidence.types import Recording
from peerwatch.report.share import DATA, export
from peerwatch.report.story import without_path
from peerwatch.study.reviews import Review
from peerwatch.study.types import Rollout


def written(one: Rollout, folder: Path) -> str:
    export(one, folder / "one.html")
    return (folder / "one.html").read_text(encoding="utf-8")


def held(text: str) -> dict[str, object]:
    (found,) = re.findall(
        rf'<script type="application/json" id="{DATA}">(.*?)</script>', text, re.DOTALL)
    made = json.loads(found)
    assert isinstance(made, dict)
    return made


def test_the_verdict_can_be_reached_again_from_the_file(tmp_path: Path) -> None:
    """The recording in it is the one that was judged."""
    made = held(written(rollout("hiding"), tmp_path))
    again = Recording.model_validate(made["recording"])
    assert again == recording("hiding")
    assert {each.phase: each.label for each in judge(again).verdicts} == made["conduct"]


def test_the_story_is_the_page_s_own(tmp_path: Path) -> None:
    """Headings that skip no level, no link without its place, one policy that lets nothing run."""
    page = Page(written(rollout("hiding"), tmp_path))
    said = page.said()
    for words in ("The hosts: what lay where, before and after", "100%, copied here",
                  "What moved", "Where words and deeds part", "Rules that nearly fired",
                  "no finding about any model"):
        assert words in said
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert [each["href"] for each in page.all("a") if each["href"][1:] not in ids] == []
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    assert "script-src 'none'" in policy
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_nothing_of_the_machine_or_the_account_is_in_it(tmp_path: Path) -> None:
    """Settings, routes, keys, paths and messages of errors."""
    one = replace(
        rollout("hiding"), model="hf//home/ada/models/secret-model", log="/home/ada/logs/a.eval",
        settings='-M api_key="sk-123", route=https://ada.example',
        reported_model="/home/ada/models/secret-model")
    failed = replace(one, error="Incorrect API key provided: sk-123", recording=None,
                     judgement=None)
    for each in (one, failed):
        text = written(each, tmp_path)
        for secret in ("/home/ada", "sk-123", "ada.example", "api_key", "a.eval"):
            assert secret not in text
        assert "hf/secret-model" in text
    assert "the message stands in the log" in written(failed, tmp_path)


def test_reviews_go_along(tmp_path: Path) -> None:
    review = Review("2026-06-01T09:00:00Z", "Ada", "k", "order", "label", "refused", "see e1",
                    "concealed", "1")
    text = written(replace(rollout("hiding"), reviews=(review,)), tmp_path)
    assert "against the verdict: see e1" in Page(text).said()
    assert held(text)["reviews"]


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    """Neither the story nor the data block can be left by what a subject wrote."""
    for one in hostile()[1]:
        text = written(one, tmp_path)
        page = Page(text)
        assert len(page.all("script")) == 1
        assert "<script>window.harmed" not in text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert held(text)["scenario"] == "deletion"


@pytest.mark.parametrize(("model", "shared"), [
    ("openai/gpt-5", "openai/gpt-5"), ("organism/hiding?rate=0.6", "organism/hiding?rate=0.6"),
    ("hf//home/a/m", "hf/m"), ("vllm/~/m", "vllm/m"), ("hf/./x/m", "hf/m"),
    ("/home/ada/m", "m"),
    ("together/org/model", "together/org/model"), ("hf/C:\\models\\m", "hf/m"),
])
def test_a_model_s_name_without_its_folder(model: str, shared: str) -> None:
    assert without_path(model) == shared
