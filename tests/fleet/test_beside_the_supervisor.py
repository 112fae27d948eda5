"""What works beside a supervisor: the deputy that answers for it, and programs that it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from peerwatch import fleet
from peerwatch.fleet._launcher import boot, kernel

ROOM = Path(fleet.__file__).parent
ASKED = """
import json, os, signal, socket, sys
sys.path.append(sys.argv[1])
from _launcher.deputy import Deputy

def answer(stream):
    word = stream.readline().strip()
    if word == "much":
        bytearray(b"x") * (200 << 20)
    print(os.getpid(), word, file=stream, flush=True)

def ask():
    near, far = socket.socketpair()
    with far:
        deputy.pass_on(far)
    return near

def tell(near, word):
    with near, near.makefile("rw") as stream:
        print(word, file=stream, flush=True)
        return stream.readline().split()

def ended():
    pid, status = os.waitpid(-1, 0)
    ours.discard(pid)
    return os.waitstatus_to_exitcode(status)

ours = set()
deputy = Deputy(answer, ours, set())
"""
"""A small process that plays the supervisor: the memory of a large one would count."""


def asked(course: str) -> dict[str, object]:
    """What a course of questions made of the names that it assigns."""
    text = f"{ASKED}{course}\nprint(json.dumps(told))\n"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", text, str(ROOM)], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_deputy_answers_one_question_after_another() -> None:
    """It is noted as a child, and ends by itself when the supervisor is gone."""
    told = asked("""
one, other = tell(ask(), "a"), tell(ask(), "b")
told = {"one": one, "other": other, "ours": list(ours)}
deputy._channel.close()
told["ended"] = ended()
""")
    (pid,) = told["ours"]
    assert (told["one"], told["other"]) == ([str(pid), "a"], [str(pid), "b"])
    assert told["ended"] == 0


def test_after_an_answer_that_took_much_memory_another_one_answers() -> None:
    """What was asked before it ended is still answered by it; nothing is lost."""
    told = asked("""
first, second = ask(), ask()
told = {"much": tell(first, "much"), "waiting": tell(second, "b")}
told["ended"] = ended()
told["next"], told["ours"] = tell(ask(), "c"), list(ours)
""")
    assert told["much"][1:] + told["waiting"][1:] + told["next"][1:] == ["much", "b", "c"]
    assert told["much"][0] == told["waiting"][0] != told["next"][0]
    assert told["ended"] == 0
    assert told["ours"] == [int(told["next"][0])]


def test_a_deputy_that_was_killed_is_followed_by_another() -> None:
    """The question that finds it dead is answered."""
    told = asked("""
one = tell(ask(), "a")
os.kill(int(one[0]), signal.SIGKILL)
told = {"one": one, "ended": ended(), "next": tell(ask(), "b")}
""")
    assert told["ended"] == -9
    assert told["next"][1] == "b"
    assert told["next"][0] != told["one"][0]


def test_one_who_asks_and_goes_ends_nothing() -> None:
    """The answer that nobody takes is dropped; the same deputy has the next one."""
    told = asked("""
one = tell(ask(), "a")
ask().close()
told = {"one": one, "next": tell(ask(), "b")}
""")
    assert told["next"] == [told["one"][0], "b"]


def test_a_program_that_fails_says_why() -> None:
    """What it wrote to either stream, whatever its bytes are; an end by a signal is a failure."""
    boot._run(["true"])
    for script, said in (("echo out; echo err >&2; exit 3", "sh: out\nerr"),
                         (r"printf '\377'; exit 1", "sh: \N{REPLACEMENT CHARACTER}"),
                         ("kill -9 $$", "sh: ")):
        with pytest.raises(kernel.StepFailed) as failed:
            boot._run(["sh", "-c", script])
        assert said in str(failed.value)


def test_a_program_is_one_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one of our folder or PATH; and none of our settings reach it."""
    planted = tmp_path / "no-such-idmap"
    planted.write_text("#!/bin/sh\ntouch ran\n")
    planted.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("PEERWATCH_SETTING", "ours")
    with pytest.raises(FileNotFoundError, match=planted.name):
        boot._run([planted.name])
    assert not (tmp_path / "ran").exists()
    with pytest.raises(kernel.StepFailed) as failed:
        boot._run(["sh", "-c", "env; exit 1"])
    assert "PATH=/usr/sbin:" in str(failed.value)
    assert "PEERWATCH_SETTING" not in str(failed.value)
