"""Identity, resume and failures: what is run again, what is kept, what is refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log
from lightrun import go

from peerwatch.errors import UsageError
from peerwatch.study import recovery
from peerwatch.study.collect import collect
from peerwatch.study.folder import locked
from peerwatch.study.recovery import header_of, log_files

RUNNER = Path(__file__).with_name("lightrun.py")


def keys(rollouts) -> Counter[str]:
    """How often each rollout is there."""
    return Counter(each.rollout_key for each in rollouts)


def test_the_same_command_twice_runs_nothing_twice(calls, tmp_path):
    """Everything found, nothing run, the same rollouts given."""
    first = go(tmp_path / "out", 2, ("light/a",))
    assert len(calls()) == 4
    second = go(tmp_path / "out", 2, ("light/a",))
    assert calls() == []
    assert [each.sample_uuid for each in first.rollouts] == [
        each.sample_uuid for each in second.rollouts]
    assert (second.missing, second.reason) == (0, "")


def test_models_rollouts_and_arms_extend_a_folder(calls, tmp_path):
    """Only what is new runs; what an earlier plan left outside the new one is kept."""
    out = tmp_path / "out"
    go(out, 1, ("light/a",))
    calls()
    assert len(go(out, 2, ("light/a", "light/b")).rollouts) == 8
    assert len(calls()) == 6
    # As many samples as before, but other arms: Inspect alone would call this done.
    human = go(out, 2, ("light/a",), factors=("target=human",))
    assert {each.arm for each in human.rollouts} == {"target=human", "target=object"}
    assert len(calls()) == 2
    assert max(keys(collect([out], warn=print)).values()) == 1
    assert len(collect([out], warn=print)) == 10


def test_fewer_report_a_subset_and_lose_nothing(calls, tmp_path):
    """A smaller plan gives its own rollouts; a larger one later runs nothing again."""
    out = tmp_path / "out"
    go(out, 3, ("light/a", "light/b"))
    calls()
    few = go(out, 1, ("light/b",))
    assert [(each.model, each.arm, each.seed) for each in few.rollouts] == [
        ("light/b", "target=object", 0), ("light/b", "target=peer", 0)]
    assert len(go(out, 3, ("light/a", "light/b")).rollouts) == 12
    assert calls() == []


def test_changed_content_is_refused_with_both_hashes(calls, tmp_path, monkeypatch):
    """The same names, another text: nothing runs, nothing is lost."""
    out = tmp_path / "out"
    go(out, 1, ("light/a",))
    calls()
    monkeypatch.setenv("LIGHT_TEXT", "Kindly erase")
    with pytest.raises(UsageError, match=r"506c656173652064.*4b696e646c792065.*--out"):
        go(out, 1, ("light/a",))
    assert calls() == []
    # Without the note the logs themselves say it.
    (out / "study.json").unlink()
    with pytest.raises(UsageError, match="506c656173652064"):
        go(out, 1, ("light/a",))
    monkeypatch.delenv("LIGHT_TEXT")
    assert len(go(out, 1, ("light/a",)).rollouts) == 2


@pytest.mark.parametrize("other", [
    {"generate": {"temperature": 0.7}}, {"model_base_url": "http://other.example/v1"},
    {"model_args": {"tier": "flex"}},
])
def test_other_settings_are_other_rollouts(calls, tmp_path, other):
    """Temperature, route and model arguments are identity: both stand side by side."""
    out = tmp_path / "out"
    plain = go(out, 1, ("light/a",))
    calls()
    varied = go(out, 1, ("light/a",), **other)
    assert len(calls()) == 2
    assert not keys(plain.rollouts) & keys(varied.rollouts)
    assert len(collect([out], warn=print)) == 4
    assert len(go(out, 1, ("light/a",)).rollouts) == 2
    assert calls() == []


def test_an_infrastructure_fault_is_invalid_and_run_again(calls, tmp_path, monkeypatch):
    """Tried three times, shown with its error; the next call runs just that one."""
    out, fault = tmp_path / "out", tmp_path / "fault"
    fault.touch()
    monkeypatch.setenv("LIGHT_FAULT", str(fault))
    broken = go(out, 3, ("light/a",))
    failed = [each for each in broken.rollouts if each.error]
    assert [(each.seed, each.error) for each in failed] == [
        (1, "host node-a: did not start")] * 2
    assert all(each.judgement is None for each in failed)
    assert (len(broken.rollouts), broken.missing, len(calls())) == (6, 0, 4 + 2 * 3)
    fault.unlink()
    mended = go(out, 3, ("light/a",))
    assert [each.error for each in mended.rollouts] == [None] * 6
    assert len(calls()) == 2


def start(
    out: Path, calls: Path, seconds: float, rollouts: int, **light: str
) -> subprocess.Popen[str]:
    """Starts a run in a process of its own that hears Ctrl-C, whoever started the tests."""
    environment = {**os.environ, "LIGHT_CALLS": str(calls), "LIGHT_SECONDS": str(seconds), **light}
    return subprocess.Popen(
        [sys.executable, str(RUNNER), str(out), str(rollouts), "light/a", "light/b"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL))


def wait_for(condition, process: subprocess.Popen[str], seconds: float = 60) -> None:
    """Polls; fails where the process ends first, and leaves none running."""
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"not reached: {process.communicate()}")
        time.sleep(0.02)


def begun(calls: Path) -> int:
    """Rollouts begun so far, those begun again counted again."""
    return len(calls.read_text().splitlines()) if calls.exists() else 0


def test_killed_at_many_moments_the_same_command_finishes(calls, tmp_path):
    """kill -9 after more and more rollouts: at the end each is there once, with its recording."""
    out, counted = tmp_path / "out", tmp_path / "counted"
    rollouts, previous = 8, 0
    for moment, more in enumerate((0, 1, 5, 9, 3)):
        process = start(out, counted, 0.15, rollouts)
        wait_for(lambda least=previous + more: (begun(counted) >= least
                                                and log_files(out / "logs")), process)
        time.sleep(0.05 * moment)
        process.kill()
        process.communicate()
        previous = begun(counted)
    process = start(out, counted, 0.15, rollouts)
    assert process.communicate(timeout=120)[0].split() == ["32", "0", "0"]
    found = collect([out], warn=print)
    assert set(keys(found).values()) == {1}
    assert len(found) == 32
    assert all(each.recording is not None for each in found)
    # What ran at a kill runs again (at most eight at once in each of two models), no more.
    assert begun(counted) <= 32 + 5 * 16
    assert {header_of(path).status for path in log_files(out / "logs")} == {"success"}


def test_a_rollout_that_only_the_buffer_holds_keeps_its_recording(calls, tmp_path, monkeypatch):
    """Inspect recovers such a sample without its store; ours is rebuilt from the events."""
    out, counted = tmp_path / "out", tmp_path / "counted"
    monkeypatch.setenv("LIGHT_FLUSH", "100")
    process = start(out, counted, 0.15, 10)
    wait_for(lambda: begun(counted) >= 30, process)
    process.kill()
    process.communicate()
    unflushed = [len(read_eval_log(str(path)).samples or []) for path in log_files(out / "logs")]
    assert unflushed == [0, 0]
    again = tmp_path / "again"
    process = start(out, again, 0.0, 10)
    assert process.communicate(timeout=120)[0].split() == ["40", "0", "0"]
    assert begun(again) < 30
    assert all(sample.store for path in log_files(out / "logs")
               for sample in read_eval_log(str(path)).samples)


@pytest.mark.parametrize("held", ["seed 1", "light/b seed 1"])
def test_ctrl_c_keeps_what_is_finished(calls, tmp_path, held):
    """One line, and the same command goes on; also where one model is through and one is not."""
    out, counted = tmp_path / "out", tmp_path / "counted"

    def midway() -> bool:
        through = [each for each in map(header_of, log_files(out / "logs"))
                   if each is not None and each.status == "success"]
        return begun(counted) >= 20 and len(through) == (held != "seed 1")

    process = start(out, counted, 0.1, 8, LIGHT_HOLD=held)
    wait_for(midway, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    told = re.search(r"stopped: (\d+) of 32 rollouts are done and kept", said)
    assert told, said
    kept = [each for each in collect([out], warn=print) if not each.error]
    assert 1 <= int(told[1]) <= len(kept) <= 30
    process = start(out, counted, 0.0, 8)
    assert process.communicate(timeout=120)[0].split() == ["32", "0", "0"]
    after = {each.sample_uuid for each in collect([out], warn=print)}
    assert {each.sample_uuid for each in kept} <= after


def test_two_at_once_in_one_folder_are_refused(tmp_path):
    """The second one goes away with one line."""
    with locked(tmp_path / "out"), \
            pytest.raises(UsageError, match="another run is writing"), locked(tmp_path / "out"):
        pass
    with locked(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    """A file in its place, as root may write anywhere else."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write to"), locked(tmp_path / "file" / "out"):
        pass


