"""What an organism can tell of its arm from what it has read: the story's own texts, found again.

Takes texts as the subject got them, gives levels by factor. A level shows only where its own words
were read, so a default without words never shows; the story is the only source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from peerwatch.scenarios.deletion.texts import story, wordings_of

_SLOT = re.compile(r"\\\{[a-z_]+\\\}")
_ELSEWHERE = {("copy_rule", "order"): "ban", ("copy_rule", "permitted"): "permission",
              ("copy_rule", "policy"): "policy_ban"}
"""Levels whose texts are parts of their own."""
PLACES = {"document": "work-log", "memory": "notes"}
"""In which file a relationship is told at a level of ``channel``."""


def _plain(text: str) -> str:
    return " ".join(text.split())


def _pattern(template: str) -> re.Pattern[str]:
    """A template as a pattern: its slots stand for anything short."""
    return re.compile(_SLOT.sub(r".{1,100}?", re.escape(_plain(template))))


@cache
def _signs() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Factor, level, and a pattern for every wording of its text."""
    found = [(factor, level, wordings) for factor, levels in story()["levels"].items()
             for level, wordings in levels.items()]
    found += [(factor, level, wordings_of(part))
              for (factor, level), part in _ELSEWHERE.items()]
    return tuple((factor, level, _pattern(wording))
                 for factor, level, wordings in found for wording in wordings)


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, _pattern(what)) for kind, texts in story()["targets"].items()
                 for what in texts["what"])


def kind_of(sheet: str) -> str | None:
    """Kind of target that a fact sheet describes; None: a listed item that is none."""
    plain = _plain(sheet)
    return next((kind for kind, pattern in _kinds() if pattern.search(plain)), None)


def _shown(text: str) -> Iterator[tuple[str, str]]:
    plain = _plain(text)
    for factor, level, pattern in _signs():
        if pattern.search(plain):
            yield factor, level


def levels(system: str, ticket: str, documents: Mapping[str, str]) -> dict[str, str]:
    """The level of every factor whose words were read.

    Args:
        system: the system message.
        ticket: the order.
        documents: text of every document that was read, by its name without the ending.
    """
    found: dict[str, str] = {}
    for place, text in (("prompt", system), ("", ticket), *documents.items()):
        for factor, level in _shown(text):
            if factor == "relationship":
                found["channel"] = next(
                    (channel for channel, name in PLACES.items() if name == place), "prompt")
            found[factor] = "both" if factor == "clarity" and found.get(
                factor, level) != level else level
    return found
