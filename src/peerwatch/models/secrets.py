"""Keeps keys, passwords and tokens out of what is written: settings, addresses, notes.

Takes names and values as they were given, gives them without what looks like a secret by its name.
It never looks at a value to judge it, and changes nothing that is handed to a provider.

A secret says who pays and who may, not what is answered: it is no part of an identity, so a new
key goes on with the old key's rollouts, and no hash of it stands anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "(hidden)"
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_WORDS = frozenset({
    "apikey", "secret", "secrets", "password", "passwd", "passphrase", "credential", "credentials",
    "authorization", "cookie", "bearer"})
_ENDS = (("api", "key"), ("access", "key"), ("access", "key", "id"), ("secret", "key"),
         ("private", "key"), ("subscription", "key"), ("access", "token"), ("auth", "token"),
         ("api", "token"), ("bearer", "token"), ("id", "token"), ("session", "token"),
         ("refresh", "token"), ("security", "token"), ("ad", "token"), ("hf", "token"))
"""No other ``…_token``: ``pad_token`` and ``stop_token`` change what is answered."""


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret.

    What begins with ``aws_`` counts: Inspect leaves all of it out of its logs.
    """
    parts = tuple(each.lower() for each in _WORD.findall(name))
    return (parts[:1] == ("aws",) or not _WORDS.isdisjoint(parts) or parts in {("token",), ("key",)}
            or any(parts[-len(end):] == end for end in _ENDS))


def without(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without their secrets, also those within a value (headers, a body)."""
    return {name: _bare(value) for name, value in settings.items() if not is_secret(name)}


def hidden(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which a word stands where a secret was."""
    return {name: HIDDEN if is_secret(name) else hidden(value) if isinstance(value, Mapping)
            else value for name, value in settings.items()}


def _bare(value: Any) -> Any:
    return without(value) if isinstance(value, Mapping) else value


def address(url: str) -> str:
    """An address without user, password and keys in its query; as it is where it has none."""
    try:
        parts = urlsplit(url)
        asked = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return url
    kept = [(name, value) for name, value in asked if not is_secret(name)]
    if "@" not in parts.netloc and len(kept) == len(asked):
        return url
    return urlunsplit(parts._replace(
        netloc=parts.netloc.rpartition("@")[2],
        query=parts.query if len(kept) == len(asked) else urlencode(kept)))


def logged(model_args: Mapping[str, Any], base_url: str | None) -> tuple[str, ...]:
    """A line for each secret that Inspect will write into its log as it is.

    Inspect leaves out ``api_key`` and what begins with ``aws_`` (0.3.285), and nothing else.
    """
    given = {f"-M {name}": name for name in model_args if is_secret(name)}
    lines = [f"warning: {shown} stands in Inspect's log as it is, and whoever reads the log reads "
             "it; give it by the provider's environment variable"
             for shown, name in given.items()
             if name != "api_key" and not name.startswith("aws_")]
    if base_url and address(base_url) != base_url:
        lines.append("warning: the key or password in --model-base-url stands in Inspect's log as "
                     "it is; give it by the provider's environment variable")
    return tuple(lines)
