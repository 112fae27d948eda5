"""Routes to a local server: what a test of the real client libraries is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from inspect_ai.model import GenerateConfig, Model, get_model

from peerwatch.models.asking import Patience
from peerwatch.models.drill import drill
from peerwatch.models.misbehaviour import named
from peerwatch.models.prices import Price
from peerwatch.models.route import Finding, Route, RouteVerdict
from peerwatch.models.server import BEHAVES, Responder, organism_responder, serving

FORMATS = {
    "chat": Route("openai/gpt-4.1", "/v1", {"responses_api": False}),
    "compatible": Route("openai-api/organism/drilled", "/v1"),
    "responses": Route("openai/gpt-5.2", "/v1"),
    "anthropic": Route("anthropic/claude-opus-5", ""),
    "google": Route("google/gemini-2.5-flash", ""),
}
"""A route of every format; the base URL is the path behind a server's address."""
QUICK = Patience(answer=20, pause=0.05, most=2)
HASTY = Patience(answer=2, pause=0.05, most=2)
KEYS = {f"{name}_API_KEY": "none" for name in ("OPENAI", "ORGANISM", "ANTHROPIC", "GOOGLE")}


@contextmanager
def route_to(
    form: str, misbehaviour: str | None = None, respond: Responder | None = None,
    **generate: Any,
) -> Iterator[Route]:
    """A route to a server that is there while the block runs."""
    way = named(misbehaviour) if misbehaviour else BEHAVES
    with serving(respond or organism_responder("hiding"), way) as server:
        plain = FORMATS[form]
        yield replace(plain, base_url=f"{server.url}{plain.base_url}", generate=generate)


@contextmanager
def model_of(route: Route, **more: Any) -> Iterator[Model]:
    """Inspect's model of a route, for one event loop."""
    yield get_model(route.model, base_url=route.base_url, memoize=False,
                    config=GenerateConfig(**route.generate), **route.model_args, **more)


def drilled(
    route: Route, patience: Patience = QUICK, price: Price | None = None,
    max_cost: float | None = None,
) -> RouteVerdict:
    """What the drill finds of a route."""
    async def run(model: Model) -> RouteVerdict:
        try:
            return await drill(route, model, patience, price, max_cost)
        finally:
            await model.api.aclose()

    with model_of(route) as model:
        return asyncio.run(run(model))


def codes(verdict: RouteVerdict, *levels: str) -> Mapping[str, Finding]:
    """Findings of these levels by their code."""
    return {each.code: each for each in verdict.findings if each.level in levels}
