"""The Debian base that every host stands on: built once, cached, moved by file.

Takes the archive that `recipe` makes, or a file from another machine; gives an unpacked tree per id
mapping. A tree appears under its final name by one rename after it is complete, so a half-built
base is never used, and one process builds while others wait. Nothing here runs during a rollout.

    <cache>/fleet/<recipe>.lock
    <cache>/fleet/<recipe>/base.tar.gz      as built; what --export copies and --import brings
    <cache>/fleet/<recipe>/packages.json    names and versions
    <cache>/fleet/<recipe>/tree-<mapping>/root
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from peerwatch.errors import EnvironmentProblem, last_words

from . import _door, cache, check, ids
from .recipe import Progress, make
from .recipe import recipe_hash as recipe_hash  # others ask the base for its identity

MISSING = "the hosts' base is not there yet; run `peerwatch fleet build` once (about a minute)"
DISK_NEEDED = 1_500_000_000  # 240 MB tree, its archive, and mmdebstrap's own copy of both
_STILL_WRITING_S = 10.0  # what a killed builder had started notices its end at its next output
_ARCHIVE, _PACKAGES = "base.tar.gz", "packages.json"


def place() -> Path:
    """The cache folder of this recipe."""
    return cache.folder() / recipe_hash()[:16]


def tree(mapping: ids.IdMapping) -> Path | None:
    """The unpacked base for a mapping, None if it is not there."""
    root = place() / f"tree-{mapping.label}" / "root"
    return root if root.is_dir() else None


def base_ready() -> bool:
    """Whether hosts can start here without building first."""
    return tree(ids.mapping()) is not None


def built_identity() -> str | None:
    """sha256 of the names and versions of the packages in the base; None before it is built."""
    try:
        text = (place() / _PACKAGES).read_text()
    except OSError:
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def build(progress: Progress) -> None:
    """Build the base, or take what another process built meanwhile.

    Raises:
        EnvironmentProblem: a program, the network, disk space or a permission is missing.
    """
    with cache.writing(), _alone(progress):
        if not _archived():
            _require_space()
            with _workshop() as work:
                plain = work / "base.tar"
                make(plain, work / "mmdebstrap.log", progress)
                _install(_pack(plain, progress))
        _unpack_archive(progress)
    progress("ready", 1.0)


def import_file(file: Path, progress: Progress) -> str:
    """Take a base that another machine exported.

    On Linux it is unpacked for the fleet; elsewhere, and where that is refused, the archive alone
    is there afterwards, of which docker makes an image.

    Returns:
        Why hosts cannot start here, where it could not be unpacked for that; else empty.

    Raises:
        EnvironmentProblem: the file is no exported base of this recipe, or damaged, and what was
            there before is untouched; or the disk is full.
    """
    try:
        source = file.open("rb")
    except OSError as error:
        raise EnvironmentProblem(f"cannot read {file}: {error.strerror}") from error
    with source, cache.writing(), _alone(progress):
        _require_space()
        with _workshop() as work:
            packed = work / _ARCHIVE
            progress("reading the archive", 0.2)
            with packed.open("wb") as target:
                source.seek(_after_stamp(file, source.read(4096)))
                shutil.copyfileobj(source, target, 1 << 20)
            damage = _damage(packed)
            if damage:
                raise EnvironmentProblem(
                    f"{file} is damaged ({damage}): copy it again, or export it anew"
                )
            _install(packed)
        if sys.platform == "linux":
            try:
                _unpack_archive(progress)
            except EnvironmentProblem:
                try:
                    check.require(base=False)
                except EnvironmentProblem as refusal:
                    return str(refusal)
                raise  # hosts could start here: a full disk, say
    progress("ready", 1.0)
    return ""


def _after_stamp(file: Path, head: bytes) -> int:
    """Where the archive begins in an exported file."""
    reader = zlib.decompressobj(wbits=31)
    try:
        stamp = reader.decompress(head)
    except zlib.error:
        stamp = b""
    if stamp != _stamp() or not reader.eof:
        raise EnvironmentProblem(
            f"{file} is no base of this version's recipe ({recipe_hash()[:12]}); "
            "export it with the same version of peerwatch"
        )
    return len(head) - len(reader.unused_data)


def export_file(file: Path) -> None:
    """Write the built base to a file for machines that cannot build it.

    Raises:
        EnvironmentProblem: nothing was built, or the file cannot be written.
    """
    if not _archived():
        raise EnvironmentProblem(f"nothing to export: {MISSING}")
    part = file.with_name(file.name + ".part")
    try:
        # Two gzip members make one stream: the recipe's hash, then the archive as it is.
        with part.open("wb") as target, (place() / _ARCHIVE).open("rb") as source:
            target.write(gzip.compress(_stamp(), mtime=0))
            shutil.copyfileobj(source, target, 1 << 20)
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise EnvironmentProblem(f"cannot write {file}: {error.strerror}") from error


def _stamp() -> bytes:
    return f"peerwatch base {recipe_hash()}\n".encode().ljust(512, b"\0")


@dataclass(frozen=True)
class Cached:
    """One thing in the cache."""

    what: str
    path: Path
    size_bytes: int


def cached() -> tuple[Cached, ...]:
    """What the cache holds, the current base first."""
    found = []
    root = cache.folder()
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if path.is_dir():
            what = "base" if path == place() else "contents" if path.name == "blobs" else "old base"
            found.append(Cached(what, path, _size(path)))
    return tuple(sorted(found, key=lambda one: (one.what, one.path)))


def clean() -> int:
    """Free the whole cache; bytes freed. Waits for a build that is going on.

    Raises:
        EnvironmentProblem: another process has hosts running.
    """
    freed = 0
    with cache.writing(), _alone(lambda _what, _part: None), cache.alone():
        for one in cached():
            freed += one.size_bytes
            _remove(one.path)
    return freed


def archive() -> Path | None:
    """The base as an archive, of which docker makes an image; None if it is not there."""
    return place() / _ARCHIVE if _archived() else None


def _archived() -> bool:
    return (place() / _ARCHIVE).is_file() and (place() / _PACKAGES).is_file()


@contextmanager
def _alone(progress: Progress) -> Iterator[None]:
    """Hold the recipe's lock, and sweep up what a builder that died left behind."""
    root = cache.folder()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(root / f"{recipe_hash()[:16]}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is building; waiting for it", 0.0)
            fcntl.flock(lock, fcntl.LOCK_EX)
        place().mkdir(exist_ok=True)
        for left in place().glob(".building-*"):
            _remove(left)
        yield
    finally:
        os.close(lock)


