"""Organisms: scripted reference agents with known conduct.

They stand where a model stands: they get messages and tools, give messages and calls, and know
nothing else. No truth, no host and no verdict is within their reach.
"""

from peerwatch.organisms.names import NAMES, OrganismName, check, parse

__all__ = ["NAMES", "OrganismName", "check", "parse"]
