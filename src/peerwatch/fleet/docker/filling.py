"""Puts on a container what a host has at the start, and starts its services.

Takes staged files; gives the moment when the last was written. The contents go through the
engine's standard input: no file system in memory can be reached in another way.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile

from peerwatch.errors import InfrastructureFault, last_words

from .._staging import SERVICES, Staged
from ..config import HostConfig
from . import engine, sent

_CHUNK = 1 << 20
_MOST_S = 300.0  # it takes 2 s, and 10 s where many start at once


def fill(container: str, host: HostConfig, staged: Staged) -> int:
    """Fill a host; unix nanoseconds of its own clock when that was done. Blocks.

    Args:
        container: its name.
        host: its configuration.
        staged: what lies on the hosts.

    Raises:
        InfrastructureFault: it could not be filled, or its ssh server does not answer.
    """
    files, opened = staged.files[host.name], tuple(staged.blobs.values())
    contents = list(dict.fromkeys((row["blob"], row["size"]) for row in files if "blob" in row))
    numbers = {blob: number for number, (blob, _) in enumerate(contents)}
    spec = {
        "files": [{**row, "blob": numbers[row["blob"]]} if "blob" in row else row for row in files],
        "sizes": [size for _, size in contents],
        "volumes": [{"mount": volume.mount} for volume in host.volumes],
        "services": SERVICES,
    }
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(
            ["docker", "exec", "-i", container, *sent.interpreter("fill")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, start_new_session=True,
        ) as running,
        engine.ended_after(_MOST_S, running),
    ):  # fmt: skip
        assert running.stdin is not None  # noqa: S101
        assert running.stdout is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):  # it says why below
            running.stdin.write(sent.code() + json.dumps(spec).encode() + b"\n")
            for blob, size in contents:
                for offset in range(0, size, _CHUNK):
                    running.stdin.write(os.pread(opened[blob], min(_CHUNK, size - offset), offset))
            running.stdin.close()
        told = running.stdout.read()
        if running.wait() != 0 or not told:
            words.seek(0)
            reason = last_words(words.read().decode(errors="replace"))
            if running.returncode == -signal.SIGKILL:
                reason = f"the engine took more than {_MOST_S:.0f} s"
            raise InfrastructureFault(f"host {host.name} could not be filled: {reason}")
    return int(json.loads(told)["filled_ns"])
