"""Keys for client libraries that want one; the servers here ask for none."""

from __future__ import annotations

import pytest

from peerwatch.models.route import Finding

from .routes import KEYS


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for each provider, and no route from the environment."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_BASE_URL",
                 "INSPECT_EVAL_MODEL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk of few turns, where the walk is not what is tested."""
    monkeypatch.setattr("peerwatch.models.checks.TURNS", 3)


@pytest.fixture
def brief(short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the settings, where they are not either."""
    async def nothing(*_: object) -> list[Finding]:
        return []

    monkeypatch.setattr("peerwatch.models.checks.settings", nothing)