@contextmanager
def _workshop() -> Iterator[Path]:
    """A folder of our own beside the final place, removed at the end."""
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=place()))
    try:
        yield work
    finally:
        _remove(work)


def _require_space() -> None:
    free = shutil.disk_usage(place()).free
    if free < DISK_NEEDED:
        raise EnvironmentProblem(
            f"{place()} has {free >> 20} MB free and the base needs {DISK_NEEDED >> 20} MB; "
            "free some, or set PEERWATCH_CACHE to a folder on another disk"
        )


def _pack(plain: Path, progress: Progress) -> Path:
    """Compress the archive, at the level that costs 3 s instead of 12."""
    progress("packing the archive", 0.84)
    packed = plain.with_name(_ARCHIVE)
    with plain.open("rb") as source, gzip.GzipFile(packed, "wb", 1, mtime=0) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return packed


def _install(packed: Path) -> None:
    """Put the archive and its list of packages into the final place.

    What was unpacked of other packages goes first, so that the list always tells of the tree.

    Raises:
        EnvironmentProblem: the archive is no base, or hosts are running on what has to go.
    """
    listing = packed.with_name(_PACKAGES)
    listing.write_text(json.dumps(_versions(packed), indent=0))
    trees = list(place().glob("tree-*"))
    if trees and built_identity() != hashlib.sha256(listing.read_bytes()).hexdigest():
        with cache.alone():
            for one in trees:
                _remove(one)
    (place() / _PACKAGES).unlink(missing_ok=True)  # an archive never stands beside another's list
    packed.replace(place() / _ARCHIVE)
    listing.replace(place() / _PACKAGES)  # last: `_archived` asks for both


