"""The pure parts: time marks, keys, configuration, content store, diffs, accounts."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from peerwatch.errors import EnvironmentProblem, InfrastructureFault
from peerwatch.fleet import (
    FileEntry,
    FileState,
    FleetConfig,
    HostConfig,
    HostState,
    ProcessState,
    Snapshot,
    Volume,
    VolumeUse,
    _streams,
    absolute,
    blobs,
    diff,
)
from peerwatch.fleet import keys as fleet_keys
from peerwatch.fleet._launcher import accounts, starting, walker
from peerwatch.fleet._streams import Kept

START = 1_767_225_600  # 2026-01-01 00:00:00 UTC


def test_a_mark_becomes_the_moment_it_stands_for() -> None:
    text = "from ⟦-86400|%Y-%m-%d⟧ to ⟦+3600|%H:%M⟧, now ⟦0|%A %d %B %Y⟧"
    assert absolute(text, START) == "from 2025-12-31 to 01:00, now Thursday 01 January 2026"


def test_what_is_no_mark_stays() -> None:
    for text in ("⟦x|%Y⟧", "⟦-5⟧", "⟦-5|%Y", "100%", "⟦⟧"):
        assert absolute(text, START) == text


@given(st.integers(-(10**8), 10**8), st.text(alphabet=st.characters(exclude_characters="⟦⟧")))
def test_a_mark_in_any_text_is_replaced_alone(offset: int, around: str) -> None:
    expected = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(START + offset))
    mark = f"⟦{offset}|%Y-%m-%d %H:%M:%S⟧"
    assert absolute(around + mark + around, START) == around + expected + around


def test_the_same_seed_gives_the_same_keys() -> None:
    one, two = (fleet_keys.derive("seed", "host ops", "root@ops") for _ in range(2))
    assert one == two
    others = [
        fleet_keys.derive("other", "host ops", "root@ops"),
        fleet_keys.derive("seed", "login", "root@ops"),
    ]
    assert len({one.bare, *(other.bare for other in others)}) == 3


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="this machine has no ssh-keygen")
@pytest.mark.parametrize("comment", ["", "a", "root@node-a", "x" * 61])
def test_ssh_keygen_reads_a_derived_key(tmp_path: Path, comment: str) -> None:
    pair = fleet_keys.derive("seed", "login", comment)
    file = tmp_path / "key"
    file.write_text(pair.private)
    file.chmod(0o600)
    told = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(file)], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == pair.public.strip()


@pytest.mark.parametrize("path", ["relative", "/a/../b", "/a//b", "/a/", "/", "/a/./b", "/a\0b"])
def test_a_path_that_is_not_plain_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="plain absolute path"):
        FileEntry(path=path, mtime=0, text="")


def test_a_file_has_exactly_one_content() -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        FileEntry(path="/a", mtime=0)
    with pytest.raises(ValidationError, match="exactly one"):
        FileEntry(path="/a", mtime=0, text="", sha256="0" * 64, size=0)
    with pytest.raises(ValidationError, match="size goes with"):
        FileEntry(path="/a", mtime=0, sha256="0" * 64)


def test_nothing_lies_in_the_future() -> None:
    with pytest.raises(ValidationError):
        FileEntry(path="/a", mtime=1, text="")


def test_host_names_are_plain_and_different() -> None:
    with pytest.raises(ValidationError, match="plain host name"):
        HostConfig(name="Node A")
    with pytest.raises(ValidationError, match="not all different"):
        FleetConfig(key_seed="", hosts=(HostConfig(name="a"), HostConfig(name="a")))


def test_a_configuration_survives_a_log() -> None:
    config = FleetConfig(
        key_seed="s",
        hosts=(HostConfig(name="a", volumes=(Volume(mount="/srv/x", size_mb=3),)),),
    )
    assert FleetConfig.model_validate_json(config.model_dump_json()) == config


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path))
    return tmp_path


def test_a_content_is_found_by_its_name(own_cache: Path) -> None:
    sha256 = blobs.put(b"content")
    assert blobs.put(b"content") == sha256
    assert blobs.path(sha256).read_bytes() == b"content"
    assert not blobs.exists("0" * 64)
    with pytest.raises(InfrastructureFault, match="missing"):
        blobs.path("0" * 64)


def test_a_cache_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the remedy."""
    monkeypatch.setenv("PEERWATCH_CACHE", "/proc/nowhere")
    with pytest.raises(EnvironmentProblem, match="cannot write to the cache /proc/nowhere/fleet"):
        blobs.put(b"content")


def test_a_damaged_content_is_not_used_and_can_be_put_again(own_cache: Path) -> None:
    sha256 = blobs.put(b"content")
    place = blobs.path(sha256)
    place.chmod(0o644)
    place.write_bytes(b"cOntent, damaged")
    assert not blobs.exists(sha256)
    blobs.put(b"content")
    assert blobs.path(sha256).read_bytes() == b"content"


