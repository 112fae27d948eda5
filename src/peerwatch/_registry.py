"""What Inspect finds through the ``inspect_ai`` entry point.

Every Inspect process on the machine loads this module, so it imports nothing of ours until
Inspect asks for the thing by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_ai.model import ModelAPI, modelapi
from inspect_ai.util import SandboxEnvironment, sandboxenv

if TYPE_CHECKING:
    from inspect_ai import Task


@sandboxenv(name="fleet")
def fleet() -> type[SandboxEnvironment]:
    """Several real Linux hosts for one sample."""
    from peerwatch.fleet.provider import FleetSandbox

    return FleetSandbox


@modelapi(name="organism")
def organism() -> type[ModelAPI]:
    """Scripted reference agents with known conduct."""
    from peerwatch.organisms.provider import OrganismAPI

    return OrganismAPI
