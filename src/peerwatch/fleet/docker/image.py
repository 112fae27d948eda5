"""The fleet's base as an image of the engine: the same recipe, the same bytes.

Takes the base's archive from the cache; gives the name of an image, which is made where it is
missing or of other packages than the cache's base. It never pulls anything.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable

from peerwatch.errors import EnvironmentProblem, InfrastructureFault, last_words

from .. import base
from . import engine

LABEL = "peerwatch.base"
"""Names the packages that the image holds, like `base.built_identity`."""
_IMPORT_S = 600  # it takes 5 to 7 s


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
    held = _held()
    if held is None or base.built_identity() not in (None, held):
        _make(tell)
    return found


def _held() -> str | None:
    """The packages that the image holds; None where there is no image."""
    try:
        (found,) = engine.inspect(name())
    except InfrastructureFault:
        return None
    return str((found["Config"]["Labels"] or {}).get(LABEL))


def _make(tell: Callable[[str], None]) -> None:
    archive = base.archive()
    if archive is None:
        raise EnvironmentProblem(
            "the hosts' base is not there yet; run `peerwatch fleet build`, or where it cannot be "
            "built bring one: `peerwatch fleet build --import FILE`"
        )
    tell(f"making the image {name()} of the hosts' base, once")
    label = f"LABEL {LABEL}={base.built_identity() or ''}"
    try:
        done = subprocess.run(
            ["docker", "import", "--change", label, str(archive), name()],
            capture_output=True, text=True, errors="replace", check=False,
            stdin=subprocess.DEVNULL, timeout=_IMPORT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(
            f"the engine did not take the hosts' base in {_IMPORT_S} s: restart it and try again"
        ) from None
    if done.returncode != 0:
        raise EnvironmentProblem(
            f"the engine did not take the hosts' base: {last_words(done.stderr)} (`docker system "
            "df` shows its room; `peerwatch fleet build --import FILE` brings the base anew)"
        )
    with contextlib.suppress(InfrastructureFault):  # what had the name before, unless in use
        engine.ask("image", "prune", "--force", f"--filter=label={LABEL}")
