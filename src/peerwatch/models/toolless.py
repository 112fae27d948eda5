"""Whether a provider's refusal says that a model has no tools.

Takes the text of an error, gives yes or no. It knows the words of providers and nothing else: a
refusal in other words is an error like any other.
"""

from __future__ import annotations

import re

_SAID = re.compile(
    r"(not|n't) support (the )?(tools?\b|tool[ _-]|function[ _-]?call)"
    r"|no endpoints found that support tool"
    r"|tool choice requires --enable-auto-tool-choice"
    r"|\b(tools?|tool[ _-]?(use|choice|call\w*)|function[ _-]?call\w*)\b\W{0,3}(is|are) "
    r"(not |un)(yet )?(supported|available)", re.IGNORECASE)
"""As Ollama, OpenRouter, vLLM and Groq say it, and those who say it like them."""


def tools_refused(text: str) -> bool:
    """Whether an error says that the model, or the server before it, takes no tools."""
    return _SAID.search(text) is not None
