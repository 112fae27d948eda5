"""The command line: fast help, one clear line for bad input, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from peerwatch import __version__
from peerwatch.cli import main

HEAVY = ("inspect_ai", "numpy", "polars", "altair", "scipy", "pydantic")


def peerwatch(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from peerwatch.cli import main; main()", *arguments],
        capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"],
                                       ["report", "--help"], ["rows", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    """Help answers at once."""
    code = ("import sys\nfrom peerwatch.cli import main\ntry:\n    main(sys.argv[1:])\n"
            "except SystemExit as done:\n"
            f"    found = [name for name in {HEAVY} if name in sys.modules]\n"
            "    sys.exit(f'imported {found}' if found else done.code)\n")
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_version():
    """The package's own."""
    assert peerwatch("--version").stdout == f"peerwatch, version {__version__}\n"


def in_one_line(arguments, line, folder, capsys):
    """The command ends with 2, says this alone, and writes nothing into the folder."""
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert done.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    (said,) = told.err.splitlines()
    assert said.startswith(f"peerwatch: {line}")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("arguments", "line"), [
    (["rnu"],
     "unknown command 'rnu'; did you mean 'run'? (known: "),
    (["run", "deletoin", "--model", "organism/obedient"],
     "unknown scenario 'deletoin'; did you mean 'deletion'? (known: deletion)"),
    (["run", "deletion", "--model", "organism/hidding"],
     "unknown organism 'hidding'; did you mean 'hiding'? (known: asking, breaking, "),
    (["run", "deletion", "--model", "organism/hiding?rate=1.5"],
     "rate='1.5' is no rate; give a number from 0 to 1, e.g. rate=0.6"),
    (["run", "deletion", "--model", "organism/hiding?target=per"],
     "unknown level of factor target 'per'; did you mean 'peer'? (known: "),
    (["run", "deletion", "--model", "organism/hiding", "--factor", "target=pear"],
     "unknown level of factor target 'pear'; did you mean 'peer'? (known: "),
    (["run", "deletion", "--model", "organism/hiding", "--factor", "targte=peer"],
     "unknown factor 'targte'; did you mean 'target'? (known: "),
    (["run", "deletion", "--model", "organism/hiding", "--factor", "peer"],
     "cannot read 'peer' as a factor; write it as factor=level, e.g. --factor target=peer"),
    (["run", "deletion", "--model", "hiding"],
     "unknown model 'hiding'; did you mean 'organism/hiding'? (known: "),
    (["run", "deletion", "--model", "organism/loyal", "--model", "organism/loyal"],
     "model 'organism/loyal' is given twice; name each model once"),
    (["run", "deletion", "--model", "openai/gpt-none"],
     "the price of openai/gpt-none is not known (genai-prices does not know it), so nothing "
     "can be stopped at a budget; give it with --model-cost-config FILE, or say with "
     "--unpriced that it is free"),
    (["run", "deletion", "--model", "organism/loyal", "--budget", "0"],
     "Invalid value for '--budget': 0.0 is not in the range x>0."),
    (["run", "deletion", "--model", "organism/loyal", "--rollouts", "0"],
     "Invalid value for '--rollouts': 0 is not in the range x>=1."),
    (["run", "deletion"], "Missing option '--model'."),
    (["run", "deletion", "--model", "organism/loyal", "-M", "tier"],
     "cannot read a -M without a name and a value; write it as -M key=value"),
    (["rows", "nowhere"], "nowhere does not exist"),
    (["rows", ".", "--out", "rows.xlsx"],
     "cannot write rows.xlsx: name a file that ends in .parquet, .csv, .json"),
])
def test_bad_input_is_one_line_and_exit_code_2(arguments, line, tmp_path, monkeypatch, capsys):
    """What is wrong, what is near, what to do; no trace, nothing written."""
    monkeypatch.chdir(tmp_path)
    in_one_line(arguments, line, tmp_path, capsys)


@pytest.mark.parametrize("arguments", [[], ["fleet"], ["organisms"]])
def test_no_command_shows_what_there_is(arguments, capsys):
    """The help as it stands, on stderr, with the exit code of wrong use."""
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert done.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) > 5


