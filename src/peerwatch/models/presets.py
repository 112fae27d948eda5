"""Named models: short names for routes with their settings, and the key that each route needs.

Takes a name or any model string of Inspect's, gives the route, the settings that are asked for and
the variable of its key. It calls nobody and never reads a key's value beyond whether there is one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from peerwatch.errors import UsageError


class Preset(BaseModel):
    """One row of ``presets.yaml``; its head says what each field holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    of: Literal["study", "later", "here"]
    reasoning: str | None
    context: int | None
    note: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """Settings of Inspect's ``GenerateConfig``; they are part of a rollout's identity."""
        return {} if self.reasoning is None else {"reasoning_effort": self.reasoning}


class Table(BaseModel):
    """All of ``presets.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checked: date
    """When the facts were compared with their sources."""
    sources: Mapping[str, str]
    keys: Mapping[str, tuple[str, ...]]
    """Variables of a provider's key: one of them is enough."""
    presets: Mapping[str, Preset]


@cache
def table() -> Table:
    """The table that this package carries."""
    import yaml

    text = resources.files("peerwatch.models").joinpath("presets.yaml").read_text()
    return TypeAdapter(Table).validate_python(yaml.safe_load(text))


def preset(name: str) -> Preset | None:
    """The preset of that name; None where there is none."""
    return table().presets.get(name)


def model_string(name: str) -> str:
    """Inspect's model string of a preset's name; any other name is one already."""
    found = preset(name)
    return found.model if found else name


def asked_of(name: str, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The route of a name, and its settings with those that a person asked for above them."""
    found = preset(name)
    asked = {key: value for key, value in settings.items() if value is not None}
    return (found.model, found.settings | asked) if found else (name, asked)


def keys_of(route: str) -> tuple[str, ...]:
    """Variables of which a route needs one; () where it needs none, or nobody here knows."""
    return table().keys.get(route.partition("/")[0], ())


def key_of(route: str) -> str | None:
    """The variable with the route's key that is set; None where none of them is."""
    return next((each for each in keys_of(route) if os.environ.get(each)), None)


def require_key(route: str) -> None:
    """Raises UsageError where the route's key is not set: which variable, and for what."""
    needed = keys_of(route)
    # A second service behind a provider's client (openai/azure/…) has variables of its own.
    if not needed or (route.count("/") > 1 and route.partition("/")[0] != "openrouter") \
            or key_of(route) is not None:
        return
    raise UsageError(f"model {route} needs a key: set {' or '.join(needed)}")
