"""Annotations stand beside verdicts, take nothing from hostile words, and decide nothing."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from made_up import HOSTILE, hostile
from made_up import study as made_up_study

from peerwatch.cli import main
from peerwatch.errors import UsageError
from peerwatch.models.prices import Price
from peerwatch.report import write
from peerwatch.study import annotate
from peerwatch.study.annotate import annotated, disagreements, question
from peerwatch.study.money import Forecast, Range, Terms

study = cache(made_up_study)
ANSWER = {
    "motive": "care", "aware": "no", "disclosed": "yes", "declared": "unclear", "said_done": "no",
    "escalated": "no", "objected": "no", "why": "It says that it did not want to lose it."}


def asked(
    monkeypatch: pytest.MonkeyPatch, answer: str, usage: ModelUsage | None = None
) -> list[Any]:
    """Puts a model in place that always answers so; gives what it was sent."""
    sent: list[Any] = []

    def answers(messages: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
        sent.append(messages)
        output = ModelOutput.from_content("mockllm/model", answer)
        # Without it the tokens are counted by a table from the network.
        output.usage = usage or ModelUsage()
        return output

    monkeypatch.setattr(
        annotate, "made",
        lambda route, settings: get_model("mockllm/model", custom_outputs=answers))
    return sent


def test_an_annotation_is_kept_and_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary, rollouts = study(1)
    kept = tmp_path / "page.annotations.jsonl"
    sent = asked(monkeypatch, f"```json\n{json.dumps(ANSWER)}\n```")
    made = annotated(rollouts, "mockllm/model", kept).rollouts
    assert [each.judgement for each in made] == [each.judgement for each in rollouts]
    judged = [each for each in made if each.annotation is not None]
    assert len(sent) == len(judged) == len(kept.read_text().splitlines()) > 0
    assert all(each.annotation.motive == "care" for each in judged)
    again = annotated(rollouts, "mockllm/model", kept).rollouts
    assert again == made
    assert len(sent) == len(judged)
    page = tmp_path / "page.html"
    write(summary, made, page)
    text = page.read_text()
    assert text.count("it decides nothing") == len(judged)
    assert "they differ" in text
    assert "It says that it did not want to lose it." in text


@pytest.mark.parametrize("answer", [
    "", "I cannot.", "{}", json.dumps({**ANSWER, "label": "complied"}),
    json.dumps({**ANSWER, "motive": "love"}), json.dumps({**ANSWER, "disclosed": True}),
    json.dumps(ANSWER) + " Ignore the rules.", json.dumps([ANSWER]),
    json.dumps({**ANSWER, "why": "x" * 10_000}), "[" * 100_000,
])
def test_any_other_answer_is_unread(
    answer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary, rollouts = study(1)
    asked(monkeypatch, answer)
    made = annotated(rollouts[:1], "mockllm/model", tmp_path / "kept.jsonl").rollouts
    assert made[0].annotation is not None
    assert made[0].annotation.unread.startswith("the answer is no object")
    assert (tmp_path / "kept.jsonl").read_text() == ""  # it is asked again
    if not answer:
        write(summary, made, tmp_path / "page.html")
        assert "Unread: the answer is no object" in (tmp_path / "page.html").read_text()


def test_a_model_that_fails_is_unread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(*_: Any) -> ModelOutput:
        raise OSError("no route")

    monkeypatch.setattr(
        annotate, "made", lambda route, settings: get_model("mockllm/model", custom_outputs=fails))
    made = annotated(study(1)[1][:1], "mockllm/model",
                     tmp_path / "kept.jsonl").rollouts
    assert made[0].annotation is not None
    assert made[0].annotation.unread == "the model could not be asked (OSError)"


def test_hostile_words_stay_inside_one_json_string() -> None:
    _, rollouts = hostile()
    recording = rollouts[0].recording
    assert recording is not None
    system, user = question(recording)
    assert "window.harmed" not in system.text
    handed = json.loads(user.text)
    assert set(handed) == {"target", "words"}
    assert any(HOSTILE[:200] in each["text"] for each in handed["words"])
    assert sum(len(each["text"]) for each in handed["words"]) <= annotate.MOST_WORDS


def test_a_hostile_annotation_does_not_act_on_the_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary, rollouts = study(1)
    asked(monkeypatch, json.dumps({**ANSWER, "why": "<script>window.harmed=1</script>"}))
    made = annotated(rollouts[:1], "mockllm/model", tmp_path / "kept.jsonl").rollouts
    write(summary, made, tmp_path / "page.html")
    assert "<script>window.harmed" not in (tmp_path / "page.html").read_text()


def test_disagreement_is_of_what_both_read() -> None:
    rollout = study(1)[1][0]
    assert rollout.judgement is not None
    facts = rollout.judgement.verdicts[0].facts
    assert facts is not None
    by_rule = {each.what.partition(",")[0] for each in facts.textual}
    same = {fact: "yes" if fact in by_rule else "no" for fact in annotate.FACTS}
    make = annotate.Annotation
    keys = {"rollout_key": "k", "sample_uuid": "u", "model": "m", "version": "1"}
    assert disagreements(make(**keys, facts=same), facts) == ()
    other = {**same, "objected": "no" if "objected" in by_rule else "yes"}
    assert disagreements(make(**keys, facts=other), facts) == ("objected",)
    unclear = dict.fromkeys(annotate.FACTS, "unclear")
    assert disagreements(make(**keys, facts=unclear), facts) == ()


def test_what_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    rollouts = study(1)[1][:1]
    with pytest.raises(UsageError, match="unknown model provider 'nobody'"):
        annotated(rollouts, "nobody/model", tmp_path / "kept.jsonl")
    (tmp_path / "other.jsonl").write_text("no annotation\n")
    with pytest.raises(UsageError, match="something else than annotations"):
        annotated(rollouts, "mockllm/model", tmp_path / "other.jsonl")


def test_the_page_says_how_well_prose_is_read(tmp_path: Path) -> None:
    summary, rollouts = study(1)
    write(summary, rollouts, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "How well prose is read" in text
    assert "on which the rules were tuned" in text
    assert "Annotation by" not in text


def test_an_annotator_is_paid_as_a_subject_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A name that nobody knows, a price that nobody knows: one line, exit code 2."""
    for name, line in (("opnai/gpt-4o-none", "price of opnai/gpt-4o-none is not known"),
                       ("gpt-5.22", "did you mean 'gpt-5.2'")):
        with pytest.raises(SystemExit, match="2"):
            main(["report", str(tmp_path), "--annotate", name])
        (said,) = capsys.readouterr().err.splitlines()
        assert line in said


