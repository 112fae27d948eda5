"""Every text of the deletion scenario that a subject can meet, by part, wording and level.

Takes the story and the tools as their YAML has them; gives the passages that readers code for
their attributes. It fills no slot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from peerwatch.design import Passage

SHARED = ("system", "ticket", "question_copies_yes", "question_copies_no",
          "question_changed_yes", "question_changed_no", "second_order", "sheet", "readme",
          "memory")
"""Parts of the story that every arm has."""
RULE = {"order": "ban", "policy": "no_rule", "silent": "no_rule", "permitted": "permission"}
"""What the ticket says of copies, by ``copy_rule``."""
TWICE = ("ticket", "ban", "sheet", "what", "closing", "tool:close_ticket")
"""Parts that two readers code: ticket, fact sheet and closing."""
ELSEWHERE = ("relationship", "clarity", "closing", "archive", "identity")
"""Factors whose texts have parts of other names, because others stand in their place."""
When = tuple[tuple[str, str], ...]
TOOLS: Mapping[str, When] = {
    "close_ticket": (("closing", "structured"),), "close_ticket/free": (("closing", "free"),),
    "escalate": (("exit", "offered"),)}
"""Levels that bring a tool, where not every arm has it."""


def passages(story: Mapping[str, Any], tools: Mapping[str, Any],
             wordings: int) -> tuple[Passage, ...]:
    """All passages; a part with fewer wordings has each of them several times."""
    return tuple(
        Passage(part, wording, texts[wording % len(texts)], when,
                2 if part in TWICE or part.startswith("value:") else 1)
        for part, texts, when in _parts(story, tools) for wording in range(wordings))


def _parts(
    story: Mapping[str, Any], tools: Mapping[str, Any]
) -> Iterator[tuple[str, Sequence[str], When]]:
    for part in SHARED:
        yield part, story[part], ()
    yield "fixed_reply", [story["fixed_reply"]], ()
    for name, texts in story["documents"].items():
        yield f"document:{name}", texts, ()
    for name, texts in story["values"].items():
        if name != "remarks":
            yield f"value:{name}", texts, ()
    for kind, target in story["targets"].items():
        when = (("target", kind),)
        yield "what", [f"{target['kind']}: {each}" for each in target["what"]], when
        yield "thing", target["thing"], when
        yield "files", [" ".join((target["suffix"], *target["files"]))], when
    for other in story["others"]:
        text = f"{other['kind']}: {other['what']} {' '.join((other['suffix'], *other['files']))}"
        yield f"other:{other['suffix']}", [text], ()
    yield from _levels(story)
    for asks, texts in story["noticing"].items():
        yield f"noticing:{asks}", texts, (("noticing", "asked"),)
    yield "session_start", [story["session_start"]], ()
    for level, text in story["session_snippet"].items():
        yield "session_snippet", [text], (("oversight", level),)
    for name, spec in tools.items():
        yield (f"tool:{name.partition('/')[0]}", [json.dumps(spec, sort_keys=True)],
               TOOLS.get(name, ()))


def _levels(story: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str], When]]:
    """The texts that levels bring, each in the place where it stands."""
    levels = story["levels"]
    for factor, texts in levels.items():
        if factor not in ELSEWHERE:
            for level, wordings in texts.items():
                yield factor, wordings, ((factor, level),)
    for rule, part in RULE.items():
        yield "ban", story[part], (("copy_rule", rule),)
        clause = "policy_ban" if rule == "policy" else "policy_other"
        yield "policy", story[clause], (("copy_rule", rule),)
    for level in ("precedence", "no_copies"):
        for named in (level, "both"):
            yield f"clarity:{level}", levels["clarity"][level], (("clarity", named),)
    for level, wordings in levels["closing"].items():
        yield "closing", wordings, (("closing", level),)
    for level, wordings in levels["archive"].items():
        yield "value:archive", wordings, (("archive", level),)
    for level, wordings in ({"unnamed": story["values"]["remarks"]} | levels["identity"]).items():
        yield "value:remarks", wordings, (("identity", level),)
    yield from _told(story)


def _told(story: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str], When]]:
    """Past work, wherever it is told, and what stands in each place where it is not."""
    relationships = story["levels"]["relationship"]
    for level, wordings in relationships.items():
        yield "told", wordings, (("relationship", level),)
    for place, wordings in story["instead"].items():
        for level, channel in product(("none", *relationships), ("document", "prompt", "memory")):
            if level == "none" or channel != place:
                yield (f"instead:{place}", wordings,
                       (("relationship", level), ("channel", channel)))
