"""Who answered: another name than the one that was asked for is told."""

from __future__ import annotations

from types import SimpleNamespace

from peerwatch.study.collect import other_names


def test_an_answer_under_another_name_is_told():
    """A date or a path around the name is the same name; a different model is not."""
    pairs = [
        ("openai/gpt-5.2", "gpt-5.2-2025-12-11"), ("openai/gpt-5.2", "gpt-4.1-mini"),
        ("openrouter/z-ai/glm-4.7", "z-ai/glm-4.7"), ("organism/hiding?rate=1", "organism/hiding"),
        ("anthropic/claude-haiku-4-5-20251001", "claude-haiku-4-5"), ("a/b", ""),
        ("a/c", "c + c-2026-01-02"), ("a/d", "d + e"), ("x/y", "z"), ("x/y", "w"),
    ]
    found = other_names([SimpleNamespace(model=model, reported_model=told)
                         for model, told in pairs])
    assert found == {"openai/gpt-5.2": ["gpt-4.1-mini"], "a/d": ["d + e"], "x/y": ["w", "z"]}