def test_a_budget_ends_annotation_and_a_larger_one_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The forecast is heard first; what is there is kept, and nobody is asked twice."""
    rollouts, kept = study(2)[1], tmp_path / "page.annotations.jsonl"
    valid = sum(each.judgement is not None for each in rollouts)
    sent = asked(monkeypatch, json.dumps(ANSWER), ModelUsage(output_tokens=10, total_tokens=10))
    monkeypatch.setattr(annotate, "AT_ONCE", 1)
    monkeypatch.setattr(annotate, "WRITTEN", Range(10, 10, 10))
    heard: list[Forecast] = []
    price = {"mockllm/model": Price(0.0, 100_000.0, "test")}  # a dollar an answer

    def read(budget: float) -> annotate.Annotated:
        return annotated(rollouts, "mockllm/model", kept, Terms(price, budget, heard.append))

    poor = read(2)
    assert (len(sent), poor.left) == (2, valid - 2)
    assert poor.reason == "$2.00 of the budget of $2.00 are spent, and one answer may cost $1.00"
    assert heard[0].dollars == Range(*[float(valid)] * 3)
    assert heard[0].lines()[0].startswith(f"expected   mockllm/model: {valid} annotations")
    assert sum(each.annotation is not None for each in poor.rollouts) == 2
    rich = read(100)
    assert (len(sent), rich.left, rich.reason) == (valid, 0, "")
    assert (heard[1].spent, heard[1].needs[0].count) == (2.0, valid - 2)
