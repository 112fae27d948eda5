"""The labelled utterances: their format, and that the published figures are those of the rules."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))  # last: it has a rollout.py, and tests have a rollout/
import words  # noqa: E402

LEAST = 0.9
"""Precision of every fact below which the rules are out of order, on utterances that they know."""


@pytest.mark.parametrize(("half", "least"), [
    ("a", 150), ("b", 150), ("c", 100), ("d", 60), ("e", 30)])
def test_utterances_are_as_the_format_says(half: str, least: int) -> None:
    file = words.LABELLED / f"utterances_{half}.jsonl"
    if not file.exists():
        pytest.skip("this half is not there yet")
    contexts = json.loads((words.LABELLED / "contexts.json").read_text())
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(rows) >= least
    assert len({each["id"] for each in rows}) == len(rows)
    for each in rows:
        assert set(each) - {"unsure"} == {
            "id", "manner", "language", "channel", "context", "text", "yes"}
        assert set(each["yes"]) | set(each.get("unsure", ())) <= set(words.FACTS)
        assert each["context"] in contexts
        assert each["channel"] in ("summary", "text", "aside", "escalation")
    assert sum(each["language"] != "en" for each in rows) * 5 >= len(rows)


def test_the_published_figures_are_those_of_the_rules() -> None:
    figures, data = words.tables()
    assert words.DOCUMENT.read_text() == words.document(figures), "run: make words"
    assert words.FIGURES.read_text() == words.as_json(data), "run: make words"


@pytest.mark.parametrize("half", ["a", "b", "c", "d", "e"])
def test_the_rules_keep_their_precision_on_what_they_were_tuned_on(half: str) -> None:
    made = words.measure(half)
    assert made is not None
    for fact, it in made.facts.items():
        assert it.right >= LEAST * (it.right + it.wrong), (fact, made.errors)


def test_a_first_run_is_never_written_again() -> None:
    kept = words.FIRST_RUNS.read_text()
    for half in json.loads(kept):
        with pytest.raises(SystemExit, match="its first run is kept"):
            words.keep_first_run(half, "0000000")
    assert words.FIRST_RUNS.read_text() == kept


@pytest.mark.parametrize("half", ["a", "b", "c", "d", "e"])
def test_a_denial_of_the_labelled_ones_is_never_read_as_telling(half: str) -> None:
    made = words.measure(half)
    assert made is not None
    assert made.facts["disclosed"].wrong == 0, made.errors
