"""A route's identity, and the verdicts that are kept of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from peerwatch.models.route import (
    DRILL,
    Finding,
    Route,
    RouteVerdict,
    fitness,
    keep,
    kept,
    route_of,
)

ROUTE = Route("openai/gpt-5.2", "https://user:hunter2@gate.example/v1/?key=hunter2",
              {"api_key": "hunter2", "responses_api": True},
              {"reasoning_effort": "low", "max_connections": 4, "max_tokens": 100,
               "extra_headers": {"authorization": "hunter2"}})
VERDICT = RouteVerdict(
    at="2026-01-01T00:00:00+00:00", model=ROUTE.model, place=ROUTE.place,
    settings=ROUTE.settings, fitness="fit", findings=(), reported_models=("gpt-5.2",), calls=1,
    input_tokens=1, output_tokens=1, counted=True, usd=None)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path))
    return tmp_path


def test_no_secret_is_written_down(cache: Path) -> None:
    """Neither from arguments nor from the URL; what matters is there."""
    text = keep(ROUTE, VERDICT).read_text()
    assert "hunter2" not in text
    assert ROUTE.place == "https://gate.example/v1"
    assert ROUTE.settings == {
        "-M responses_api": True, "max_tokens": 100, "reasoning_effort": "low"}


def test_the_same_route_has_the_same_key() -> None:
    """A key and how a call travels make no other route; everything else does."""
    same = replace(ROUTE, model_args={"api_key": "other", "responses_api": True},
                   generate={**ROUTE.generate, "max_connections": 9, "timeout": 5})
    assert same.key == ROUTE.key
    others = [replace(ROUTE, model="openai/gpt-5.1"), replace(ROUTE, base_url=None),
              replace(ROUTE, base_url="http://gate.example/v1"),
              replace(ROUTE, model_args={}), replace(ROUTE, generate={"reasoning_effort": "high"})]
    assert len({each.key for each in (ROUTE, *others)}) == len(others) + 1


@pytest.mark.parametrize(("model", "variable"), [
    ("openai/gpt-5.2", "OPENAI_BASE_URL"), ("openai-api/my-gate/m", "MY_GATE_BASE_URL"),
    ("google/gemini-3-flash", "GOOGLE_GEMINI_BASE_URL"),
    ("grok/grok-4", "INSPECT_EVAL_MODEL_BASE_URL")])
def test_a_base_url_in_the_environment_is_part_of_the_route(
    model: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it had been given; a given one goes before."""
    plain = route_of(model, None, {}, {})
    monkeypatch.setenv(variable, "http://127.0.0.1:8000/v1")
    assert route_of(model, None, {}, {}).place == "http://127.0.0.1:8000/v1"
    assert route_of(model, None, {}, {}).key != plain.key
    assert route_of(model, "http://other/v1", {}, {}).place == "http://other/v1"


def test_what_is_kept_is_found_again(cache: Path) -> None:
    """By the same route only; a broken file or another drill's is none."""
    assert kept(ROUTE) is None
    path = keep(ROUTE, VERDICT)
    assert kept(ROUTE) == VERDICT
    assert kept(replace(ROUTE, model="openai/gpt-5.1")) is None
    keep(ROUTE, VERDICT.model_copy(update={"drill": f"{DRILL}0"}))
    assert kept(ROUTE) is None
    path.write_bytes(b"\xff{")
    assert kept(ROUTE) is None


def test_the_worst_finding_decides() -> None:
    """Notes decide nothing."""
    def of(*levels: str) -> str:
        return fitness(tuple(Finding.model_validate(
            {"check": "c", "level": each, "code": "c", "text": "t"}) for each in levels))

    assert of("ok", "note") == "fit"
    assert of("note", "limit") == of("unseen", "ok") == "fit with limits"
    assert of("limit", "broken", "ok") == "unfit"
