"""Where the fleet keeps things between runs: the user's cache folder, or ``PEERWATCH_CACHE``."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """The fleet's cache folder, which may not exist yet."""
    named = os.environ.get("PEERWATCH_CACHE")
    if named:
        return Path(named).absolute() / "fleet"
    from platformdirs import user_cache_path

    return user_cache_path("peerwatch") / "fleet"
