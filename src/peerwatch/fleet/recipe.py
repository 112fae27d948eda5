"""What the hosts' base is made of, and the program that makes it.

Takes this machine's package sources; gives a recipe, its hash and a plain archive. It knows nothing
of where a base is kept: see `base`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from peerwatch.errors import EnvironmentProblem

from . import cache, ids
from ._sources import sources

Progress = Callable[[str, float], None]
"""Told what is going on and how far it is, 0 to 1."""


@dataclass(frozen=True)
class Recipe:
    """What the base is made of; its hash is the base's identity."""

    suite: str
    variant: str
    packages: tuple[str, ...]
    excludes: tuple[str, ...]
    tweaks: tuple[str, ...]
    """Shell lines run at the end with the tree as $1."""


RECIPE = Recipe(
    suite="bookworm",
    variant="minbase",
    # A lean administrator's machine; python3 in full, as the minimal one has no json or ctypes.
    packages=(
        "bc", "bzip2", "ca-certificates", "curl", "file", "git", "gnupg", "hostname", "iproute2",
        "iputils-ping", "less", "lsof", "nano", "netbase", "netcat-openbsd", "openssh-client",
        "openssh-server", "openssl", "procps", "psmisc", "python3", "rsync", "sqlite3", "sudo",
        "unzip", "vim-tiny", "wget", "xxd", "xz-utils", "zip", "zstd",
    ),
    excludes=(
        "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*",
        "/usr/share/lintian/*", "/var/log/apt/*",
    ),
    tweaks=(
        # What tells of the machine that built it, and keys that would be everybody's.
        'rm -f "$1"/etc/ssh/ssh_host_*',
        'rm -rf "$1"/etc/apt/sources.list.d/* "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*',
        'rm -f "$1"/var/log/dpkg.log "$1"/var/log/bootstrap.log "$1"/var/log/alternatives.log',
        'printf "# packages come with the image\\n" > "$1"/etc/apt/sources.list',
        ': > "$1"/etc/resolv.conf',
        'printf "localhost\\n" > "$1"/etc/hostname',
        ': > "$1"/etc/machine-id',
    ),
)  # fmt: skip

# Lines that mmdebstrap prints, and how far the whole build is then (44 s on two cores, of which
# configuring the packages takes half).
_MILESTONES = (
    ("running apt-get update", "reading package lists", 0.02),
    ("downloading packages", "downloading packages", 0.10),
    ("extracting archives", "unpacking essential packages", 0.25),
    ("installing essential", "installing essential packages", 0.32),
    ("installing remaining", "installing packages", 0.42),
    ("cleaning package lists", "cleaning", 0.76),
    ("creating tarball", "writing the archive", 0.78),
)


def recipe_hash() -> str:
    """The base's identity, 64 hex digits. Package versions are not part of it."""
    return hashlib.sha256(json.dumps(asdict(RECIPE), sort_keys=True).encode()).hexdigest()


def build_command(target: Path) -> list[str]:
    """The command that builds the base as a plain tar archive; package sources are its input.

    Raises:
        EnvironmentProblem: mmdebstrap is missing, or this user could not own its files.
    """
    program = shutil.which("mmdebstrap")
    if program is None:
        raise EnvironmentProblem(
            "mmdebstrap is missing: `sudo apt install mmdebstrap`, or bring a base from another "
            "machine with `peerwatch fleet build --import FILE`"
        )
    kind = ids.mapping().kind
    if kind == "single":
        raise EnvironmentProblem(
            "this user has no range of ids to build with: install uidmap and add a line to "
            "/etc/subuid and /etc/subgid, or `peerwatch fleet build --import FILE`"
        )
    command = [
        program,
        f"--mode={'root' if kind == 'root' else 'unshare'}",
        f"--variant={RECIPE.variant}",
        "--format=tar",
        f"--include={','.join(RECIPE.packages)}",
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in RECIPE.excludes),
        *(f"--customize-hook={line}" for line in RECIPE.tweaks),
        RECIPE.suite,
        str(target),
    ]
    return [*command, "-"] if sources(RECIPE.suite) else command


def make(target: Path, log: Path, progress: Progress) -> None:
    """Build the base as a plain tar archive.

    Args:
        target: the archive.
        log: what mmdebstrap says; kept in the cache where it fails.
        progress: told what is going on.

    Raises:
        EnvironmentProblem: a program, the network or a permission is missing.
    """
    command = build_command(target)
    progress("starting mmdebstrap", 0.01)
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    environment["SOURCE_DATE_EPOCH"] = "1704067200"  # dates do not tell when it was built
    with (
        log.open("w") as written,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
            cwd="/",
        ) as running,
    ):
        try:
            assert running.stdin is not None  # noqa: S101
            assert running.stderr is not None  # noqa: S101
            running.stdin.write(sources(RECIPE.suite) or "")
            running.stdin.close()
            _follow(running.stderr, written, progress)
        except BaseException:
            running.terminate()
            raise
    if running.returncode != 0 or not target.exists():
        kept = cache.folder() / "mmdebstrap.log"
        shutil.copyfile(log, kept)
        reason = _reason(kept.read_text(errors="replace"))
        raise EnvironmentProblem(f"mmdebstrap failed: {reason} (all of it: {kept})")


def _follow(lines: IO[str], log: IO[str], progress: Progress) -> None:
    for line in lines:
        log.write(line)
        for mark, what, part in _MILESTONES:
            if mark in line:
                progress(what, part)


def _reason(log: str) -> str:
    """The line of mmdebstrap's log that says most."""
    errors = [line for line in log.splitlines() if re.match(r"(E|Err|W)[: ]", line)]
    told = [line for line in errors if "mmdebstrap failed to run" not in line] or errors
    return told[-1].strip() if told else "no reason given"
