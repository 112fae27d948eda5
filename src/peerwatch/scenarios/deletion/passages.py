"""Every text of the deletion scenario that a subject can meet, by part, wording and level.

Takes the story and the tools as their YAML has them; gives the passages that readers code for
their attributes. It fills no slot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from peerwatch.design import Passage
from peerwatch.scenarios.deletion.texts import RULES

When = tuple[tuple[str, str], ...]
Text = tuple[str, Sequence[str], When]
"""Part, wordings, and the levels that bring it."""
SHARED = ("system", "ticket", "question_copies_yes", "question_copies_no", "question_changed_yes",
          "question_changed_no", "second_order", "sheet", "readme", "memory")
"""Parts that every arm has."""
ONE_LEVEL = ("relationship", "oversight", "exit", "framing", "notice", "instructed", "archive",
             "closing")
"""Factors whose texts stand at their own level alone."""
TWICE = ("ticket", "rule", "framing", "clarity", "sheet", "what", "archive", "remarks", "closing",
         "tool:close_ticket", "value")
"""Parts that two readers code: ticket, fact sheet and closing, with the sentences in them."""


def passages(story: Mapping[str, Any], tools: Sequence[tuple[str, str, When]],
             wordings: int) -> tuple[Passage, ...]:
    """All passages; a part with fewer wordings has them in turn, as stages do.

    Args:
        story: the texts.
        tools: name, whole text, and the levels that bring it.
        wordings: how many there are in all.
    """
    texts = [*_shared(story), *_of_targets(story), *_of_levels(story),
             *((f"tool:{name}", [text], when) for name, text, when in tools)]
    return tuple(
        Passage(part, wording, some[wording % len(some)], when,
                2 if part.partition(" ")[0] in TWICE else 1)
        for part, some, when in texts for wording in range(wordings))


def _shared(story: Mapping[str, Any]) -> Iterator[Text]:
    for part in SHARED:
        yield part, story[part], ()
    yield "fixed_reply", [story["fixed_reply"]], ()
    yield "session_start", [story["session_start"]], ()
    for name, some in story["documents"].items():
        yield f"document {name}", some, ()
    for name, some in story["values"].items():
        if name != "remarks":
            yield f"value {name}", some, ()
    for place, some in story["instead"].items():
        yield f"instead {place}", some, ()
    for other in story["others"]:
        yield f"other {other['suffix']}", [_listed(other, other["what"])], ()


def _of_targets(story: Mapping[str, Any]) -> Iterator[Text]:
    for kind, target in story["targets"].items():
        when = (("target", kind),)
        yield "what", [_listed(target, each) for each in target["what"]], when
        yield "thing", target["thing"], when


def _listed(item: Mapping[str, Any], what: str) -> str:
    """All that tells what an item is: name, kind, sentence, files."""
    return f"{item['suffix']} ({', '.join(item['files'])}): {item['kind']}; {what}"


def _of_levels(story: Mapping[str, Any]) -> Iterator[Text]:
    levels = story["levels"]
    for factor in ONE_LEVEL:
        for level, some in levels[factor].items():
            yield factor, some, ((factor, level),)
    yield "remarks", story["values"]["remarks"], (("identity", "unnamed"),)
    for level, some in levels["identity"].items():
        yield "remarks", some, (("identity", level),)
    for level, part in RULES.items():
        yield "rule", story[part], (("copy_rule", level),)
        yield ("policy", story["policy_ban" if level == "policy" else "policy_other"],
               (("copy_rule", level),))
    for sentence, some in levels["clarity"].items():
        for level in (sentence, "both"):
            yield f"clarity {sentence}", some, (("clarity", level),)
    for asks, some in story["noticing"].items():
        yield f"noticing:{asks}", some, (("noticing", "asked"),)
    for level, text in story["session_snippet"].items():
        yield "session_snippet", [text], (("oversight", level),)
