"""The fleet's base as an image of the engine: the same recipe, the same bytes.

Takes the base's archive from the cache; gives the name of an image, which is made once where it
is missing. It never pulls anything.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from peerwatch.errors import EnvironmentProblem

from .. import base
from . import engine

LABEL = "peerwatch.base"
"""Names the packages that the image holds, like `base.built_identity`."""


def name() -> str:
    """The image of this version's recipe."""
    return f"peerwatch-base:{base.recipe_hash()[:12]}"


def require(tell: Callable[[str], None]) -> engine.Versions:
    """Make sure that hosts can start: an engine and compose that are new enough, and the image.

    Args:
        tell: gets one line where the image is made now, which takes some seconds.

    Raises:
        EnvironmentProblem: something is missing; one line that says what to do.
    """
    found = engine.versions()
    if not _there():
        _make(tell)
    return found


def _there() -> bool:
    done = subprocess.run(
        ["docker", "image", "inspect", name()], capture_output=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode == 0


def _make(tell: Callable[[str], None]) -> None:
    archive = base.archive()
    if archive is None:
        raise EnvironmentProblem(
            "the hosts' base is not there yet; run `peerwatch fleet build`, or where it cannot be "
            "built bring one: `peerwatch fleet build --import FILE`"
        )
    tell(f"making the image {name()} of the hosts' base, once")
    label = f"LABEL {LABEL}={base.built_identity() or ''}"
    done = subprocess.run(
        ["docker", "import", "--change", label, str(archive), name()],
        capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode != 0:
        raise EnvironmentProblem(
            f"the engine did not take the hosts' base: {engine.last_words(done.stderr)}"
        )
