"""Asks the container engine through its own command line, which knows contexts and remote engines.

Takes arguments; gives what the engine said. It decides nothing about hosts.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peerwatch.errors import EnvironmentProblem, InfrastructureFault

ENGINE, COMPOSE = (24, 0, 6), (2, 21, 0)
"""The least that Inspect's provider takes."""
_PATIENCE_S = 120
_HELP = (
    "install Docker with its plugin compose (https://docs.docker.com/get-started/get-docker/), "
    "start it, and be root or in its group"
)


@dataclass(frozen=True)
class Versions:
    """What answers here."""

    engine: str
    compose: str


def ask(*arguments: str) -> str:
    """What a docker command prints; blocks.

    Raises:
        InfrastructureFault: it failed.
    """
    try:
        done = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, errors="replace",
            timeout=_PATIENCE_S, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfrastructureFault(f"docker {arguments[0]}: {error}") from error
    if done.returncode != 0:
        raise InfrastructureFault(f"docker {arguments[0]}: {last_words(done.stderr)}")
    return done.stdout


def inspect(*names: str) -> list[dict[str, Any]]:
    """What the engine knows of containers or images."""
    found: list[dict[str, Any]] = json.loads(ask("inspect", *names))
    return found


def versions() -> Versions:
    """The engine and compose that answer here.

    Raises:
        EnvironmentProblem: one is missing, does not answer, or is too old; says which.
    """
    told = _told(["docker", "version", "--format", "json"], "the Docker engine does not answer")
    engine = str((json.loads(told).get("Server") or {}).get("Version") or "")
    _require(engine, ENGINE, "Docker Engine")
    told = _told(
        ["docker", "compose", "version", "--short"],
        "Docker Compose is missing (the plugin `docker compose`)",
    )
    _require(told.strip(), COMPOSE, "Docker Compose")
    return Versions(engine, told.strip())


def last_words(text: str) -> str:
    """The last line of what a program said."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _told(command: Sequence[str], problem: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise EnvironmentProblem(f"docker is not installed; {_HELP}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem(f"{problem}: {error}; {_HELP}") from None
    if done.returncode != 0:
        raise EnvironmentProblem(f"{problem}: {last_words(done.stderr)}; {_HELP}")
    return done.stdout


def _require(version: str, least: tuple[int, ...], what: str) -> None:
    numbers = tuple(int(each) for each in re.findall(r"\d+", version)[:3])
    if numbers < least:
        wanted = ".".join(str(each) for each in least)
        raise EnvironmentProblem(
            f"{what} {version or 'of no known version'} is too old: {wanted} or later is needed"
        )
