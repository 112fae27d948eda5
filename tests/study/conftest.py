"""The light scenario in place of the real ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import light


def pytest_configure(config):
    """Two warnings of Inspect's own, whenever the garbage collector gets to them.

    It passes tenacity a parameter by its old name, and leaves an anyio stream open for every
    sample that hooks listen to (0.3.285).
    """
    config.addinivalue_line("filterwarnings", "ignore:The 'initial' parameter:DeprecationWarning")
    config.addinivalue_line("filterwarnings", "ignore:Unclosed <MemoryObject:ResourceWarning")


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Puts the light scenario in place; gives a list of the rollouts that really began."""
    import peerwatch.rollout
    import peerwatch.scenarios

    file = tmp_path / "calls"
    monkeypatch.setattr(peerwatch.rollout, "build_task", light.build_task, raising=False)
    monkeypatch.setattr(peerwatch.rollout, "recording_of", light.recording_of, raising=False)
    monkeypatch.setattr(peerwatch.scenarios, "load", lambda name: light.SCENARIO)
    monkeypatch.setenv("LIGHT_CALLS", str(file))

    def begun() -> list[str]:
        found = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return found

    return begun
