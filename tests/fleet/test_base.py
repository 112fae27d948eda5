"""The base is built once, whole or not at all, and moves between machines by file.

A stand-in for mmdebstrap, a shell script that writes a tiny Debian-like archive, takes its place
here: what is tested is the care around it. The real one builds the base of the other tests.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from peerwatch.errors import EnvironmentProblem
from peerwatch.fleet import base, ids, recipe
from peerwatch.fleet._sources import sources

STATUS = "Package: bash\nStatus: installed\nVersion: 5.2\n\nPackage: apt\nVersion: 2.6\n"


def silent(_what: str, _part: float) -> None:
    """Progress for nobody."""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own and a stand-in for mmdebstrap that notes each call in `calls`."""
    archive = tmp_path / "tiny.tar"
    with tarfile.open(archive, "w") as tar:
        for name, content, uid in (
            ("./var/lib/dpkg/status", STATUS, 0),
            ("./etc/owned-by-7", "x", 7),
        ):
            member = tarfile.TarInfo(name)
            member.size, member.uid, member.gid, member.mtime = len(content), uid, uid, 1000
            tar.addfile(member, io.BytesIO(content.encode()))
    script = tmp_path / "mmdebstrap"
    script.write_text(
        "#!/bin/sh\ncat > /dev/null\n"
        f"echo call >> {tmp_path}/calls\n"
        'echo "I: installing remaining packages" >&2\n'
        f"[ ! -e {tmp_path}/slow ] || sleep 1\n"
        f'[ ! -e {tmp_path}/fail ] || {{ echo "E: cannot find release" >&2; exit 1; }}\n'
        f"for word; do case $word in /*base.tar) cp {archive} $word;; esac; done\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path / "cache"))
    if ids.mapping().kind == "single":
        pytest.skip("nobody can build a base with one id")
    return tmp_path


def calls(tiny: Path) -> int:
    file = tiny / "calls"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_building_once_is_enough(tiny: Path) -> None:
    told: list[float] = []
    assert not base.base_ready()
    assert base.built_identity() is None
    base.build(lambda _what, part: told.append(part))
    assert base.base_ready()
    assert told == sorted(told)
    assert told[-1] == 1.0
    identity = base.built_identity()
    base.build(silent)
    assert (calls(tiny), base.built_identity()) == (1, identity)
    versions = json.loads((base.place() / "packages.json").read_text())
    assert versions == {"apt": "2.6", "bash": "5.2"}


def test_owners_are_shifted_into_the_mapping(tiny: Path) -> None:
    base.build(silent)
    mapping = ids.mapping()
    tree = base.tree(mapping)
    assert tree is not None
    state = (tree / "etc/owned-by-7").stat()
    assert (state.st_uid, state.st_mtime) == (mapping.uid + 7, 1000)


def test_two_builders_at_once_build_once(tiny: Path) -> None:
    (tiny / "slow").touch()
    line = "from peerwatch.fleet import base; base.build(lambda what, part: print(what))"
    builders = [
        subprocess.Popen([sys.executable, "-c", line], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [one.communicate(timeout=60)[0] for one in builders]
    assert [one.returncode for one in builders] == [0, 0, 0]
    assert calls(tiny) == 1
    assert sum("another process is building" in text for text in told) == 2


def test_a_killed_builder_leaves_nothing_that_is_used(tiny: Path) -> None:
    (tiny / "slow").touch()
    line = (
        "from peerwatch.fleet import base; base.build(lambda what, part: print(what, flush=True))"
    )
    builder = subprocess.Popen([sys.executable, "-c", line], stdout=subprocess.PIPE, text=True)
    assert builder.stdout is not None
    while "installing packages" not in builder.stdout.readline():
        pass
    builder.kill()
    builder.communicate()
    assert not base.base_ready()
    assert list(base.place().glob(".building-*"))
    (tiny / "slow").unlink()
    base.build(silent)
    assert base.base_ready()
    assert not list(base.place().glob(".building-*"))


def test_a_tree_without_its_final_name_is_not_the_base(tiny: Path) -> None:
    half = base.place() / ".building-x" / "tree" / "root"
    half.mkdir(parents=True)
    assert not base.base_ready()
    base.build(silent)
    assert calls(tiny) == 1
    assert not half.exists()


def test_a_failing_build_says_why_in_one_line(tiny: Path) -> None:
    (tiny / "fail").touch()
    with pytest.raises(
        EnvironmentProblem, match=r"E: cannot find release .*mmdebstrap\.log"
    ) as found:
        base.build(silent)
    assert "\n" not in str(found.value)
    assert not base.base_ready()


def test_a_missing_mmdebstrap_has_its_remedy(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peerwatch.fleet.base.shutil.which", lambda _name: None)
    monkeypatch.setattr("peerwatch.fleet.ids.mapping", lambda: ids.IdMapping("root", 1, 1, 65536))
    with pytest.raises(EnvironmentProblem, match="apt install mmdebstrap"):
        recipe.build_command(Path("/x"))


def test_too_little_disk(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "DISK_NEEDED", 10**18)
    with pytest.raises(EnvironmentProblem, match="PEERWATCH_CACHE"):
        base.build(silent)


def test_export_and_import(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentProblem, match="nothing to export"):
        base.export_file(tiny / "out.gz")
    base.build(silent)
    identity = base.built_identity()
    base.export_file(tiny / "out.gz")
    monkeypatch.setenv("PEERWATCH_CACHE", str(tiny / "elsewhere"))
    assert not base.base_ready()
    base.import_file(tiny / "out.gz", silent)
    assert base.base_ready()
    assert (base.built_identity(), calls(tiny)) == (identity, 1)


def test_an_import_of_other_packages_takes_the_place_of_what_was_unpacked(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tree is always that of which the list of packages tells."""
    base.build(silent)
    base.export_file(tiny / "first.gz")
    (tiny / "tiny.tar").rename(tiny / "older.tar")
    with tarfile.open(tiny / "older.tar") as old, tarfile.open(tiny / "tiny.tar", "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            newer = content.read().replace(b"Version: ", b"Version: 9")
            member.size = len(newer)
            new.addfile(member, io.BytesIO(newer))
    monkeypatch.setenv("PEERWATCH_CACHE", str(tiny / "elsewhere"))
    base.build(silent)
    newer_identity = base.built_identity()
    tree = base.tree(ids.mapping())
    assert tree is not None
    assert "Version: 9" in (tree / "var/lib/dpkg/status").read_text()
    base.import_file(tiny / "first.gz", silent)
    assert base.built_identity() != newer_identity
    assert "Version: 9" not in (tree / "var/lib/dpkg/status").read_text()


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_a_file_that_is_no_base_is_refused(tiny: Path, content: bytes) -> None:
    (tiny / "bad").write_bytes(content)
    with pytest.raises(EnvironmentProblem, match="bad"):
        base.import_file(tiny / "bad", silent)
    assert not base.base_ready()


def test_cleaning_frees_everything(tiny: Path) -> None:
    base.build(silent)
    assert [one.what for one in base.cached()] == ["base"]
    assert base.clean() > 0
    assert base.cached() == ()
    assert not base.base_ready()


def test_an_unwritable_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEERWATCH_CACHE", "/proc/nowhere")
    with pytest.raises(EnvironmentProblem, match="set PEERWATCH_CACHE"):
        base.build(silent)


def test_waiting_for_the_lock_is_said(tiny: Path) -> None:
    told: list[str] = []
    with base._alone(silent):
        waiting = threading.Thread(target=base.build, args=(lambda what, _part: told.append(what),))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        assert told == ["another process is building; waiting for it"]
    waiting.join(30)
    assert base.base_ready()


def etc(root: Path, release: str) -> Path:
    """A machine's /etc as far as package sources go."""
    (root / "etc/apt/sources.list.d").mkdir(parents=True)
    (root / "etc/os-release").write_text(release)
    return root


def test_sources_of_another_debian_release_are_turned(tmp_path: Path) -> None:
    stanza = (
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie trixie-updates\n"
        "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        "Types: deb\nURIs: http://other.example/x\nSuites: stable-of-theirs\nComponents: main\n"
    )
    line = "deb [signed-by=/k.gpg arch=amd64] http://mirror.example/sec trixie-security main # x\n"
    root = etc(tmp_path, 'ID=debian\nVERSION_CODENAME="trixie"\n')
    (root / "etc/apt/sources.list").write_text(line)
    (root / "etc/apt/sources.list.d/debian.sources").write_text(stanza)
    text = sources("bookworm", root)
    assert text is not None
    assert "Suites: bookworm bookworm-updates" in text
    assert "Suites: bookworm-security" in text
    assert "Signed-By: /k.gpg" in text
    assert "other.example" not in text
    assert "trixie" not in text


def test_a_machine_that_is_no_debian_has_no_sources_for_us(tmp_path: Path) -> None:
    root = etc(tmp_path, "ID=fedora\nVERSION_ID=40\n")
    assert sources("bookworm", root) is None


def test_the_recipe_names_itself() -> None:
    assert len(base.recipe_hash()) == 64
    assert recipe.RECIPE.suite == "bookworm"
