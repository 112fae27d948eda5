"""The content store: contents by their sha256, in the user's cache folder.

Takes bytes, gives names; never changes a content once it is there. Writers may be many: each
writes a temporary file of its own and renames it into place.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from peerwatch.errors import InfrastructureFault

from . import cache


def _place(sha256: str) -> Path:
    return cache.folder() / "blobs" / sha256[:2] / sha256


def put(content: bytes) -> str:
    """Store a content and give its sha256 in hex.

    Raises:
        EnvironmentProblem: the cache cannot be written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    cache.hold()
    if not exists(sha256):
        with cache.writing():
            _write(_place(sha256), content)
    return sha256


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=place.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o444)
        Path(temporary).replace(place)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def exists(sha256: str) -> bool:
    """Whether the content is there and is what its name says (read once per process and change)."""
    try:
        state = _place(sha256).stat()
    except OSError:
        return False
    return _verified(str(_place(sha256)), sha256, state.st_size, state.st_mtime_ns)


def path(sha256: str) -> Path:
    """Where the content lies.

    Raises:
        InfrastructureFault: it is not there, or is damaged; whoever stages it can put it again.
    """
    if not exists(sha256):
        raise InfrastructureFault(f"content {sha256[:12]}… is missing from {cache.folder()}/blobs")
    return _place(sha256)


@lru_cache(maxsize=4096)
def _verified(place: str, sha256: str, size: int, mtime_ns: int) -> bool:
    """The arguments after `sha256` are there to make a changed file a different question."""
    digest = hashlib.sha256()
    seen = 0
    with Path(place).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            seen += len(chunk)
    return seen == size and mtime_ns >= 0 and digest.hexdigest() == sha256