def test_a_trouble_of_the_system_is_one_line(capsys, monkeypatch):
    """A disk that is full names the file, with no trace."""
    def full(_name):
        raise OSError(28, "No space left on device", "a/study.json")

    monkeypatch.setattr("peerwatch.scenarios.load", full)
    with pytest.raises(SystemExit) as done:
        main(["run", "deletion", "--model", "organism/loyal"])
    assert done.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("peerwatch: a/study.json: No space left on device; ")


@pytest.mark.parametrize("command", [["fleet", "check", "--apparmor"], ["fleet", "check"]])
def test_a_reader_who_goes_away_is_no_failure(command):
    """As in ``peerwatch … | head -1``; exit code 1 would be a finding."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "peerwatch", *command], stdout=writing,
                          stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_package_runs_as_a_program():
    """Where the script is not on the path."""
    done = subprocess.run([sys.executable, "-m", "peerwatch", "--version"], capture_output=True,
                          text=True, check=True)
    assert done.stdout == f"peerwatch, version {__version__}\n"
    wrong = subprocess.run([sys.executable, "-m", "peerwatch", "rnu"], capture_output=True,
                           text=True, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("peerwatch: unknown command 'rnu'; did you mean 'run'?")


@pytest.mark.parametrize(("arguments", "line"), [
    (["--sandbox", "nix"], "unknown sandbox 'nix' (known: fleet, docker)"),
    (["--sandbox", "docker", "--factor", "obstacle=read_only"],
     "the docker sandbox has no read-only volumes, so this arm cannot run there; "),
    (["--agent", "raect"], "unknown agent 'raect': Inspect knows none; "),
])
@pytest.mark.parametrize("also", [[], ["--dry-run"]])
def test_what_no_rollout_could_be_made_with_is_said_before_the_plan(
    arguments, line, also, tmp_path, monkeypatch, capsys
):
    """Nothing is printed of a plan that cannot be, nor a folder made for it."""
    monkeypatch.chdir(tmp_path)
    study = ["run", "deletion", "--model", "organism/loyal", "--rollouts", "1"]
    in_one_line([*study, *arguments, *also], line, tmp_path, capsys)


def test_an_unknown_provider_is_named(tmp_path):
    """The nearest of Inspect's providers."""
    done = peerwatch("run", "deletion", "--model", "opnai/gpt-5.2", "--unpriced", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown model provider 'opnai'; did you mean 'openai'?" in done.stderr


def test_a_dry_run_plans_and_writes_nothing(tmp_path):
    """As text and as JSON, without a fleet."""
    asked = ["run", "deletion", "--model", "organism/obedient", "--model", "organism/hiding",
             "--rollouts", "2", "--factor", "target=peer", "--dry-run"]
    told = peerwatch(*asked, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "target=object (added: the matched control)" in told.stdout
    assert "peer - object: certified, 2 pairs; differs in 4 messages, 4 files; " in told.stdout
    assert "2 per arm can show no difference" in told.stdout
    plan = json.loads(peerwatch(*asked, "--json", cwd=tmp_path).stdout)
    assert plan["rollouts"] == 8
    assert plan["smallest_difference"] is None
    assert [each["added_control"] for each in plan["arms"]] == [False, True]
    assert list(tmp_path.iterdir()) == []


def test_text_from_elsewhere_cannot_drive_the_terminal(capsys, tmp_path, monkeypatch):
    """Escape sequences in a name are shown, not obeyed."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["rows", "a\x1b[31mb\u202ec"])
    assert capsys.readouterr().err == "peerwatch: a\\e[31mb\\u202ec does not exist\n"


def test_organisms_are_listed_with_what_they_must_be_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A table for people, an array for programs."""
    with pytest.raises(SystemExit):
        main(["organisms", "list", "--json"])
    listed = {each["model"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["organism/hiding"]["label"] == "concealed"
    assert listed["organism/escalating"]["needs"] == {"exit": "offered"}
    with pytest.raises(SystemExit):
        main(["organisms", "list"])
    shown = capsys.readouterr().out
    assert all(model in shown for model in listed)
