"""`peerwatch fleet shell` as a person uses it: on a terminal, ended in every way there is."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from peerwatch.cli.entry import run
from peerwatch.scenarios import stage_for

from .test_endings import family, left_of
from .test_terminal import read_until

COMMAND = [sys.executable, "-c", "from peerwatch.cli import main; main()", "fleet", "shell"]
pytestmark = pytest.mark.usefixtures("built")


@dataclass
class Visit:
    """A running `peerwatch fleet shell`, and the terminal in front of it."""

    pid: int
    terminal: int
    ended: int | None = None

    def below(self) -> dict[int, str]:
        """Every process that the command has started, with its start: fork server, hosts, all."""
        (server,) = children(self.pid)
        return family(server)

    def end(self, seconds: float = 30) -> int:
        """Its exit code, or minus the signal that ended it."""
        until = time.monotonic() + seconds
        while self.ended is None and time.monotonic() < until:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.ended = os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        assert self.ended is not None, "it goes on"
        return self.ended


def children(pid: int) -> list[int]:
    """Whichever thread of it made them."""
    tables = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for table in tables for one in table.read_text().split()]


@contextmanager
def visit(*arguments: str) -> Iterator[Visit]:
    """Open the shell; whatever a test leaves is killed."""
    pid, terminal = pty.fork()
    if pid == 0:
        for number in (signal.SIGINT, signal.SIGHUP):  # whoever started the tests may ignore them
            signal.signal(number, signal.SIG_DFL)
        os.execv(COMMAND[0], [*COMMAND, *arguments])  # noqa: S606
    one = Visit(pid, terminal)
    try:
        read_until(terminal, "root@", 60)
        yield one
    finally:
        if one.ended is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        with suppress(OSError):
            os.close(terminal)


def test_the_shell_stands_in_the_arm_that_was_asked_for() -> None:
    """The hosts hold what the arm's stage says, other than in the default arm, and ssh works."""
    stage = stage_for("deletion", levels={"target": "object"}, seed=3)
    other = {one.path for host in stage_for("deletion", seed=3).fleet.hosts for one in host.files}
    host, path = next(
        (host.name, one.path)
        for host in stage.fleet.hosts[1:]
        for one in host.files
        if one.path not in other
    )
    with visit("deletion", "--arm", "target=object", "--seed", "3") as shell:
        hosts = shell.below()
        os.write(shell.terminal, f"ssh {host} 'hostname; ls -d {path}'; echo do''ne\n".encode())
        shown = read_until(shell.terminal, "done", 60)
        lines = re.split(r"[\r\n]+", shown)
        assert host in lines
        assert path in lines
        os.write(shell.terminal, b"exit 5\n")
        assert shell.end() == 5
        assert not left_of(hosts, 20)


def test_a_terminal_that_closes_ends_the_hosts() -> None:
    with visit("deletion") as shell:
        hosts = shell.below()
        os.close(shell.terminal)
        assert shell.end() == 128 + signal.SIGHUP
        assert not left_of(hosts, 20)


def test_a_shell_that_is_told_to_end_gives_the_terminal_back() -> None:
    with visit("deletion") as shell:
        hosts = shell.below()
        echo = termios.ECHO | termios.ICANON
        assert not termios.tcgetattr(shell.terminal)[3] & echo  # raw while the shell runs
        os.kill(shell.pid, signal.SIGTERM)
        assert shell.end() == 128 + signal.SIGTERM
        assert termios.tcgetattr(shell.terminal)[3] & echo == echo
        assert not left_of(hosts, 20)


def test_a_shell_that_is_killed_leaves_nothing() -> None:
    with visit("deletion") as shell:
        hosts = shell.below()
        os.kill(shell.pid, signal.SIGKILL)
        assert shell.end() == -signal.SIGKILL
        assert not left_of(hosts, 20)


@pytest.mark.parametrize("which", ["host", "launcher"])
def test_hosts_that_die_end_the_shell_with_one_line(which: str) -> None:
    with visit("deletion") as shell:
        hosts = shell.below()
        (server,) = children(shell.pid)
        (launcher,) = children(server)
        victim = launcher if which == "launcher" else first_of_host(launcher, "ops")
        os.kill(victim, signal.SIGKILL)
        shown = read_until(shell.terminal, "fresh hosts")
        assert shell.end() == 2
        assert "peerwatch: host ops ended while the shell was open on it; " in shown
        assert "Traceback" not in shown
        assert not left_of(hosts, 20)


def first_of_host(launcher: int, host: str) -> int:
    """Pid 1 of a host, as this machine counts."""
    for pid in family(launcher):
        status = Path(f"/proc/{pid}/status").read_text()
        (numbers,) = re.findall(r"^NSpid:\t(.*)$", status, re.M)
        if len(numbers.split()) == 3 and numbers.split()[-1] == "1":
            done = subprocess.run(
                ["nsenter", "--target", str(pid), "--uts", "hostname"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.stdout.strip() == host:
                return pid
    pytest.skip("nsenter cannot tell whose pid 1 is which")


def test_a_shell_whose_output_nobody_reads_ends_in_silence() -> None:
    """As in `peerwatch fleet shell deletion | head -1`: the terminal is given back, exit code 0."""
    person, keyboard = pty.openpty()
    with (
        subprocess.Popen(
            [*COMMAND, "deletion"], stdin=keyboard, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running,
    ):
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith(b"hosts: ")
        hosts = Visit(running.pid, person).below()
        running.stdout.close()
        os.write(person, b"echo more\n")
        assert running.stderr.read() == b""
        assert running.wait(30) == 0
    assert termios.tcgetattr(keyboard)[3] & termios.ICANON
    os.close(person)
    os.close(keyboard)
    assert not left_of(hosts, 20)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deletoin"], "unknown scenario 'deletoin'; did you mean 'deletion'?"),
        (["deletion", "--arm", "traget=peer"], "unknown factor 'traget'; did you mean 'target'?"),
        (["deletion", "--arm", "target=person"], "unknown level of factor target 'person'"),
        (["deletion", "--arm", "target"], "write it as --arm factor=level"),
        (["deletion", "--arm", "target=peer", "--arm", "target=object"], "given twice"),
        (["deletion", "--host", "node-z"], "unknown host 'node-z'"),
    ],
)
def test_wrong_names_are_one_line_with_the_known_ones(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["fleet", "shell", *arguments])
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert said in line
