"""The cache when things go wrong: a full disk, killed builders, two versions, a hasty `clean`.

A small archive stands in for Debian, as in `test_base`: what is tested is the care around it.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import textwrap
import time
from pathlib import Path

import pytest

from peerwatch.errors import EnvironmentProblem
from peerwatch.fleet import base, blobs, cache, ids

from .conftest import Hosts, small_config
from .test_base import STATUS, silent

LARGE = 6 << 20  # of one file in the archive, random, so that packing makes it no smaller
# The command line with room enough by its own reckoning, so that the disk itself gets to refuse.
CLI = (
    "import sys; from peerwatch.fleet import base; base.DISK_NEEDED = 0; "
    "from peerwatch.cli import main; main(sys.argv[1:])"
)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a cache of its own and a program `mmdebstrap` that copies an archive."""
    if ids.mapping().kind == "single":
        pytest.skip("nobody can build a base with one id")
    with tarfile.open(tmp_path / "small.tar", "w") as archive:
        contents = {"var/lib/dpkg/status": STATUS.encode(), "srv/large": os.urandom(LARGE)}
        contents.update({f"etc/part-{number}": b"x" for number in range(200)})
        for name, content in contents.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    program = tmp_path / "bin" / "mmdebstrap"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\ncat > /dev/null\necho 'I: downloading packages' >&2\n"
        f"for word; do case $word in /*base.tar) cp {tmp_path}/small.tar $word || "
        "{ echo 'E: cp failed: No space left on device' >&2; exit 1; };; esac; done\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path / "disk"))
    return tmp_path


def whole() -> bool:
    """Whether a base that counts as there has all of its archive."""
    tree = base.tree(ids.mapping())
    assert tree is not None
    return (tree / "srv/large").stat().st_size == LARGE and len(
        list((tree / "etc").glob("part-*"))
    ) == 200


# --- a full disk ---------------------------------------------------------------------------------

# Runs in a mount namespace of its own, where the cache is a small disk. Takes the folder, the size
# of the disk and arguments for the command line; tells what it said, then again with room made.
ON_A_SMALL_DISK = f"""
import json, os, subprocess, sys
folder, size, *arguments = sys.argv[1:]
disk = os.path.join(folder, "disk")
os.mkdir(disk)
def mount(options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", disk], check=True)
def go():
    argv = [sys.executable, "-c", {CLI!r}, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True)
    left = [name for _, folders, files in os.walk(disk) for name in folders + files
            if name.startswith(".building") or name.endswith(".part")]
    ready = subprocess.run([sys.executable, "-c",
        "import sys; from peerwatch.fleet import base; sys.exit(not base.base_ready())"])
    return [done.returncode, done.stderr, ready.returncode == 0, left]
mount(f"size={{size}}")
first = go()
mount("remount,size=64m")
print(json.dumps([first, go()]))
"""


