"""The fleet's contract on a container engine: the same hosts as containers of Inspect's `docker`.

Takes a `FleetConfig`; gives Inspect a compose configuration, and a rollout the hosts that Inspect
then starts. What is weaker than on a fleet stands in docs/docker.md.
"""

from __future__ import annotations

from .hosts import DockerHosts, attached
from .image import require

__all__ = ["DockerHosts", "attached", "require"]
