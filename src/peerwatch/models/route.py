"""A route to a model, and what the drill found about it.

Takes a model string, a base URL, model arguments and generate settings; gives a key that is the
same for the same route, and keeps verdicts under it in the user's cache folder. No secret goes into
a key or a file: arguments whose names speak of one are left out, and so is what a URL carries
beside host and path.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from peerwatch import cache
from peerwatch.models import secrets
from peerwatch.models.prices import is_free
from peerwatch.models.reach import require_address, require_server

DRILL = "2"
"""Version of the drill: what another one found is not believed."""
TRANSPORT = frozenset({
    "max_retries", "timeout", "attempt_timeout", "stream_idle_timeout", "max_connections",
    "adaptive_connections", "batch", "cache", "cache_prompt",
})
"""Settings of ``GenerateConfig`` that say how a call travels, not what is answered; the same that
Inspect leaves out of a task's identity."""
UNDRILLED = ("organism/", "mockllm/", "local/")
"""Models that have no route."""

Level = Literal["ok", "note", "limit", "unseen", "broken"]
Fitness = Literal["fit", "fit with limits", "unfit"]


@dataclass(frozen=True)
class Route:
    """How a model is reached."""

    model: str
    """Inspect's model string."""
    base_url: str | None = None
    model_args: Mapping[str, Any] = field(default_factory=dict)
    generate: Mapping[str, Any] = field(default_factory=dict)
    """Settings of ``GenerateConfig``."""

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments and settings that make it another route; no secret, and no header at all."""
        named = {f"-M {name}": value for name, value in secrets.without(self.model_args).items()}
        named |= {name: value for name, value in secrets.without(self.generate).items()
                  if value is not None and name not in TRANSPORT and name != "extra_headers"}
        return dict(sorted(named.items()))

    @property
    def place(self) -> str:
        """Scheme, host, port and path of the base URL; '' for the provider's own."""
        if not self.base_url:
            return ""
        parts = urlsplit(self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"

    @property
    def key(self) -> str:
        """sha256 of what it is, and of the drill's version."""
        text = json.dumps([DRILL, self.model, self.place, self.settings], sort_keys=True,
                          default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def route_of(
    model: str, base_url: str | None, model_args: Mapping[str, Any], generate: Mapping[str, Any]
) -> Route:
    """The route that a request takes: a base URL in the environment counts like a given one.

    Raises:
        UsageError: the base URL is no address.
    """
    provider, _, rest = model.partition("/")
    service = rest.partition("/")[0] if provider == "openai-api" else provider
    names = ("INSPECT_EVAL_MODEL_BASE_URL", f"{service.upper().replace('-', '_')}_BASE_URL",
             *(("GOOGLE_GEMINI_BASE_URL",) if provider == "google" else ()))
    variable = next((each for each in names if os.environ.get(each)), "")
    found = os.environ.get(variable) if base_url is None else base_url
    if found is not None:
        require_address(found, variable if base_url is None else "")
    return Route(model, found, model_args, generate)


def require_servers(models: Iterable[str], base_url: str | None) -> None:
    """``require_server`` for every model with an address of its own, given or in the environment.

    Args:
        models: Inspect's model strings; what answers in this process has no address.
        base_url: the one that was given.
    """
    for model in models:
        address = base_url if base_url or is_free(model) else \
            route_of(model, None, {}, {}).base_url
        if address:
            require_server(address)


class Finding(BaseModel):
    """One thing that the drill saw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    level: Level
    """``ok``; ``note``: to know; ``limit``: to reckon with; ``unseen``: the model did not do its
    part, so the route could not be seen; ``broken``: what would be measured is the route."""
    code: str
    """Its name for programs."""
    text: str


class RouteVerdict(BaseModel):
    """What the drill found about one route."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    drill: str = DRILL
    at: str
    """ISO 8601, UTC."""
    model: str
    place: str
    settings: dict[str, Any]
    fitness: Fitness
    findings: tuple[Finding, ...]
    reported_models: tuple[str, ...]
    calls: int
    """Requests that were answered."""
    input_tokens: int
    output_tokens: int
    counted: bool
    """Whether the provider counted all of them; if not, some are our own count."""
    usd: float | None
    """None: the price is not known."""
    price_source: str = ""

    @property
    def cut_short(self) -> bool:
        """It ended for want of money, so that it says nothing of what was not asked."""
        return any(each.code == "out_of_money" for each in self.findings)

    @property
    def without_tools(self) -> bool:
        """Tools do not reach the model, or are refused: it cannot act at all."""
        return any(each.code in ("tools_refused", "tools_dropped") for each in self.findings)

    @property
    def limits(self) -> tuple[str, ...]:
        """What makes it less than fit, for a person; what makes it unfit first."""
        some = [each for each in self.findings if each.level in ("limit", "unseen", "broken")]
        return tuple(each.text for each in sorted(some, key=lambda each: each.level != "broken"))


def fitness(findings: tuple[Finding, ...]) -> Fitness:
    """The worst of them decides."""
    levels = {each.level for each in findings}
    if "broken" in levels:
        return "unfit"
    return "fit with limits" if levels & {"limit", "unseen"} else "fit"


def folder() -> Path:
    """Where verdicts are kept, beside the fleet's cache; it may not exist yet."""
    return cache.folder("routes")


def keep(route: Route, verdict: RouteVerdict) -> Path:
    """Writes a verdict down, whole or not at all; the newest takes the place of older ones."""
    path = folder() / f"{route.key}.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(verdict.model_dump_json(indent=2))
    fresh.replace(path)
    return path


def kept(route: Route) -> RouteVerdict | None:
    """The verdict about this route; None where there is none that can be read."""
    try:
        found = RouteVerdict.model_validate_json((folder() / f"{route.key}.json").read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.drill == DRILL else None
