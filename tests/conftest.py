"""What all tests share: when a test that needs something skips, and Hypothesis's profile.

A machine without the built base or without Chromium skips those tests and names the reason; so
does every run that was given no container engine. Where ``PEERWATCH_REQUIRE`` lists the marker
(CI does), nothing skips: the test runs, and fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import settings

# Two cores that also run hosts: a deadline per example would measure the neighbours.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")


def _no_base() -> str | None:
    from peerwatch.fleet.base import base_ready

    return None if base_ready() else "the hosts' base is not built: peerwatch fleet build"


def _no_browser() -> str | None:
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"not on this machine: {', '.join(missing)}" if missing else None


def _no_engine() -> str | None:
    """An engine is only used where it was given for the purpose: others' containers are on it."""
    return None if os.environ.get("PEERWATCH_DOCKER") == "1" else "no engine: make test-docker"


def _no_weights() -> str | None:
    from peerwatch.models.weights import ready

    return None if ready("smollm2") else "not here: peerwatch models fetch smollm2"


NEEDS: dict[str, Callable[[], str | None]] = {
    "fleet": _no_base, "browser": _no_browser, "docker": _no_engine,
    "local": _no_weights}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what this machine cannot run, unless it must."""
    required = os.environ.get("PEERWATCH_REQUIRE", "").split(",")
    for marker, lacks in NEEDS.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        reason = lacks() if marked and marker not in required else None
        for item in marked if reason else []:
            item.add_marker(pytest.mark.skip(reason=f"{marker}: {reason}"))
