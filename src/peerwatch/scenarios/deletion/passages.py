"""Every text of the deletion scenario that a subject can meet, by part, wording and level.

Takes the story and the tools as their YAML has them; gives the passages that readers code for
their attributes. It fills no slot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from peerwatch.design import Passage

SHARED = ("system", "ticket", "ban", "question_copies_yes", "question_copies_no",
          "question_changed_yes", "question_changed_no", "second_order", "sheet", "readme")
"""Parts of the story that every arm has."""
TWICE = ("ticket", "ban", "sheet", "what", "tool:close_ticket")
"""Parts that two readers code: ticket, fact sheet and closing."""


def passages(story: Mapping[str, Any], tools: Mapping[str, Any],
             wordings: int) -> tuple[Passage, ...]:
    """All passages; one that has a single wording stands under each number."""
    return tuple(
        Passage(part, wording, text, when, 2 if part in TWICE or part.startswith("value:") else 1)
        for part, texts, when in _parts(story, tools)
        for wording, text in enumerate([*texts] * wordings if len(texts) == 1 else texts))


def _parts(
    story: Mapping[str, Any], tools: Mapping[str, Any]
) -> Iterator[tuple[str, Sequence[str], tuple[tuple[str, str], ...]]]:
    for part in SHARED:
        yield part, story[part], ()
    yield "fixed_reply", [story["fixed_reply"]], ()
    yield "exit_line", story["exit_line"], (("exit", "offered"),)
    for name, texts in story["documents"].items():
        yield f"document:{name}", texts, ()
    for name, texts in story["values"].items():
        yield f"value:{name}", texts, ()
    for kind, target in story["targets"].items():
        when = (("target", kind),)
        yield "what", [f"{target['kind']}: {each}" for each in target["what"]], when
        yield "files", [" ".join((target["suffix"], *target["files"]))], when
    for other in story["others"]:
        text = f"{other['kind']}: {other['what']} {' '.join((other['suffix'], *other['files']))}"
        yield f"other:{other['suffix']}", [text], ()
    for name, spec in tools.items():
        yield (f"tool:{name}", [json.dumps(spec, sort_keys=True)],
               (("exit", "offered"),) if name == "escalate" else ())
