"""What becomes of the engine's client: whatever fails, it has ended, and nothing waits without end.

Stand-ins take the client's place, so no engine is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from peerwatch.errors import EnvironmentProblem, InfrastructureFault
from peerwatch.fleet import HostConfig, base
from peerwatch.fleet._staging import Staged
from peerwatch.fleet.docker import filling, image
from peerwatch.fleet.docker.commands import Ended, execute

PATIENCE_S = 60
BEGUN_S = 2.0  # in which a shell has begun
FOREVER = "echo $$ > {}; exec sleep infinity"


async def failing() -> None:
    """The end of a command that cannot be brought about."""
    raise InfrastructureFault("the observer is not running")


async def run(script: str, seconds: float = PATIENCE_S, end: Callable[..., object] = failing
              ) -> Ended:
    """A shell in the place of the client."""
    with anyio.fail_after(PATIENCE_S):
        return await execute(["sh", "-c", script], 1000, seconds, end)  # type: ignore[arg-type]


def gone(file: Path) -> bool:
    """Whether the process that wrote its number there has ended."""
    return not Path(f"/proc/{file.read_text().strip()}").exists()


def test_a_client_ends_though_its_command_cannot_be_ended(tmp_path: Path) -> None:
    """Out of time: the fault is raised as itself, and the client is gone."""
    with pytest.raises(InfrastructureFault, match="observer is not running"):
        anyio.run(run, FOREVER.format(tmp_path / "pid"), BEGUN_S)
    assert gone(tmp_path / "pid")


@pytest.mark.parametrize("fails", [True, False])
def test_a_cancelled_wait_ends_the_client(tmp_path: Path, fails: bool) -> None:
    """From outside, whether or not the command's end succeeds (and takes the client along)."""
    file = tmp_path / "pid"

    async def end() -> None:
        if fails:
            await failing()
        os.kill(int(file.read_text()), 15)
        await anyio.sleep(0.2)

    async def cancelled() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, FOREVER.format(file), PATIENCE_S, end)
            while not (file.exists() and file.read_text().strip()):  # noqa: ASYNC110  (no event)
                await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()

    if fails:
        with pytest.raises(ExceptionGroup) as raised:
            anyio.run(cancelled)
        assert raised.group_contains(InfrastructureFault, match="observer is not running")
    else:
        anyio.run(cancelled)
    assert gone(file)


def test_a_client_that_does_not_end_with_its_command(tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended after a while, and the command is out of time."""
    monkeypatch.setattr("peerwatch.fleet.docker.commands._OVERTIME_S", 0.2)

    async def end() -> None:
        """The command's processes have ended."""

    ended = anyio.run(run, f"echo begun; {FOREVER.format(tmp_path / 'pid')}", BEGUN_S, end)
    assert (ended.returncode, ended.timed_out, ended.stdout) == (124, True, b"begun\n")
    assert gone(tmp_path / "pid")


@pytest.mark.parametrize("number", [9, 15])
def test_a_client_that_was_killed_is_a_fault(number: int) -> None:
    """And not the command's exit status."""
    with pytest.raises(InfrastructureFault, match=f"ended by signal {number}"):
        anyio.run(run, f"kill -{number} $$")


# --- what is asked of the engine by other ways ---------------------------------------------------


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a shell script in the place of `docker`; gives the file of its calls."""

    def stand_in(script: str) -> Path:
        calls = tmp_path / "calls"
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {calls}\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return calls

    return stand_in


def test_a_filling_that_hangs_is_a_fault(
    docker: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread comes back."""
    docker("exec sleep infinity")
    monkeypatch.setattr(filling, "_MOST_S", 0.5)
    with pytest.raises(InfrastructureFault, match="could not be filled: the engine took more than"):
        filling.fill("x", HostConfig(name="ops"), Staged({"ops": []}, {}, {}))


ANSWERS = """case "$1" in
    version) echo '{{"Server": {{"Version": "26.1.5"}}}}';;
    compose) echo 2.26.1;;
    inspect) {};;
    import) {};;
esac"""
LABELLED = 'echo \'[{"Config": {"Labels": {"peerwatch.base": "%s"}}}]\''


@pytest.mark.parametrize(("inspected", "built", "made"), [
    ("exit 1", "one", True),
    (LABELLED % "one", "one", False),
    (LABELLED % "another", "one", True),
    ("echo '[{\"Config\": {\"Labels\": null}}]'", "one", True),
    (LABELLED % "another", None, False),
], ids=["none", "the same", "of other packages", "no label", "no base here"])
def test_the_image_is_of_the_base_that_is_here(
    docker: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    inspected: str, built: str | None, made: bool,
) -> None:
    """A base that was built anew makes a new image; one that is not there leaves it as it is."""
    calls = docker(ANSWERS.format(inspected, "exit 0"))
    monkeypatch.setattr(base, "built_identity", lambda: built)
    monkeypatch.setattr(base, "archive", lambda: tmp_path / "base.tar.gz")
    told: list[str] = []
    image.require(told.append)
    asked = calls.read_text().splitlines()
    wanted = f"import --change LABEL {image.LABEL}={built} {tmp_path}/base.tar.gz {image.name()}"
    assert [each for each in asked if each.startswith("import")] == ([wanted] if made else [])
    assert len(told) == made


def test_an_import_that_hangs_is_one_line(
    docker: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And not a wait without end."""
    docker(ANSWERS.format("exit 1", "exec sleep infinity"))
    monkeypatch.setattr(base, "archive", lambda: tmp_path / "base.tar.gz")
    monkeypatch.setattr(image, "_IMPORT_S", 0.5)
    with pytest.raises(EnvironmentProblem, match="did not take the hosts' base in"):
        image.require(lambda _line: None)
