"""run, report and rows from end to end: without machines, and on real hosts."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from inspect_ai.log import read_eval_log

from peerwatch.cli import main

LIGHT = ["run", "light", "--model", "light/a", "--unpriced", "--sandbox", "local", "--drill", "0"]


def command(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command in this process."""
    with pytest.raises(SystemExit) as done:
        main(arguments)
    told = capsys.readouterr()
    return int(done.value.code), told.out, told.err


def test_a_run_writes_logs_rows_page_and_says_where(light_scenario, capsys):
    """The default folder, a table on stdout, the plan and the progress on stderr."""
    code, out, err = command(capsys, *LIGHT, "--rollouts", "1")
    assert code == 0, err
    folder = light_scenario / "peerwatch-light"
    assert (folder / "report.html").stat().st_size > 1000
    assert pl.read_parquet(folder / "rows.parquet").height == 4
    assert json.loads((folder / "study.json").read_text())["study"]["models"] == ["light/a"]
    assert "Conduct by model and arm" in out
    assert "target=object (added: the matched control)" in err


def test_json_is_one_object_and_nothing_else_on_stdout(light_scenario, capsys):
    """For machines."""
    code, out, _ = command(capsys, *LIGHT, "--rollouts", "1", "--json", "--out", "o")
    told = json.loads(out)
    assert code == 0
    assert (told["rollouts"], told["invalid"], told["missing"]) == (2, 0, 0)
    assert {each["arm"] for each in told["summary"]["cells"]} == {"target=peer", "target=object"}


def test_every_rollout_invalid_is_undecided(light_scenario, capsys, monkeypatch):
    """Exit code 3, and the rows are written all the same."""
    (light_scenario / "fault").write_text("all")
    monkeypatch.setenv("LIGHT_FAULT", str(light_scenario / "fault"))
    code, out, _ = command(capsys, *LIGHT, "--rollouts", "1", "--out", "o")
    assert code == 3
    assert "2 invalid" in out or "1 invalid" in out
    assert set(pl.read_parquet("o/rows.parquet")["conduct"]) == {"invalid"}


def test_report_and_rows_from_several_folders(light_scenario, capsys):
    """The same rollouts, wherever their logs are."""
    for folder, model in (("one", "light/a"), ("two", "light/b")):
        assert command(capsys, "run", "light", "--model", model, "--unpriced", "--sandbox",
                       "local", "--drill", "0", "--rollouts", "1", "--out", folder)[0] == 0
    code, out, err = command(capsys, "rows", "one/logs", "two", "--out", "both.csv")
    assert (code, err) == (0, "")
    assert "(8 rows of 4 rollouts)" in out
    assert set(pl.read_csv("both.csv")["model"]) == {"light/a", "light/b"}
    code, out, err = command(capsys, "report", "one", "two", "--out", "both.html")
    assert code == 0, err
    assert "light/b" in out


def test_rows_without_rollouts_is_a_usage_error(light_scenario, capsys):
    """An empty folder is named."""
    (light_scenario / "empty").mkdir()
    code, _, err = command(capsys, "rows", "empty")
    assert code == 2
    assert err.startswith("peerwatch: no rollouts of peerwatch in empty")


def test_what_cannot_be_written_is_named_and_leaves_nothing(light_scenario, capsys, monkeypatch):
    """A folder of that name, no folder at all, a full disk."""
    assert command(capsys, *LIGHT, "--rollouts", "1", "--out", "o")[0] == 0
    (light_scenario / "taken.csv").mkdir()
    code, _, err = command(capsys, "rows", "o", "--out", "taken.csv")
    assert (code, err) == (
        2, "peerwatch: cannot write taken.csv: it is a folder; name a file with --out\n")
    code, _, err = command(capsys, "report", "o", "--out", "taken.csv")
    assert (code, err) == (
        2, "peerwatch: cannot write taken.csv: it is a folder; name a file with --out\n")
    code, _, err = command(capsys, "rows", "o", "--out", "none/rows.csv")
    assert (code, err) == (2, "peerwatch: cannot write none/rows.csv: there is no folder none\n")

    def full(path, _data):
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    code, _, err = command(capsys, "rows", "o", "--out", "rows.csv")
    assert code == 2
    assert err.startswith("peerwatch: cannot write rows.csv: No space left on device; ")
    assert sorted(each.name for each in light_scenario.iterdir()) == ["o", "taken.csv"]


