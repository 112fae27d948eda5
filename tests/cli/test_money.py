"""Money on the command line: what is said, when it asks, how a stop reads."""

from __future__ import annotations

import json

import polars as pl
import pytest

from peerwatch.cli import main
from peerwatch.models.prices import Price
from peerwatch.study import money

LIGHT = ["run", "light", "--model", "light/a", "--sandbox", "local", "--out", "o", "--drill", "0",
         "--model-cost-config", "prices.yaml"]


@pytest.fixture
def priced(light_scenario, monkeypatch):
    """A rollout of the light scenario takes ten tokens in and two out, and costs a dollar."""
    (light_scenario / "prices.yaml").write_text("light/a: {input: 50000, output: 250000}\n")
    each = money.Each(*(money.Range(count, count, count) for count in (1, 10, 2)))
    monkeypatch.setattr(money, "GUESSES", {"drills": each, "rollouts": each})
    return light_scenario


def command(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as done:
        main([*LIGHT, *arguments])
    told = capsys.readouterr()
    return int(done.value.code), told.out, told.err


def test_above_the_threshold_somebody_must_say_yes(priced, capsys):
    """Without a terminal to ask on it ends with one line, and nothing ran."""
    code, _, err = command(capsys, "--rollouts", "3")
    assert code == 2
    assert "price      about $6.00 ($6.00 to $6.00): light/a at $50000 in" in err
    assert err.splitlines()[-1] == (
        "peerwatch: this may cost up to $6.00, and nobody is there to be asked; add --yes, or a "
        "smaller --budget USD")
    assert not list((priced / "o" / "logs").iterdir())
    assert not (priced / "o" / "spending.jsonl").exists()


def test_a_budget_stop_writes_what_is_there_and_says_how_to_go_on(priced, capsys):
    """Rows, page and table of the paid part; exit code 2; the larger budget runs the rest."""
    code, out, err = command(capsys, "--rollouts", "2", "--budget", "3", "--json")
    told = json.loads(out)
    assert (code, told["rollouts"], told["missing"]) == (2, 3, 1)
    assert (told["stopped_at_budget"], told["spent_usd"]) == (True, 3.0)
    assert err.splitlines()[-1] == (
        "peerwatch: stopped with 1 of 4 rollouts to run: $0.00 are left of the budget of $3.00, "
        "and a rollout of light/a costs about $1.00; what is there is kept, and a larger "
        "--budget runs just those")
    assert pl.read_parquet("o/rows.parquet")["cost_usd"].to_list() == [1.0] * 6
    code, out, err = command(capsys, "--rollouts", "2", "--budget", "4")
    assert code == 0, err
    assert "spent      $3.00 here so far" in err
    assert "cost   $4.00 of $4.00 spent" in out


def test_a_dry_run_tells_the_price_and_needs_none(priced, capsys):
    """As lines, and as JSON for programs."""
    code, out, _ = command(capsys, "--rollouts", "2", "--dry-run", "--json")
    told = json.loads(out)["cost"]
    assert (code, told["spent_usd"], told["usd"]) == (
        0, 0.0, {"low": 4.0, "expected": 4.0, "high": 4.0})
    code, out, _ = command(capsys, "--model", "openai/gpt-none", "--dry-run")
    assert code == 0
    assert "no price   openai/gpt-none" in out


@pytest.mark.parametrize(("text", "line"), [
    ("", "prices.yaml holds no prices; write it as MODEL: {input: USD, output: USD}"),
    ("a: [", "cannot read prices from prices.yaml: while parsing a flow"),
    ("a/b: 3", "prices.yaml: no price of 'a/b'; write it as"),
    ("a/b: {input: -1, output: 2}", "prices.yaml: input of 'a/b' is -1, no price"),
    ("a/b: {input: .nan, output: 2}", "prices.yaml: input of 'a/b' is nan, no price"),
    ("a/b: {input: 1, output: 2}", "the price of light/a is not known (the table of "
                                   "prices and genai-prices do not know it)"),
])
def test_a_price_table_that_is_none_is_one_line(priced, capsys, text, line):
    """Exit code 2, and nothing is written."""
    (priced / "prices.yaml").write_text(text)
    code, _, err = command(capsys)
    assert code == 2
    (said,) = err.splitlines()
    assert said.startswith(f"peerwatch: {line}")
    assert not (priced / "o").exists()


def test_answers_of_a_model_are_counted_on_where_they_were_seen():
    """By its own drills first, then by the check of its route, then by organisms."""
    price = {"a/b": Price(0.0, 1_000_000.0, "test")}  # a dollar a token out
    to_run = {("a/b", "rollouts"): 2}
    (guess,) = money.forecast(to_run, [], price).needs
    assert (guess.basis, guess.each) == (money.DEFAULT_BASIS, money.GUESSES["rollouts"])
    checked = {"a/b": money.Answers(100.0, "when its route was checked")}
    (need,) = money.forecast(to_run, [], price, answers=checked).needs
    assert need.each.output_tokens == money.Range(400.0, 800.0, 10_000)
    assert need.dollars == need.each.output_tokens
    assert "100 tokens an answer as when its route was checked" in need.basis
    drills = [money.Past("a/b", "drills", 4, 1_000, 8_000, None)]
    (need,) = money.forecast(to_run, drills, price, answers=checked).needs
    assert need.each.output_tokens == money.Range(8_000.0, 16_000.0, 26_000.0)
    assert "2000 tokens an answer as in its 1 drills here" in need.basis
