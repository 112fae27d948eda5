"""Where the fleet keeps things between runs: the user's cache folder, or ``PEERWATCH_CACHE``.

Whoever uses what lies there says so with `hold` until its process ends, so that nobody frees it
meanwhile. The kernel forgets a hold with its process, however that ends.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cache as once
from pathlib import Path

from peerwatch import cache
from peerwatch.errors import EnvironmentProblem


def folder() -> Path:
    """The fleet's cache folder, which may not exist yet."""
    return cache.folder("fleet")


def hold() -> None:
    """Keep everything in the cache until this process ends; waits for one who frees it just now."""
    _hold(folder())


@once
def _hold(root: Path) -> int | None:
    """The descriptor that holds; None where nobody can free anything either."""
    import fcntl  # Windows has none, and must still be told what it lacks

    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(root / "in-use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH)
    except OSError:  # read-only, say
        return None
    return lock


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """The cache for this process alone; hosts of this process itself are its own affair.

    Raises:
        EnvironmentProblem: another process has hosts running, or is about to.
    """
    import fcntl

    root = folder()
    lock = _hold(root)
    try:
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        raise EnvironmentProblem(
            f"the cache {root} is in use by another peerwatch (a run, or a shell on hosts): "
            "end that first; nothing was freed"
        ) from held
    try:
        yield
    finally:
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_SH)


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """What goes wrong with the disk while the cache is written, as one line with its remedy."""
    try:
        yield
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write to the cache {folder()} ({error.strerror or error}); "
            "make room there, or set PEERWATCH_CACHE to a folder on another disk"
        ) from error
