"""The light scenario of ``tests/study`` behind the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "study"))

import light


@pytest.fixture
def light_scenario(monkeypatch, tmp_path):
    """``peerwatch run light`` works, without machines."""
    import peerwatch.rollout
    import peerwatch.scenarios

    monkeypatch.setattr(peerwatch.rollout, "build_task", light.build_task)
    monkeypatch.setattr(peerwatch.rollout, "recording_of", light.recording_of)
    monkeypatch.setattr(peerwatch.scenarios, "load", lambda name: light.SCENARIO)
    monkeypatch.chdir(tmp_path)
    return tmp_path
