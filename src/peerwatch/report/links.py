"""Keys and fragments: how a number on the page points at the rollouts behind it.

Takes names (of models, arms, rollouts), gives ids and fragments made of lower-case ASCII letters,
digits and dashes only, so that no foreign text ever stands in an id or a URL. The same name gives
the same key on every page: a fragment can be shared.
"""

from __future__ import annotations

import hashlib
import re

READABLE = 32
"""Letters of a name that its key keeps; the hash after them tells names apart."""


def key(name: str) -> str:
    """A short key of a name: what of it is plain letters, and six hex digits of its hash."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:READABLE].strip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{plain}-{digest}" if plain else digest


def rollout_id(rollout_key: str, sample_uuid: str) -> str:
    """The id of one rollout's section."""
    seen = f"{rollout_key}\n{sample_uuid}".encode("utf-8", "surrogatepass")
    return f"rollout-{hashlib.sha256(seen).hexdigest()[:12]}"


def fragment(*, model: str = "", arm: str = "", label: str = "", fact: str = "") -> str:
    """The fragment, with its ``#``, that shows just the rollouts of a model, arm, label or fact."""
    parts = [
        f"{name}={value}"
        for name, value in (
            ("model", key(model) if model else ""), ("arm", key(arm) if arm else ""),
            ("label", label), ("fact", fact))
        if value
    ]
    return "#" + "&".join(parts)
