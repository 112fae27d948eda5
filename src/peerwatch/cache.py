"""Where things are kept between runs: the user's cache folder, or ``PEERWATCH_CACHE``.

Takes the name of a part, gives its folder. It makes no folder and reads none.
"""

from __future__ import annotations

import os
from pathlib import Path


def folder(part: str) -> Path:
    """The folder of one part (``fleet``, ``routes``, ``models``); it may not exist yet."""
    named = os.environ.get("PEERWATCH_CACHE")
    if named:
        return Path(named).absolute() / part
    from platformdirs import user_cache_path

    return user_cache_path("peerwatch") / part