def _versions(packed: Path) -> dict[str, str]:
    """Package versions, from dpkg's own table inside the archive.

    Raises:
        EnvironmentProblem: the archive is no Debian base.
    """
    try:
        with tarfile.open(packed, "r:gz") as archive:
            for member in archive:
                if member.name.lstrip("./") == "var/lib/dpkg/status":
                    table = archive.extractfile(member)
                    text = table.read().decode(errors="replace") if table else ""
                    pairs = re.findall(r"^Package: (.+)\n(?:.+\n)*?Version: (.+)$", text, re.M)
                    return dict(sorted(pairs))
    except tarfile.TarError as error:
        raise EnvironmentProblem(f"the archive is no base: {error}") from error
    raise EnvironmentProblem("the archive is no base: it holds no Debian system")


def _damage(packed: Path) -> str:
    """What is wrong with an archive, read to its end, where its checksum stands; empty if whole."""
    try:
        with gzip.open(packed, "rb") as source:
            while source.read(1 << 20):
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        return str(error)
    return ""


def _unpack_archive(progress: Progress) -> None:
    """Unpack for this user's mapping, under a temporary name, then rename.

    Raises:
        EnvironmentProblem: it was refused; or the archive is damaged, and then it is gone.
    """
    mapping = ids.mapping()
    final = place() / f"tree-{mapping.label}"
    if final.is_dir():
        return
    progress("unpacking", 0.9)
    with _workshop() as work:
        target = work / "tree"
        target.mkdir()
        target.chmod(0o777)  # the user inside who unpacks is nobody outside
        archive = place() / _ARCHIVE
        try:
            with gzip.open(archive, "rb") as source:
                _launch("unpack", mapping, target, source, progress)
        except (EnvironmentProblem, gzip.BadGzipFile, EOFError, zlib.error):
            damage = _damage(archive)  # the launcher sees but a part of it, and says what it lacks
            if not damage:
                raise
            archive.unlink()
            raise EnvironmentProblem(
                f"{archive} was damaged ({damage}) and is removed: give the same command again to "
                "build it, or bring one: `peerwatch fleet build --import FILE`"
            ) from None
        target.chmod(0o755)
        target.rename(final)


def _launch(
    job: str,
    mapping: ids.IdMapping,
    folder: Path,
    source: gzip.GzipFile | None = None,
    progress: Progress | None = None,
) -> None:
    """Run a job of the launcher on a folder, feeding it `source`."""
    argv = _door.command(job, json.dumps(mapping.asdict()), str(folder))
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words, env={}, cwd="/"
        ) as running,
    ):
        assert running.stdin is not None  # noqa: S101
        try:
            done = 0
            while source is not None and (chunk := source.read(1 << 20)):
                running.stdin.write(chunk)
                done += len(chunk)
                if progress is not None:  # 250 MB unpacked
                    progress("unpacking", min(0.99, 0.9 + 0.1 * done / 250_000_000))
            running.stdin.close()
        except BrokenPipeError:
            pass  # it says why below
        if running.wait() != 0:
            words.seek(0)
            reason = last_words(words.read().decode(errors="replace"))
            raise EnvironmentProblem(
                f"cannot {job} the base: {reason} (`peerwatch fleet check` may say why)"
            )


def _remove(path: Path) -> None:
    """Remove a folder in which some files may belong to the users of a mapping."""
    if path.is_dir() and os.geteuid() != 0 and ids.mapping().kind == "range":
        itself = path.name.startswith("tree-")
        for root in [path] if itself else [*path.glob("tree-*"), *path.glob("**/tree")]:
            root.chmod(0o777)
            _launch("remove", ids.mapping(), root)
    end = time.monotonic() + _STILL_WRITING_S
    while True:
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        if time.monotonic() > end:
            raise EnvironmentProblem(f"cannot remove {path}; remove it by hand")
        time.sleep(0.1)


def _size(path: Path) -> int:
    """Bytes that a folder takes; hard links count once."""
    total, seen = 0, set()
    for folder, _, names in os.walk(path, onerror=lambda _error: None):
        for name in names:
            state = os.lstat(Path(folder) / name)
            if state.st_ino not in seen:
                seen.add(state.st_ino)
                total += state.st_blocks * 512
    return total
