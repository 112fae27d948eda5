"""Prices: the right list, never a neighbour's, never a guess."""

from __future__ import annotations

import pytest

from peerwatch.models.prices import is_free, price_of


def test_a_listed_model_has_the_price_of_its_list():
    """genai-prices is asked for the provider that sends the bill; its own figures come back."""
    from genai_prices import Usage, calc_price

    for model, provider, name in [
        ("openai/gpt-5.2", "openai", "gpt-5.2"),
        ("openrouter/z-ai/glm-4.7", "openrouter", "z-ai/glm-4.7"),
        ("openai-api/deepseek/deepseek-chat", "deepseek", "deepseek-chat"),
        ("grok/grok-4.3", "x-ai", "grok-4.3"),
    ]:
        price = price_of(model)
        usage = Usage(input_tokens=10_000, output_tokens=5_000)
        listed = calc_price(usage, name, provider_id=provider)
        assert price.of(10_000, 5_000) == pytest.approx(float(listed.total_price))
        assert price.cache_read_per_million < price.input_per_million
        assert f": {provider}/" in price.source


@pytest.mark.parametrize("model", [
    "openai/gpt-none", "openai/", "nobody/gpt-5.2", "anthropic/vertex/claude-haiku-4-5",
    "openai-api/nobody/deepseek-chat", "openai-api/deepseek", "openai/dall-e-3", "x",
    "organism/obedient",
])
def test_what_is_not_listed_has_no_price(model):
    """Not the nearest model's, and not another service's."""
    assert price_of(model) is None


def test_one_s_own_machines_are_free():
    """By provider, or by an address that is this machine."""
    assert is_free("organism/obedient")
    assert is_free("ollama/qwen3")
    assert is_free("openai/x", "http://localhost:8080/v1")
    assert is_free("openai/x", "http://[::1]:8080/v1")
    assert not is_free("openai/gpt-5.2")
    assert not is_free("openai/x", "http://localhost.example.com/v1")
