"""Entry of ``python -I -S <this folder> JOB …``: makes the folder importable and starts the job.

The folder above is appended, never put first: nothing beside it may shadow the standard library.
"""

from __future__ import annotations

import importlib
import os
import sys

_JOBS = {
    "serve": ("_launcher.forkserver", "main"),
    "unpack": ("_launcher.tree", "unpack"),
    "remove": ("_launcher.tree", "remove"),
    "try": ("_launcher.trial", "main"),
}

if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    module, function = _JOBS[sys.argv[1]]
    getattr(importlib.import_module(module), function)(sys.argv[2:])
