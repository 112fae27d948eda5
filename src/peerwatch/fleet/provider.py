"""The sandbox provider `fleet` for Inspect: a sample's hosts, by name.

Takes a `FleetConfig` from the sample's sandbox specification; gives one environment per host,
the first being the default. It only translates between Inspect's contract and `Fleet`; it starts
no program on the machine itself.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
from typing import Any, Literal, overload

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)
from inspect_ai.util import concurrency as concurrency_gate
from inspect_ai.util._sandbox.environment import RootAccess
from pydantic import BaseModel
from typing_extensions import override

from peerwatch.errors import InfrastructureFault

from . import base, ids
from .config import FleetConfig
from .fleet import Fleet, start
from .hosts import CommandResult

_SHELL = "/bin/sh"
_SAFE = "PATH=/usr/bin:/bin; "  # our own programs are not looked up where the subject may write
_NOT_THERE, _DIRECTORY, _NOT_REGULAR, _TOO_LONG = 90, 91, 92, 94
_WRITE = _SAFE + ('[ -d "$1" ] && exit 91; mkdir -p -- "$(dirname -- "$1")" && cat > "$1"')
_READ = _SAFE + (
    's=$(stat -L -c "%s %F" -- "$1") || exit 90; '
    "case $s in *regular*) ;; *directory) exit 91;; *) exit 92;; esac; "
    '[ "${s%% *}" -le "$2" ] || exit 94; exec cat -- "$1"'
)
_FILE_S = 120
_YOUNG = 10_000
"""New objects among which Python looks for cycles at once; its own 700 cost a sixth of this
process's time, as rollouts keep many small objects for long: states of files, events of the log."""


def _root_access() -> RootAccess:
    """Whether root of a host can become other users: what Inspect else asks each host at its start.

    It holds for every host of a mapping, and Inspect takes a decision that is there already. A
    test compares it with what its own three commands find.
    """
    if ids.mapping().kind == "single":
        return RootAccess("unusable", "a host has no user but root: this user has no range of ids")
    return RootAccess("usable", "commands run as root of the host, which has all its users")


class FleetSandbox(SandboxEnvironment):
    """One host of a running fleet."""

    def __init__(self, fleet: Fleet, host: str) -> None:
        super().__init__()
        self.fleet = fleet
        """The running hosts; snapshots and open files are to be had here."""
        self.host = host
        """This one's name."""
        self._root_access = _root_access()

    @override
    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        return FleetConfig.model_validate(config)

    @override
    @classmethod
    def default_concurrency(cls) -> int | None:
        # A rollout mostly waits for its model; its memory is what its hosts' volumes hold, and
        # 16 MB for the processes of three hosts (`make bench`).
        return 16 * (os.cpu_count() or 1)

    @override
    @classmethod
    async def task_init(cls, task_name: str, config: SandboxEnvironmentConfigType | None) -> None:
        if base.tree(ids.mapping()) is None:
            raise PrerequisiteError(base.MISSING)
        young, *older = gc.get_threshold()
        if 0 < young < _YOUNG:  # 0: somebody has turned it off
            gc.set_threshold(_YOUNG, *older)

    @override
    @classmethod
    async def sample_init(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        metadata: dict[str, str],
    ) -> dict[str, SandboxEnvironment]:
        if not isinstance(config, FleetConfig):
            raise PrerequisiteError(
                "the sandbox `fleet` needs a FleetConfig: "
                "SandboxEnvironmentSpec('fleet', FleetConfig(...))"
            )
        fleet = await start(config)
        return {host: cls(fleet, host) for host in fleet.hosts}

    @override
    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        for environment in environments.values():
            await environment.as_type(FleetSandbox).fleet.stop()

    @override
    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        result = await self._run(
            cmd,
            stdin=input,
            cwd=cwd,
            env=env,
            user=user,
            timeout_s=timeout,
            throttle=concurrency,
            limit=min(
                self.fleet.config.limits.output_bytes,
                SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE,
            ),
        )
        stdout = result.stdout.decode("utf-8", "replace")
        stderr = result.stderr.decode("utf-8", "replace")
        if result.timed_out:
            ending = TimeoutError(
                f"Command timed out after {timeout or self.fleet.config.limits.command_s} seconds"
            )
            ending.truncated_output = stdout + stderr  # type: ignore[attr-defined]
            raise ending
        if result.exec_errno == errno.EACCES:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), cmd[0])
        return ExecResult(result.returncode == 0, result.returncode, stdout, stderr)

    async def _run(
        self,
        cmd: list[str],
        *,
        stdin: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout_s: float | None = None,
        throttle: bool = True,
        limit: int,
    ) -> CommandResult:
        if user not in (None, "root", "0") and ids.mapping().kind == "single":
            raise SandboxUserUnsupportedError(
                f"this machine gives a host no user but root (no range of ids), not {user!r}"
            )
        gate = (
            concurrency_gate("fleet commands", 8 * (os.cpu_count() or 1), visible=False)
            if throttle
            else contextlib.nullcontext()
        )
        try:
            async with gate:
                return await self.fleet.run(
                    self.host,
                    cmd,
                    stdin=stdin,
                    cwd=cwd,
                    env=env,
                    user=user,
                    timeout=timeout_s,
                    output_bytes=limit,
                )
        except InfrastructureFault as fault:
            raise SandboxUnavailableError(str(fault)) from fault

    @override
    async def write_file(self, file: str, contents: str | bytes) -> None:
        result = await self._run(
            [_SHELL, "-c", _WRITE, "sh", file], stdin=contents, timeout_s=_FILE_S, limit=4096
        )
        self._explain(result, file)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    @override
    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        most = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE
        result = await self._run(
            [_SHELL, "-c", _READ, "sh", file, str(most)],
            timeout_s=_FILE_S,
            limit=2 * most + 4096,  # head and tail of the limit each: nothing is ever left out
        )
        self._explain(result, file)
        return result.stdout.decode("utf-8") if text else result.stdout

    def _explain(self, result: CommandResult, file: str) -> None:
        """Raise what Inspect expects for how a reading or writing command ended."""
        code = result.returncode
        if result.timed_out:
            raise TimeoutError(f"{file}: no end within {_FILE_S} seconds")
        if code == 0:
            return
        words = result.stderr.decode("utf-8", "replace").strip()
        if "ermission denied" in words or "Read-only" in words:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), file)
        if code == _NOT_THERE:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file)
        if code == _DIRECTORY:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), file)
        if code == _TOO_LONG:
            raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, None)
        if "No space left" in words:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)
        if code == _NOT_REGULAR:
            raise OSError(errno.EINVAL, "not a regular file", file)
        raise RuntimeError(f"{file}: {words or f'the host answered {code}'}")
