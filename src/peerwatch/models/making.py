"""Makes Inspect's model of a route: the one place where that is done.

Takes a model string and its settings, gives Inspect's model, or one line that says why there can be
none. It calls no provider.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from typing import Any

from inspect_ai.model import GenerateConfig, Model, get_model

from peerwatch.errors import PeerwatchError, UsageError, one_line, unknown
from peerwatch.models.presets import require_key

PROVIDERS = (
    "anthropic", "azureai", "bedrock", "cloudflare", "fireworks", "google", "grok", "groq", "hf",
    "llama-cpp-python", "local", "mistral", "mockllm", "none", "ollama", "openai", "openai-api",
    "openrouter", "organism", "perplexity", "sagemaker", "sambanova", "sglang", "together",
    "transformer_lens", "vertex", "vllm",
)
"""Providers that Inspect ships, for the nearest name only: any that is installed is accepted."""


def made(
    route: str, settings: Mapping[str, Any], *, base_url: str | None = None,
    model_args: Mapping[str, Any] | None = None,
) -> Model:
    """Inspect's model of a route, shared with nobody.

    Args:
        route: Inspect's model string; ``presets.asked_of`` gives it for a preset's name.
        settings: of ``GenerateConfig``, for every call of this model.
        base_url: where it is not the provider's own.
        model_args: for the provider.

    Raises:
        UsageError: no such provider, or one that cannot be used as asked (a key is not set, a
            package is missing).
    """
    arguments = dict(model_args or {})
    if "api_key" not in arguments:
        require_key(route)
    try:
        # Inspect names its version and hooks on stdout when it makes its first model.
        with contextlib.redirect_stdout(io.StringIO()):
            return get_model(route, config=GenerateConfig(**settings), base_url=base_url,
                             memoize=False, **arguments)
    except PeerwatchError:
        raise
    except Exception as error:  # noqa: BLE001  (a provider's own: a missing key or package)
        if isinstance(error, ValueError) and "not recognized" in str(error):
            raise unknown("model provider", route.partition("/")[0], PROVIDERS) from None
        raise UsageError(f"model {route}: {one_line(error)}") from None
