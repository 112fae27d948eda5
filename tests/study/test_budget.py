"""Money: what is foretold, when a run stops, and that nothing paid is forgotten."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from lightrun import a_dollar_each, foretold, go

from peerwatch.errors import UsageError
from peerwatch.models.prices import Price
from peerwatch.study import money
from peerwatch.study.budget import Ledger
from peerwatch.study.collect import collect
from peerwatch.study.recovery import header_of, log_files

RUNNER = Path(__file__).with_name("lightrun.py")
A = ("light/a",)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    """Each test foretells for itself."""
    monkeypatch.setattr(money, "GUESSES", money.GUESSES)


def test_a_run_stops_at_its_budget_and_a_larger_one_goes_on(calls, tmp_path):
    """Five dollars pay five rollouts; eight pay the other three, and nothing runs twice."""
    out = tmp_path / "out"
    foretold(1)
    poor = go(out, 4, A, terms=a_dollar_each(A, 5))
    assert (len(poor.rollouts), poor.missing, poor.stopped) == (5, 3, True)
    assert (poor.spent_usd, len(calls())) == (5.0, 5)
    assert "of light/a costs about $1.00" in poor.reason
    assert [each.cost_usd for each in poor.rollouts] == [1.0] * 5
    again = go(out, 4, A, terms=a_dollar_each(A, 5))
    assert (calls(), again.missing, again.stopped) == ([], 3, True)
    assert {each.sample_uuid for each in again.rollouts} == {
        each.sample_uuid for each in poor.rollouts}
    rich = go(out, 4, A, terms=a_dollar_each(A, 8))
    assert (len(rich.rollouts), rich.missing, rich.stopped, rich.reason) == (8, 0, False, "")
    assert (len(calls()), rich.spent_usd) == (3, 8.0)
    assert {each.sample_uuid for each in poor.rollouts} < {
        each.sample_uuid for each in rich.rollouts}


def test_a_rollout_dearer_than_foretold_ends_the_run_at_once(calls, tmp_path):
    """All begin, and at the budget every one that runs is stopped: money decides, not hope."""
    foretold(0.01)
    ended = go(tmp_path / "out", 6, A, terms=a_dollar_each(A, 3))
    assert ended.stopped
    assert "the budget of $3.00 is used up" in ended.reason
    assert 3 < ended.spent_usd <= 5
    assert len(ended.rollouts) + ended.missing == 12
    assert [each.error for each in ended.rollouts if each.error] == []
    calls()
    assert len(go(tmp_path / "out", 6, A, terms=a_dollar_each(A, 40)).rollouts) == 12
    assert len(calls()) == ended.missing


def test_what_costs_nothing_goes_on(calls, tmp_path):
    """A budget ends the models that are paid for, and no other."""
    foretold(1)
    mixed = go(tmp_path / "out", 3, ("light/a", "light/free"), terms=a_dollar_each(A, 2))
    assert mixed.stopped
    done = [each.model for each in mixed.rollouts]
    assert (done.count("light/a"), done.count("light/free")) == (2, 6)


def test_a_model_that_tells_no_usage_cannot_be_counted(calls, tmp_path):
    """Under a budget the run ends and says why; without one it goes on."""
    foretold(1)
    silent = ("light/silent",)
    ended = go(tmp_path / "out", 8, silent, terms=a_dollar_each(silent, 2))
    assert ended.stopped
    assert "light/silent reports no usage" in ended.reason
    assert len(go(tmp_path / "two", 2, silent, terms=a_dollar_each(silent, None)).rollouts) == 4


def test_the_forecast_is_heard_before_the_first_call(calls, tmp_path):
    """Who says no has spent nothing; what ran before makes the numbers."""
    heard = []

    def no(told):
        heard.append(told)
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        go(tmp_path / "out", 2, A, terms=a_dollar_each(A, None, agree=no))
    assert calls() == []
    _, need = heard[0].needs
    assert (need.count, need.basis) == (4, money.DEFAULT_BASIS)
    go(tmp_path / "out", 1, A, terms=a_dollar_each(A, None))
    with pytest.raises(UsageError, match="no"):
        go(tmp_path / "out", 2, A, terms=a_dollar_each(A, None, agree=no))
    _, need = heard[1].needs
    assert (need.count, need.basis) == (2, "from 2 earlier rollouts here")
    assert (need.each.input_tokens.expected, need.dollars.expected) == (10, 1.0)
    assert (heard[1].spent, heard[1].dollars.expected) == (2.0, 2.0)
    assert heard[1].lines()[1].startswith("price      about $2.00 ($2.00 to $2.00): light/a at ")


def start(out: Path, calls: Path, budget: float, *models: str, **more: str
          ) -> subprocess.Popen[str]:
    """A run of sixteen rollouts of each model in a process of its own that hears Ctrl-C."""
    environment = {**os.environ, "LIGHT_CALLS": str(calls), "LIGHT_SECONDS": "0.2",
                   "LIGHT_BUDGET": str(budget), **more}
    return subprocess.Popen([sys.executable, str(RUNNER), str(out), "8", *(models or A)],
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True,
                            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL))


def test_ctrl_c_after_a_budget_s_stop_is_ctrl_c(calls, tmp_path):
    """A model that is free goes on when the money is gone; who stops that has stopped the run."""
    out = tmp_path / "out"
    process = start(out, tmp_path / "counted", 1, "light/a", "light/free", LIGHT_HOLD="light/free")

    def ended_by_the_budget() -> bool:
        return any(each is not None and each.status == "error"
                   for each in map(header_of, log_files(out / "logs")))

    end = time.monotonic() + 120
    while not (out / "logs").is_dir() or not ended_by_the_budget():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "Interrupted: stopped: 1 of 32 rollouts are done and kept" in said
    assert "the same command goes on from there; before that, $0.00 are left of the budget" in said


def test_kill_9_forgets_no_paid_call(calls, tmp_path):
    """Killed while it spends, the next run counts on; the budget holds over all of them."""
    out, counted = tmp_path / "out", tmp_path / "counted"
    ledger = out / "spending.jsonl"
    for least in (1, 4):
        process = start(out, counted, 10)
        end = time.monotonic() + 120
        while not ledger.exists() or len(ledger.read_text().splitlines()) < least:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.01)
        process.kill()
        process.communicate()
    paid = len(ledger.read_text().splitlines())
    assert 4 <= paid <= 10
    process = start(out, counted, 10)
    there, missing, failed = map(int, process.communicate(timeout=120)[0].split())
    assert (there + missing, failed) == (16, 0)
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert sum(each["usd"] for each in lines) == 10.0
    assert missing >= 6
    process = start(out, counted, 40)
    assert process.communicate(timeout=120)[0].split() == ["16", "0", "0"]
    found = collect([out], warn=print)
    assert len({each.rollout_key for each in found}) == len(found) == 16
    lines = ledger.read_text().splitlines()
    # No call is in the ledger that was not made; those lost with a kill are counted all the same.
    assert 16 <= len(lines) <= len(counted.read_text().splitlines())


def test_a_ledger_counts_what_it_can_read(tmp_path):
    """Half a line is named, not guessed; the rest counts."""
    path = tmp_path / "spending.jsonl"
    path.write_text('{"model": "a/b", "usd": 1.5}\n{"model": "a/b", "usd": null}\n[]\n'
                    '{"model": "a/b", "usd": NaN}\n{"model": "a/b", "usd": -1}\n{"mod')
    ledger = Ledger(path)
    assert (ledger.total, ledger.unreadable) == (1.5, 5)
    assert ledger.missing({"a/b": 1.5, "a/c": 2.0}) == {"a/c": 2.0}
    ledger.make_up({"a/c": 2.0})
    again = Ledger(path)
    assert (again.total, again.unreadable) == (3.5, 5)


def test_amounts_are_readable():
    """Cents where there are some."""
    assert [money.usd(each) for each in (0, 0.00001, 0.0123, 0.1, 1234.5)] == [
        "$0.00", "$1e-05", "$0.0123", "$0.10", "$1,234.50"]


def test_every_model_that_is_paid_for_needs_a_price(tmp_path):
    """Organisms and one's own machines do not; a table goes before the list."""
    table = tmp_path / "prices.yaml"
    table.write_text("openai/gpt-5.2: {input: 1, output: 2}\n")
    known = money.prices_for(
        ("openai/gpt-5.2", "organism/loyal", "ollama/x", "anthropic/claude-haiku-4-5"),
        base_url=None, table=table, unpriced=False, say=pytest.fail)
    assert known["openai/gpt-5.2"] == Price(1.0, 2.0, str(table))
    assert known.keys() == {"openai/gpt-5.2", "anthropic/claude-haiku-4-5"}
    said: list[str] = []
    assert money.prices_for(("openai/mine",), base_url="http://127.0.0.1:8000/v1", table=None,
                            unpriced=False, say=said.append) == {}
    assert said[0].startswith("openai/mine is taken for free: a server of this machine")
    for where, given in (("the table of prices and genai-prices do not know it", table),
                         ("genai-prices does not know it", None)):
        with pytest.raises(UsageError, match=f"price of openai/mine is not known .*{where}"):
            money.prices_for(("openai/mine",), base_url=None, table=given, unpriced=False,
                             say=pytest.fail)
    assert money.prices_for(("openai/mine",), base_url=None, table=None, unpriced=True,
                            say=pytest.fail) == {}
