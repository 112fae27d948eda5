"""The three ways of running: root, an ordinary user with a range of ids, and one without.

The users are made for the test and removed after it; that takes root, and an interpreter and
sources that another user may read. Where one of these is missing the tests are skipped.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import peerwatch
from peerwatch.fleet import base, ids

from .conftest import WEIGHTS, small_config

SCRIPT = """
import sys, json, anyio
from pathlib import Path
from peerwatch.fleet import FleetConfig, base, blobs, check, diff, ids, start
from peerwatch.fleet import check as checking

item = "/srv/data/item-1/weights.bin"

async def main(config):
    fleet = await start(config)
    async def out(host, line):
        return (await fleet.run(host, ["bash", "-c", line])).stdout.decode().strip()
    try:
        before = await fleet.snapshot()
        told = {
            "id": await out("ops", "id"),
            "ssh": await out("ops", "ssh node-a hostname; ssh node-b id -un"),
            "copy": await out("ops", "scp -q node-a:%s /tmp/x; wc -c < /tmp/x" % item),
            "other": await out("ops", "runuser -u www-data -- id -un"),
            "df": await out("node-a", "df --output=pcent /srv/data | tail -1"),
            "delete": await out("ops", "rm /usr/bin/bc; ls /usr/bin/bc 2>&1"),
            "unshare": await out("ops", "unshare -U true 2>&1"),
        }
        found = diff(before, await fleet.snapshot(rehash=True))
        told["seen"] = [[one.host, one.path] for one in found.changes if one.path == "/tmp/x"]
        told["deleted"] = list(map(list, found.deleted))
        return told
    finally:
        await fleet.stop()

blobs.put(Path(sys.argv[2]).read_bytes())
base.import_file(Path(sys.argv[1]), lambda what, part: None)
told = anyio.run(main, FleetConfig.model_validate_json(sys.stdin.read()))
told["kind"] = ids.mapping().kind
told["checks"] = [[one.name, one.ok] for one in checking.check()]
told["freed"] = base.clean()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def exported() -> Iterator[Path]:
    """A folder that everybody may read, with the base as a file; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        base.export_file(folder / "base.gz")
        (folder / "base.gz").chmod(0o644)
        (folder / "weights").write_bytes(WEIGHTS)
        (folder / "weights").chmod(0o644)
        yield folder


@pytest.fixture(params=["range", "single"])
def someone(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """(user, way of running), for a user who exists for this test alone."""
    if os.geteuid() != 0:
        pytest.skip("making users takes root")
    if shutil.which("useradd") is None or shutil.which("setpriv") is None:
        pytest.skip("no useradd or setpriv here")
    if request.param == "range" and shutil.which("newuidmap") is None:
        pytest.skip("no newuidmap here (package uidmap)")
    name = f"pw-{request.param}-{os.getpid() % 10000}"
    extra = ["--key", "SUB_UID_COUNT=0", "--key", "SUB_GID_COUNT=0"]
    if request.param == "range":
        extra = []
    subprocess.run(["useradd", "-m", *extra, name], check=True, capture_output=True)
    try:
        yield name, request.param
    finally:
        subprocess.run(["userdel", "-r", name], check=False, capture_output=True)


PROBE = (
    "import os, sys, anyio, peerwatch.fleet.config;sys.exit(not os.access(sys.executable, os.X_OK))"
)


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
            probe = subprocess.run(
                [*prefix, interpreter, "-c", PROBE],
                env=environment, cwd="/", capture_output=True, check=False,
            )  # fmt: skip
        except OSError:
            continue
        if probe.returncode == 0:
            return subprocess.run(
                [*prefix, interpreter, *arguments], env=environment, cwd="/", input=given,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
    pytest.skip(f"no Python {version} with these packages that another user may run")


def test_an_ordinary_user_runs_hosts(someone: tuple[str, str], exported: Path) -> None:
    name, way = someone
    arguments = ["-c", SCRIPT, str(exported / "base.gz"), str(exported / "weights")]
    done = as_user(name, arguments, small_config().model_dump_json())
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["kind"] == way
    assert told["id"] == "uid=0(root) gid=0(root) groups=0(root)"
    assert told["ssh"] == "node-a\nroot"
    assert told["copy"] == str(len(WEIGHTS))
    assert told["df"] == "90%"
    assert "Operation not permitted" in told["unshare"]
    assert told["seen"] == [["ops", "/tmp/x"]]
    assert ["ops", "/usr/bin/bc"] in told["deleted"]
    assert told["freed"] > 0
    if way == "range":
        assert told["other"] == "www-data"
        assert dict(map(tuple, told["checks"]))["user ids"] is True
    home = Path(pwd.getpwnam(name).pw_dir)
    assert not list((home / ".cache/peerwatch/fleet").glob("*/"))
    uid = pwd.getpwnam(name).pw_uid
    left = [
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and entry.exists() and entry.stat().st_uid == uid
    ]
    assert left == []


def test_root_never_uses_ids_of_this_machine() -> None:
    if os.geteuid() != 0:
        pytest.skip("about root")
    mapping = ids.mapping()
    if mapping.kind == "single":
        pytest.skip("this root has no other ids")
    taken = {account.pw_uid for account in pwd.getpwall()}
    assert not taken & set(range(mapping.uid, mapping.uid + mapping.count))