def on_a_small_disk(folder: Path, size: str, *arguments: str) -> list[list[object]]:
    if os.geteuid() != 0:
        pytest.skip("a disk of one's own takes root")
    argv = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c"]
    done = subprocess.run(
        [*argv, ON_A_SMALL_DISK, str(folder), size, *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: list[list[object]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("size", ["4m", "9m"])
def test_a_build_on_a_full_disk(size: str, stand_in: Path) -> None:
    """While mmdebstrap writes, and while its archive is packed: one line, exit 2, nothing there."""
    first, again = on_a_small_disk(stand_in, size, "fleet", "build")
    code, said, ready, left = first
    assert (code, ready, left) == (2, False, [])
    lines = [line for line in str(said).splitlines() if "No space left on device" in line]
    assert len(lines) == 1
    assert "Traceback" not in str(said)
    assert again[0] == 0
    assert again[2:] == [True, []]


@pytest.mark.parametrize("size", ["4m", "9m"])
def test_an_import_on_a_full_disk(size: str, stand_in: Path) -> None:
    """While the file is copied, and while it is unpacked."""
    base.build(silent)
    base.export_file(stand_in / "base.gz")
    os.rename(stand_in / "disk", stand_in / "elsewhere")  # noqa: PTH104
    arguments = ("fleet", "build", "--import", str(stand_in / "base.gz"))
    first, again = on_a_small_disk(stand_in, size, *arguments)
    code, said, ready, left = first
    assert (code, ready, left) == (2, False, [])
    assert "No space left on device" in str(said)
    assert "Traceback" not in str(said)
    assert again[0] == 0
    assert again[2:] == [True, []]


def test_an_export_on_a_full_disk(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No part of a file stays, and the base is as it was."""
    monkeypatch.setenv("PEERWATCH_CACHE", str(stand_in / "elsewhere"))
    base.build(silent)
    arguments = ("fleet", "build", "--export", str(stand_in / "disk" / "base.gz"))
    first, again = on_a_small_disk(stand_in, "4m", *arguments)
    code, said, ready, left = first
    assert (code, ready, left) == (2, True, [])
    assert "No space left on device" in str(said)
    assert "Traceback" not in str(said)
    assert again[0] == 0


def test_an_export_to_no_folder(stand_in: Path) -> None:
    base.build(silent)
    (stand_in / "file").touch()
    with pytest.raises(EnvironmentProblem, match="cannot write"):
        base.export_file(stand_in / "file" / "base.gz")


BLOB = """
import os, subprocess, sys
from peerwatch.errors import EnvironmentProblem
from peerwatch.fleet import blobs
disk = os.environ["PEERWATCH_CACHE"]
os.mkdir(disk)
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=True)
content = os.urandom(2 << 20)
try:
    blobs.put(content)
except EnvironmentProblem as problem:
    print(problem)
files = [name for _, _, names in os.walk(disk) for name in names if not name.endswith(".lock")]
print(files)
subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
print(blobs.path(blobs.put(content)).stat().st_size)
"""


def test_a_content_on_a_full_disk(stand_in: Path) -> None:
    """It is not half there, the line says what to do, and with room made it goes."""
    if os.geteuid() != 0:
        pytest.skip("a disk of one's own takes root")
    argv = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", BLOB]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    line, files, size = done.stdout.splitlines()
    assert "No space left on device" in line
    assert "PEERWATCH_CACHE" in line
    assert (files, size) == ("[]", str(2 << 20))


# --- killed builders -----------------------------------------------------------------------------


BUILD = "from peerwatch.fleet import base; base.build(lambda what, part: print(what, flush=True))"


@pytest.mark.parametrize("moment", range(5))
def test_a_builder_killed_at_any_moment(moment: int, stand_in: Path) -> None:
    """What then counts as there is whole; the next build works, and sweeps what was left."""
    argv = [sys.executable, "-c", BUILD]
    builder = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert builder.stdout is not None
    assert builder.stdout.readline()  # it has begun
    time.sleep(moment * 0.1)
    builder.kill()
    builder.communicate()
    if base.base_ready():
        assert whole()
    base.build(silent)
    assert whole()
    assert not list(base.place().glob(".building-*"))


def test_a_builder_killed_whenever_it_says_something(stand_in: Path) -> None:
    """The same, at each of its own steps in turn, until it is ready before it can be killed."""
    line = textwrap.dedent(
        """
        import os, signal, sys
        from peerwatch.fleet import base
        told = []
        def tell(what, part):
            told.append(what)
            if len(told) == int(sys.argv[1]):
                print(what, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        base.build(tell)
        """
    )
    steps = []
    for step in range(1, 40):
        argv = [sys.executable, "-c", line, str(step)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        steps.append(done.stdout.strip())
        if base.base_ready():
            assert whole()
            break
    assert base.base_ready()
    assert {"starting mmdebstrap", "packing the archive", "unpacking"} <= set(steps)
    base.build(silent)
    assert not list(base.place().glob(".building-*"))


def test_two_versions_build_at_once_in_one_cache(stand_in: Path) -> None:
    """Each has its own place, waits for nobody, and takes nothing of the other's."""
    other = (
        "import dataclasses; from peerwatch.fleet import base, recipe; "
        "recipe.RECIPE = dataclasses.replace(recipe.RECIPE, suite='trixie'); "
    )
    tell = "base.build(lambda what, _part: print(what)); print(base.place())"
    builders = [
        subprocess.Popen([sys.executable, "-c", line], stdout=subprocess.PIPE, text=True)
        for line in (f"from peerwatch.fleet import base; {tell}", other + tell)
    ]
    told = [one.communicate(timeout=120)[0].splitlines() for one in builders]
    assert [one.returncode for one in builders] == [0, 0]
    places = {Path(lines[-1]) for lines in told}
    assert len(places) == 2
    assert not any("waiting" in line for lines in told for line in lines)
    for place in places:
        assert len(list(place.glob("tree-*/root/etc/part-*"))) == 200
    assert sorted(one.what for one in base.cached()) == ["base", "old base"]


# --- freeing -------------------------------------------------------------------------------------


USER = (
    "import sys; from peerwatch.fleet import blobs; "
    "print(blobs.put(b'content'), flush=True); sys.stdin.read()"
)


def test_cleaning_waits_for_nobody_and_frees_nothing_in_use(stand_in: Path) -> None:
    """`fleet clean` says in one line that someone uses the cache; once they ended, it frees."""
    base.build(silent)
    argv = [sys.executable, "-c", USER]
    user = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert user.stdout is not None
    name = user.stdout.readline().strip()
    refused = subprocess.run(
        [sys.executable, "-c", CLI, "fleet", "clean", "--yes"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "in use by another peerwatch" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert whole()
    assert blobs.exists(name)
    user.kill()
    user.communicate()
    freed = subprocess.run(
        [sys.executable, "-c", CLI, "fleet", "clean", "--yes"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert freed.returncode == 0, freed.stderr
    assert not base.base_ready()


def test_running_hosts_hold_the_cache(built: None) -> None:
    """Hosts of this process keep another process from freeing the base below them."""
    hosts = Hosts(small_config())
    line = "from peerwatch.fleet import cache\nwith cache.alone(): print('alone')"
    tried = subprocess.run(
        [sys.executable, "-c", line], capture_output=True, text=True, check=False
    )
    assert tried.stdout == ""
    assert "in use by another peerwatch" in tried.stderr
    assert hosts.out("ops", "cat /etc/debian_version").startswith("12")
    hosts.stop()


def test_a_cache_that_cannot_be_written_is_held_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts may stand on a base that an administrator has put into a read-only folder."""
    monkeypatch.setenv("PEERWATCH_CACHE", "/proc/nowhere")
    cache.hold()
