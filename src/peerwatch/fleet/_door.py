"""How the launcher is started: for ordinary users through a file that AppArmor knows by its path.

Takes a job of the launcher; gives its command line. Where a machine keeps user namespaces from
ordinary programs, the shipped profile (`apparmor`) grants them to that one file and what it starts.
A profile for the interpreter would grant them to every Python program; one that is entered by name
alone does not count where `kernel.apparmor_restrict_unprivileged_unconfined` is 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LAUNCHER = Path(__file__).with_name("_launcher")
PROFILE = Path(__file__).with_name("apparmor")
DOOR = LAUNCHER / "enter"
LOAD = (
    "load the shipped profile once: `peerwatch fleet check --apparmor | "
    "sudo sh -c 'tee /etc/apparmor.d/peerwatch | apparmor_parser -r'`"
)
_IN_FORCE = Path("/sys/module/apparmor/parameters/enabled")
_RESTRICTED = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


def command(job: str, *arguments: str) -> list[str]:
    """The command line of one of the launcher's jobs."""
    return [*_door(), sys.executable, "-I", "-S", str(LAUNCHER), job, *arguments]


def _door() -> list[str]:
    if os.geteuid() == 0 or not os.access(DOOR, os.X_OK):  # no file is where it was mounted noexec
        return []
    return [str(DOOR)] if _says(_IN_FORCE, "Y") else []


def restricted() -> bool:
    """Whether AppArmor keeps user namespaces from this user's ordinary programs."""
    return os.geteuid() != 0 and _says(_RESTRICTED, "1")


def label() -> str:
    """What AppArmor calls the launcher; empty where AppArmor is not in force."""
    if not _says(_IN_FORCE, "Y"):
        return ""
    argv = [*_door(), "/bin/cat", "/proc/self/attr/current"]
    done = subprocess.run(argv, env={}, capture_output=True, text=True, check=False)
    return done.stdout.strip("\0\n")


def _says(switch: Path, wanted: str) -> bool:
    try:
        return switch.read_text().strip() == wanted
    except OSError:
        return False
