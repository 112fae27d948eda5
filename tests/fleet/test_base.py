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
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peerwatch.cli import main
from peerwatch.errors import EnvironmentProblem
from peerwatch.fleet import base, ids, recipe
from peerwatch.fleet import check as checking
from peerwatch.fleet._sources import sources

from .test_check import MAIN, elsewhere, needs_unshare, without

PACKAGES = {"apt": "2.6", "bash": "5.2"}
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
    assert versions == PACKAGES


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


# --- as a person meets it: `peerwatch fleet build --import` -------------------------------------


@pytest.fixture
def exported(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base that another machine wrote; this one has none yet."""
    base.build(silent)
    base.export_file(tiny / "base.gz")
    monkeypatch.setenv("PEERWATCH_CACHE", str(tiny / "here"))
    return tiny / "base.gz"


def build(*words: str, prefix: Sequence[str] = (), program: str = MAIN) -> tuple[int, str]:
    """Exit code and standard error of `peerwatch fleet build`."""
    done = subprocess.run(
        [*prefix, sys.executable, "-c", program, "fleet", "build", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@needs_unshare
def test_a_base_is_brought_where_hosts_cannot_start(exported: Path) -> None:
    """An old kernel, by its own words: `check.require` would point to Docker, which asks for it."""
    assert build("--import", str(exported), prefix=["setarch", "--uname-2.6"]) == (0, "")
    assert base.archive() is not None


def test_a_base_is_brought_on_macos(exported: Path) -> None:
    """The archive alone. (Not tried on such a system.)"""
    assert build("--import", str(exported), program=elsewhere("darwin")) == (0, "")
    assert base.archive() is not None
    assert not base.base_ready()


def test_a_refused_unpacking_is_a_note(exported: Path) -> None:
    """Docker needs the archive alone; where namespaces come to be had, `build` unpacks it."""
    code, said = build("--import", str(exported), prefix=without("unshare"))
    assert code == 0
    assert said.startswith("kept as an archive, enough for `--sandbox docker`: hosts cannot start")
    assert "user namespace: Operation not permitted" in said
    assert base.archive() is not None
    assert not base.base_ready()
    (row,) = [one for one in checking.check() if one.name == "base"]
    assert (row.ok, row.found, row.remedy) == (
        False, "an archive, not unpacked", "`peerwatch fleet build`"
    )  # fmt: skip
    assert build() == (0, "")
    assert base.base_ready()
    assert calls(exported.parent) == 1


def in_process(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The same, faster, where nothing about the process matters."""
    with pytest.raises(SystemExit) as ended:
        main(["fleet", "build", *words])
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


def flipped(file: Path, at: int) -> Path:
    """A copy with one bit of one byte turned over."""
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    copy = file.with_name("flipped.gz")
    copy.write_bytes(content)
    return copy


def test_a_damaged_file_is_never_installed(
    exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checksum stands at the end, behind all that is needed of the archive."""
    short = exported.with_name("short.gz")
    short.write_bytes(exported.read_bytes()[:-12])
    for damaged in (flipped(exported, -6), short):
        code, said = in_process(capsys, "--import", str(damaged))
        assert code == 2
        (line,) = said.splitlines()
        assert line.startswith(f"peerwatch: {damaged} is damaged (")
        assert line.endswith("): copy it again, or export it anew")
        assert base.archive() is None
    assert in_process(capsys, "--import", str(exported))[0] == 0
    assert base.base_ready()


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_byte_is_damaged_the_base_is_whole_or_not_there(
    exported: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    """One line and nothing installed; a few bytes mean nothing (gzip's own notes of time)."""
    at = data.draw(st.integers(0, exported.stat().st_size - 1))
    code, said = in_process(capsys, "--import", str(flipped(exported, at)))
    assert "Traceback" not in said
    if code == 0:
        assert json.loads((base.place() / "packages.json").read_text()) == PACKAGES
        base.clean()
    else:
        assert code == 2
        assert len(said.splitlines()) == 1
        assert base.archive() is None


def test_an_archive_that_was_damaged_in_the_cache_does_not_stick(
    exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is removed, said, and the same command then builds."""
    assert in_process(capsys, "--import", str(exported))[0] == 0
    archive, mapping = base.archive(), ids.mapping()
    assert archive is not None
    flipped(archive, -6).replace(archive)
    base._remove(base.place() / f"tree-{mapping.label}")
    code, said = in_process(capsys)
    assert code == 2
    assert f"{archive} was damaged (CRC check failed" in said
    assert "give the same command again" in said
    assert base.archive() is None
    assert in_process(capsys)[0] == 0
    assert base.base_ready()


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


@pytest.mark.parametrize("off", ["no", "false", "False", "off", "without", "disable", "0"])
def test_sources_that_are_switched_off_are_left_out(tmp_path: Path, off: str) -> None:
    """Every way in which apt takes a no."""
    root = etc(tmp_path, "ID=debian\nVERSION_CODENAME=trixie\n")
    stanza = "Types: deb\nEnabled: {}\nURIs: http://{}.example/debian\nSuites: trixie\n"
    texts = [stanza.format(off, "theirs"), stanza.format("yes", "ours")]
    (root / "etc/apt/sources.list.d/all.sources").write_text("\n".join(texts))
    text = sources("bookworm", root)
    assert text is not None
    assert "ours.example" in text
    assert "theirs.example" not in text


def test_a_machine_that_is_no_debian_has_no_sources_for_us(tmp_path: Path) -> None:
    root = etc(tmp_path, "ID=fedora\nVERSION_ID=40\n")
    assert sources("bookworm", root) is None


def test_the_recipe_names_itself() -> None:
    assert len(base.recipe_hash()) == 64
    assert recipe.RECIPE.suite == "bookworm"