@given(st.lists(st.binary(max_size=50)), st.integers(2, 60))
def test_head_and_tail_of_a_stream_are_kept(chunks: list[bytes], limit: int) -> None:
    kept, whole = Kept(limit), b"".join(chunks)
    for chunk in chunks:
        kept.add(chunk)
    text = kept.text()
    if len(whole) <= limit:
        assert text == whole
    else:
        assert kept.left_out == len(whole) - limit
        assert text.startswith(whole[: limit // 2])
        assert text.endswith(whole[-(limit - limit // 2) :])


def state(**changes: object) -> FileState:
    fields: dict[str, object] = {
        "kind": "file", "size": 1, "mode": 0o644, "uid": 0, "gid": 0, "inode": 5, "volume": "",
        "links": 1, "mtime_ns": 10, "ctime_ns": 10, "sha256": "a" * 64,
    }  # fmt: skip
    return FileState(**{**fields, **changes})  # type: ignore[arg-type]


def host(files: dict[str, FileState], deleted: tuple[str, ...] = (), **more: object) -> HostState:
    fields: dict[str, object] = {"processes": (), "held": (), "volumes": {}}
    return HostState(files, frozenset(deleted), **{**fields, **more})  # type: ignore[arg-type]


def test_diff_names_every_kind_of_change() -> None:
    before = Snapshot(
        1.0,
        {
            "a": host(
                {"/same": state(), "/gone": state(), "/moved": state()},
                ("/usr/x",),
                processes=(ProcessState("a", 7, 1, 0, "sleep", 100.0),),
                volumes={"/": VolumeUse(10, 1)},
            )
        },
    )
    after = Snapshot(
        2.0,
        {
            "a": host(
                {"/same": state(), "/new": state(inode=6), "/moved": state(ctime_ns=11)},
                ("/usr/y",),
                processes=(ProcessState("a", 7, 1, 0, "sleep", 200.0),),
                volumes={"/": VolumeUse(10, 2)},
            )
        },
    )
    found = diff(before, after)
    assert [(one.path, one.before is None, one.after is None) for one in found.changes] == [
        ("/gone", False, True),
        ("/moved", False, False),
        ("/new", True, False),
    ]
    assert (found.deleted, found.restored) == ((("a", "/usr/y"),), (("a", "/usr/x"),))
    assert [one.started_at for one in found.started] == [200.0]
    assert [one.started_at for one in found.ended] == [100.0]
    assert found.volumes == {("a", "/"): (VolumeUse(10, 1), VolumeUse(10, 2))}


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 3), max_size=6))
def test_diff_with_itself_is_empty_and_with_nothing_is_everything(sizes: dict[str, int]) -> None:
    files = {f"/{path}": state(size=size) for path, size in sizes.items()}
    full, nothing = Snapshot(0, {"a": host(files)}), Snapshot(0, {"a": host({})})
    assert diff(full, full).empty
    assert {one.path for one in diff(nothing, full).changes} == set(files)
    assert {one.path for one in diff(full, nothing).changes} == set(files)


def test_accounts_are_read_without_the_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/etc/passwd": "root:x:33:33::/tmp:/bin/evil\nbad\nwww:x:33:34::/var/www:\nx:x:-1:0:::\n"
        "long:x:4294967295:0:::\n"
        f"far:x:7:7::/{'a' * 5000}:/bin/sh\n",
        "/etc/group": "www:x:34:\nadm:x:4:sync,www\nother:x:5:wwwx\n",
    }

    def rows(path: str, width: int) -> list[list[str]]:
        split = [line.split(":") for line in files.get(path, "").split("\n")]
        return [row for row in split if len(row) == width]

    monkeypatch.setattr(accounts, "_rows", rows)
    root, www = accounts.find("root"), accounts.find("www")
    assert (root.uid, root.gid, root.home) == (0, 0, "/tmp")
    assert (www.name, www.uid, www.gid, www.shell) == ("www", 33, 34, "/bin/sh")
    assert accounts.groups_of(www) == [4, 34]
    for name in ("x", "long", "far", "nobody", "77"):
        with pytest.raises(KeyError):
            accounts.find(name)
    files.clear()
    assert accounts.find("0").uid == 0


def test_the_first_of_two_outcomes_counts() -> None:
    """A monitor that is killed between its outcome and its end has pid 1 write another."""
    told, tell = os.pipe2(os.O_NONBLOCK)
    os.write(tell, b'{"returncode": 3}{"returncode": 137, "monitor_lost": true}')
    os.close(tell)
    try:
        assert anyio.run(_streams._outcome, told) == {"returncode": 3}
    finally:
        os.close(told)


@pytest.mark.parametrize(("name", "files"), [("x" * 200, 26), (b"\xff" * 200, 3), ("\n" * 200, 3)])
def test_what_paths_take_is_counted_as_it_is_told(
    name: str | bytes, files: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(walker, "_MOST_TEXT", 6000)
    for number in range(60):
        (tmp_path / f"{number:02}{os.fsdecode(name)}").touch()
    walk = walker.Walk()
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        walk.tree(folder, None, "", "/", 0)
    finally:
        os.close(folder)
    assert not walk.complete
    assert files <= len(walk.entries) <= files + 5
    assert len(json.dumps([row[0] for row in walk.entries])) <= 6000 + 12 * 203


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_where_no_process_can_be_had_the_outcome_says_why(
    number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.chdir(tmp_path)  # to start goes elsewhere
    monkeypatch.setattr(os, "posix_spawn", refuse)
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with near, far, pytest.raises(starting.Refused) as refused:
        starting.Command({"argv": ["true"], "cwd": "/"}, near, None).start([0, 1, 2])
    assert refused.value.outcome == {"returncode": 126, "no_process": os.strerror(number)}
