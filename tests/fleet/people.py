"""Other users for the tests: made for one test, removed after it, with a Python they can run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import peerwatch
from peerwatch.fleet import base

_CAN_RUN = (
    "import os, sys, anyio, peerwatch.fleet.config;sys.exit(not os.access(sys.executable, os.X_OK))"
)


@contextmanager
def someone(way: str) -> Iterator[str]:
    """The name of a user who runs hosts in this way (`range` or `single`), for as long as it lasts.

    Skips where users cannot be made.
    """
    if os.geteuid() != 0:
        pytest.skip("making users takes root")
    if shutil.which("useradd") is None or shutil.which("setpriv") is None:
        pytest.skip("no useradd or setpriv here")
    if way == "range" and shutil.which("newuidmap") is None:
        pytest.skip("no newuidmap here (package uidmap)")
    taken = {account.pw_name for account in pwd.getpwall()}
    names = (f"pw-{way}-{(os.getpid() + more) % 10000}" for more in range(10000))
    name = next(name for name in names if name not in taken)
    none = ["--key", "SUB_UID_COUNT=0", "--key", "SUB_GID_COUNT=0"]
    extra = none if way == "single" else []
    subprocess.run(["useradd", "-m", *extra, name], check=True, capture_output=True)
    try:
        yield name
    finally:
        subprocess.run(["userdel", "-r", name], check=False, capture_output=True)


@contextmanager
def exported_base() -> Iterator[Path]:
    """A folder that everybody may read, with the base as `base.gz`; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        base.export_file(folder / "base.gz")
        (folder / "base.gz").chmod(0o644)
        yield folder


def as_user(name: str, arguments: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python as another user, with an interpreter that this user can reach."""
    account = pwd.getpwnam(name)
    prefix = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups"]
    packages = sysconfig.get_paths()["purelib"]
    environment = {
        "HOME": account.pw_dir,
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{Path(peerwatch.__file__).parent.parent}:{packages}",
    }
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for interpreter in (sys.executable, f"/usr/bin/python{version}"):
        try:
            tried = subprocess.run(
                [*prefix, interpreter, "-c", _CAN_RUN],
                env=environment, cwd="/", capture_output=True, check=False,
            )  # fmt: skip
        except OSError:
            continue
        if tried.returncode == 0:
            return subprocess.run(
                [*prefix, interpreter, *arguments], env=environment, cwd="/", input=given,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
    pytest.skip(f"no Python {version} with these packages that another user may run")


def processes_of(uid: int) -> list[str]:
    """The numbers of what runs under this id; not of what has ended and was not reaped."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                if state not in "ZX":
                    found.append(entry.name)
        except OSError:
            continue
    return found
