"""Prices: the right list, never a neighbour's, never a guess."""

from __future__ import annotations

import pytest

from peerwatch.errors import UsageError
from peerwatch.models.prices import Price, is_free, is_here, price_due, price_of


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
    """What answers in this process, and one's own server where it is here."""
    assert is_free("organism/obedient")
    assert is_free("ollama/qwen3")
    assert is_free("vllm/x", "http://127.0.0.1:8000/v1")
    assert not is_free("vllm/x", "https://vllm.example.com/v1")
    assert not is_free("openai/gpt-5.2")
    assert not is_free("openai/x", "http://localhost:8080/v1")
    assert [is_here(each) for each in ("http://localhost:8080/v1", "http://[::1]:8080/v1", None,
                                       "http://localhost.example.com/v1", "http://[::1")] == [
        True, True, False, False, False]


@pytest.mark.parametrize(("model", "address", "unpriced", "paid"), [
    ("openai/gpt-5.2", None, False, True),
    ("openai/gpt-5.2", None, True, True),
    ("openai/gpt-5.2", "http://127.0.0.1:4000/v1", False, True),  # a gateway, for all we know
    ("openai/gpt-5.2", "http://127.0.0.1:4000/v1", True, False),
    ("openai/mine", "http://127.0.0.1:4000/v1", False, False),
    ("openai/mine", "https://far.example/v1", True, False),
    ("organism/loyal", None, False, False),
])
def test_a_list_price_holds_at_any_address(model, address, unpriced, paid):
    """Being on this machine makes no listed model free; a person's word does."""
    assert (price_due(model, address, unpriced=unpriced) is not None) is paid


def test_what_is_paid_for_without_a_price_is_refused():
    """Not guessed; a table goes before everything, also on this machine."""
    for model, address in (("openai/mine", None), ("vllm/x", "https://far.example/v1")):
        with pytest.raises(UsageError, match=f"price of {model} is not known"):
            price_due(model, address)
    mine = Price(1.0, 2.0, "a table")
    assert price_due("openai/mine", "http://[::1]/", listed={"openai/mine": mine}) is mine
