"""What a model costs: list prices by Inspect's model string.

Takes a model string or a file of prices, gives US dollars per million tokens with their source. It
never guesses: a model that the table does not know has no price, and no other model's is taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from peerwatch.errors import UsageError

PROVIDERS: Mapping[str, str] = {
    "anthropic": "anthropic", "azureai": "azure", "bedrock": "aws", "cloudflare": "cloudflare",
    "fireworks": "fireworks", "google": "google", "grok": "x-ai", "groq": "groq",
    "mistral": "mistral", "openai": "openai", "openrouter": "openrouter",
    "perplexity": "perplexity", "together": "together",
}
"""genai-prices' name of every provider of Inspect's that it knows."""
SERVICES: Mapping[str, Mapping[str, str]] = {
    "openai": {"azure": "azure"},
    "anthropic": {"bedrock": "aws", "vertex": "", "azure": ""},
    "google": {"vertex": ""},
    "mistral": {"azure": ""},
}
"""Second part of a model string that names another service behind a provider's client; '': one
whose prices nobody here knows."""
INSIDE = frozenset({"hf", "local", "mockllm", "none", "organism", "transformer_lens"})
"""Providers that answer inside this process."""
SERVERS = frozenset({"llama-cpp-python", "ollama", "sglang", "vllm"})
"""Servers that people run themselves; one at an address elsewhere may be anybody's."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  (compared only)
PROBE = 1_000
"""Tokens that a price is asked for: below every step of prices that rise with the context."""
MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """A list price, in US dollars per million tokens, of calls below any long-context step."""

    input_per_million: float
    output_per_million: float
    source: str
    """Where it stands: a package with its version, or a file."""
    cache_read_per_million: float | None = None
    """Of input that the provider had in its cache; None: not known, the input's price is taken."""
    cache_write_per_million: float | None = None

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """US dollars of so many tokens, none of them cached."""
        return (input_tokens * self.input_per_million
                + output_tokens * self.output_per_million) / MILLION


def price_of(model: str) -> Price | None:
    """The list price of a model string; None where genai-prices has none of it.

    Args:
        model: Inspect's model string, e.g. ``openai/gpt-5.2``.
    """
    provider, reference = _billed_by(model)
    if not provider:
        return None
    from genai_prices import Usage, __version__, calc_price

    def asked(**tokens: int) -> tuple[str, float, float]:
        found = calc_price(Usage(**tokens), reference, provider_id=provider)
        scale = MILLION // PROBE
        return found.model.id, float(found.input_price * scale), float(found.output_price * scale)

    try:
        name, read, written = asked(input_tokens=PROBE, output_tokens=PROBE)
        cached = asked(input_tokens=PROBE, cache_read_tokens=PROBE)[1]
        kept = asked(input_tokens=PROBE, cache_write_tokens=PROBE)[1]
    except (LookupError, ValueError):
        return None
    if read == written == 0 and not reference.endswith(":free"):
        return None  # known, but not by the token
    return Price(read, written, f"genai-prices {__version__}: {provider}/{name}", cached, kept)


def is_free(model: str, base_url: str | None = None) -> bool:
    """Whether nobody is paid: an organism, a model in this process, a server that is one's own."""
    provider = model.partition("/")[0]
    return provider in INSIDE or (provider in SERVERS and (not base_url or is_here(base_url)))


def is_here(base_url: str | None) -> bool:
    """Whether an address is this machine's; what listens there may still forward to others."""
    try:
        return bool(base_url) and urlsplit(base_url).hostname in LOOPBACK
    except ValueError:  # no address: whoever reaches for it says so
        return False


def price_due(
    model: str, base_url: str | None, *, listed: Mapping[str, Price] | None = None,
    unpriced: bool = False,
) -> Price | None:
    """The price that is paid by a route; None: nobody is paid.

    A model with a list price has it at any address: a gateway on this machine sends its calls on.
    One without a list price that a server of this machine answers is taken for that server's own.

    Args:
        model: Inspect's model string.
        base_url: the address, where it is not the provider's own.
        listed: prices that go before genai-prices.
        unpriced: a person says that what has no price, or is answered on this machine, is free.

    Raises:
        UsageError: it is paid for, and the price is not known.
    """
    given = (listed or {}).get(model)
    if given is not None or is_free(model, base_url):
        return given
    here = is_here(base_url)
    price = None if here and unpriced else price_of(model)
    if price is None and not here and not unpriced:
        where = "the table of prices and genai-prices do not know it" if listed else \
            "genai-prices does not know it"
        raise UsageError(
            f"the price of {model} is not known ({where}), so nothing can be stopped at a budget; "
            "give it with --model-cost-config FILE, or say with --unpriced that it is free")
    return price


def read_table(path: Path) -> dict[str, Price]:
    """Prices from a file in the format of Inspect's ``--model-cost-config``.

    A mapping, as YAML or JSON, from model string to ``input`` and ``output`` and, where known,
    ``input_cache_read`` and ``input_cache_write``, all in US dollars per million tokens.

    Raises:
        UsageError: it cannot be read as one.
    """
    import yaml

    form = ("write it as MODEL: {input: USD, output: USD}, in dollars per million tokens")
    try:
        told = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UsageError(f"cannot read prices from {path}: {reason}") from None
    if not isinstance(told, dict) or not told:
        raise UsageError(f"{path} holds no prices; {form}")
    return {str(model): _row(str(model), row, path, form) for model, row in told.items()}


def _row(model: str, row: object, path: Path, form: str) -> Price:
    if not isinstance(row, dict) or not {"input", "output"} <= row.keys():
        raise UsageError(f"{path}: no price of {model!r}; {form}")
    for name in ("input", "output", "input_cache_read", "input_cache_write"):
        value = row.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) \
                or not 0 <= value < math.inf:
            raise UsageError(f"{path}: {name} of {model!r} is {value!r}, no price; {form}")
    return Price(float(row["input"]), float(row["output"]), str(path),
                 row.get("input_cache_read"), row.get("input_cache_write"))


def _billed_by(model: str) -> tuple[str, str]:
    """Who sends the bill, by genai-prices' name ('': not known), and the model's name there."""
    provider, _, name = model.partition("/")
    if provider == "openai-api":  # any service that speaks OpenAI's format, by name
        service, _, name = name.partition("/")
        return (service, name) if name and service in _known() else ("", "")
    service, slash, rest = name.partition("/")
    if slash and service in SERVICES.get(provider, {}):
        return SERVICES[provider][service], rest
    return PROVIDERS.get(provider, ""), name


def _known() -> frozenset[str]:
    from genai_prices.data_snapshot import get_snapshot

    return frozenset(each.id for each in get_snapshot().providers)
