"""What `peerwatch fleet check` says about Docker, which nothing but `--sandbox docker` needs.

Takes nothing; gives one row. It asks the engine for its version and changes nothing.
"""

from __future__ import annotations

from peerwatch.errors import EnvironmentProblem

from ..check import CheckResult
from . import engine


def row() -> CheckResult:
    """The engine and compose, where they are; never a reason why a fleet cannot start."""
    try:
        found = engine.versions()
    except EnvironmentProblem as problem:
        told, _, remedy = str(problem).partition("; ")
        return CheckResult("docker", None, f"{told} (only for --sandbox docker)", remedy)
    told = f"engine {found.engine}, compose {found.compose} (only for --sandbox docker)"
    return CheckResult("docker", True, told, "")
