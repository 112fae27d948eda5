"""A person's shell on a host, and the commands of `peerwatch fleet`."""

from __future__ import annotations

import json
import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from peerwatch.cli._fleet import fleet
from peerwatch.errors import EnvironmentProblem

SHELL = """
import anyio, sys
from peerwatch.fleet import FleetConfig, HostConfig, interactive, start

async def main():
    hosts = (HostConfig(name="ops"), HostConfig(name="node-a"))
    running = await start(FleetConfig(key_seed="t", hosts=hosts))
    try:
        return await interactive(running, "node-a")
    finally:
        await running.stop()

sys.exit(anyio.run(main))
"""


def read_until(terminal: int, wanted: str, seconds: float = 20) -> str:
    """What the terminal shows until `wanted` is there."""
    text, end = "", time.monotonic() + seconds
    while wanted not in text and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                text += os.read(terminal, 4096).decode(errors="replace")
            except OSError:
                break
    assert wanted in text, text
    return text


def test_a_shell_has_a_terminal_of_the_right_size() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", SHELL])  # noqa: S606
    try:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
        read_until(terminal, "root@node-a")
        os.write(terminal, b"stty size; hostname; tty -s && echo is-a-terminal\n")
        shown = read_until(terminal, "\nis-a-terminal")
        assert "31 97" in shown
        assert "\nnode-a" in shown
        os.write(terminal, b"sleep 300\n")
        time.sleep(0.3)
        os.write(terminal, b"\x03")  # job control: the interrupt reaches the command alone
        os.write(terminal, b"echo in$((1+1))time\n")
        read_until(terminal, "in2time")
        os.write(terminal, b"exit 7\n")
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 7
    finally:
        os.close(terminal)


GONE = """
import anyio, sys
from peerwatch.errors import InfrastructureFault
from peerwatch.fleet import FleetConfig, HostConfig, interactive, start

async def main():
    running = await start(FleetConfig(key_seed="t", hosts=(HostConfig(name="ops"),)))
    await running.stop()
    try:
        await interactive(running, "ops")
    except InfrastructureFault as fault:
        print(fault)
        return 9

sys.exit(anyio.run(main))
"""


def test_a_host_that_is_gone_is_a_fault_and_no_group_of_them() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", GONE])  # noqa: S606
    try:
        read_until(terminal, "not running")
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 9
    finally:
        os.close(terminal)


def test_check_prints_a_table_and_json() -> None:
    shown = CliRunner().invoke(fleet, ["check"])
    assert shown.exit_code == 0
    assert "hosts can start here" in shown.output
    told = json.loads(CliRunner().invoke(fleet, ["check", "--json"]).output)
    assert told["usable"] is True
    assert {"name", "ok", "found", "remedy"} == set(told["checks"][0])


def test_check_exits_2_when_something_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")  # a line of the table is one line
    shown = CliRunner().invoke(fleet, ["check"])
    assert shown.exit_code == 2
    (row,) = [line for line in shown.output.splitlines() if line.startswith("no ")]
    assert "`peerwatch fleet build" in row


def test_clean_shows_and_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path))
    assert "empty" in CliRunner().invoke(fleet, ["clean"]).output
    blob = tmp_path / "fleet" / "blobs" / "aa"
    blob.mkdir(parents=True)
    (blob / "x").write_bytes(b"x" * 2_000_000)
    refused = CliRunner().invoke(fleet, ["clean"], input="n\n")
    assert refused.exit_code == 1
    assert "2 MB  contents" in refused.output
    assert (blob / "x").exists()
    assert "freed 2 MB" in CliRunner().invoke(fleet, ["clean", "--yes"]).output
    assert not blob.exists()


def test_a_shell_needs_a_terminal() -> None:
    result = CliRunner().invoke(fleet, ["shell", "deletion"])
    assert isinstance(result.exception, EnvironmentProblem)
    assert "add -t to ssh" in str(result.exception)


@pytest.mark.parametrize("command", ["check", "build", "clean", "shell"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    shown = CliRunner().invoke(fleet, [command, "--help"])
    assert shown.exit_code == 0
    assert f"peerwatch fleet {command}" in shown.output


def test_checking_needs_no_heavy_library() -> None:
    import subprocess

    line = (
        "import sys; from peerwatch.cli._fleet import fleet;"
        "from peerwatch.fleet import base, check;"
        "check.check();"
        "print([n for n in ('inspect_ai', 'numpy', 'polars', 'altair') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