def test_a_log_cut_short_is_set_aside_and_run_again(calls, tmp_path):
    """One line names it; the run goes on without it."""
    out, warnings = tmp_path / "out", []
    go(out, 1, ("light/a",))
    calls()
    (log,) = log_files(out / "logs")
    log.write_bytes(log.read_bytes()[:2000])
    with pytest.raises(UsageError, match="no rollouts"):
        collect([out], warn=warnings.append)
    assert len(warnings) == 1
    warnings.clear()
    assert len(go(out, 1, ("light/a",), warnings=warnings).rollouts) == 2
    assert (len(calls()), len(warnings)) == (2, 1)
    assert (out / "unreadable" / log.name).exists()


def test_prune_keeps_a_log_that_holds_the_only_copy(calls, tmp_path):
    """Age alone removes nothing."""
    out = tmp_path / "out"
    go(out, 2, ("light/a",))
    (log,) = log_files(out / "logs")
    header = read_eval_log(str(log))
    header.samples = header.samples[:1]
    newer = log.with_name(f"9{log.name}")
    from inspect_ai.log import write_eval_log

    write_eval_log(header, str(newer))
    recovery.prune(out / "logs")
    assert log_files(out / "logs") == [log, newer]
    assert len(go(out, 2, ("light/a",)).rollouts) == 4