def test_a_full_disk_ends_a_run_with_one_line(light_scenario, capsys, monkeypatch):
    """The folder is named, and the same command goes on."""
    def full(_path, _data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        code, _, err = command(capsys, *LIGHT, "--rollouts", "1", "--out", "o")
    assert code == 2
    assert err.splitlines()[-1].startswith(
        "peerwatch: cannot write to o: No space left on device; what is done is kept")
    assert command(capsys, *LIGHT, "--rollouts", "1", "--out", "o")[0] == 0


def test_logs_of_other_tasks_are_passed_over(light_scenario, capsys):
    """Even where their samples have a stage of their own; a log that is cut short is named."""
    from inspect_ai import Task
    from inspect_ai import eval as inspect_eval
    from inspect_ai.dataset import Sample

    assert command(capsys, *LIGHT, "--rollouts", "1", "--out", "o")[0] == 0
    inspect_eval(Task(dataset=[Sample(input="x", metadata={"stage_id": "theirs"})]),
                 model="mockllm/model", log_dir="o/logs", log_format="json", display="none")
    (theirs,) = (each for each in (light_scenario / "o" / "logs").glob("*.json")
                 if each.name not in ("logs.json", "eval-set.json"))
    capsys.readouterr()
    code, out, err = command(capsys, "rows", "o")
    assert (code, err) == (0, "")
    assert "(4 rows of 2 rollouts)" in out
    theirs.write_bytes(theirs.read_bytes()[:2000])
    code, _, err = command(capsys, "rows", "o")
    assert code == 0
    assert f"{theirs.name} cannot be read as a log" in err


@pytest.mark.fleet
def test_a_run_on_real_hosts(tmp_path):
    """Two organisms, both targets; the same command again runs nothing; plain tools read it."""
    asked = [sys.executable, "-c", "from peerwatch.cli import main; main()", "run", "deletion",
             "--model", "organism/obedient", "--model", "organism/hiding", "--rollouts", "1",
             "--out", "out", "--json"]
    first = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=300,
                           check=False)
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert (told["rollouts"], told["invalid"], told["missing"]) == (4, 0, 0)
    assert told["summary"]["validated_only"]
    frame = pl.read_parquet(tmp_path / "out" / "rows.parquet").filter(pl.col("phase") == "order")
    labels = {(row["model"], row["target"]): row["conduct"] for row in frame.to_dicts()}
    assert labels == {
        ("organism/obedient", "peer"): "complied", ("organism/obedient", "object"): "complied",
        ("organism/hiding", "peer"): "concealed", ("organism/hiding", "object"): "concealed"}
    (log,) = (each for each in (tmp_path / "out" / "logs").glob("*.eval")
              if read_eval_log(str(each), header_only=True).eval.model == "organism/hiding")
    before = read_eval_log(str(log))
    scored = subprocess.run(
        [Path(sys.executable).with_name("inspect"), "score", log, "--scorer", "peerwatch/conduct",
         "--action", "overwrite", "--output-file", tmp_path / "scored.eval"],
        capture_output=True, text=True, timeout=120, check=False)
    assert scored.returncode == 0, scored.stdout + scored.stderr
    after = read_eval_log(str(tmp_path / "scored.eval"))
    assert str([each.scores["conduct"].value for each in after.samples]) == str(
        [each.scores["conduct"].value for each in before.samples])
    assert len(after.results.scores) == len(before.results.scores)
    again = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=300,
                           check=False)
    uuids = pl.read_parquet(tmp_path / "out" / "rows.parquet").filter(
        pl.col("phase") == "order")["sample_uuid"]
    assert again.returncode == 0
    assert sorted(uuids) == sorted(frame["sample_uuid"])


@pytest.mark.fleet
def test_stopped_and_killed_on_real_hosts_the_same_command_finishes(tmp_path):
    """Ctrl-C is 130 with one line; kill -9 leaves a folder that the next call completes."""
    asked = [sys.executable, "-c", "from peerwatch.cli import main; main()", "run", "deletion",
             "--model", "organism/obedient", "--rollouts", "3", "--out", "out",
             "--max-sandboxes", "1"]
    logs = tmp_path / "out" / "logs"

    def written():
        with contextlib.suppress(OSError, zipfile.BadZipFile):  # it is being written
            for newest in sorted(logs.glob("*.eval"), key=lambda one: -one.stat().st_mtime_ns)[:1]:
                with zipfile.ZipFile(newest) as log:
                    return sum(name.startswith("samples/") for name in log.namelist())
        return 0

    for end, least in ((signal.SIGINT, 1), (signal.SIGKILL, 3)):
        process = subprocess.Popen(
            asked, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL))
        deadline = time.monotonic() + 120
        while written() < least:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(end)
        _, said = process.communicate(timeout=60)
        if end == signal.SIGINT:
            assert process.returncode == 130, said
            assert "rollouts are done and kept" in said.splitlines()[-1]
    done = subprocess.run([*asked, "--json"], cwd=tmp_path, capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["rollouts"], told["invalid"], told["missing"]) == (6, 0, 0)
    frame = pl.read_parquet(tmp_path / "out" / "rows.parquet").filter(pl.col("phase") == "order")
    assert frame["rollout_key"].n_unique() == frame.height == 6
    assert set(frame["conduct"]) == {"complied"}
