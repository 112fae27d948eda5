"""How well words are read that take the situation for a test: the figures for docs/words.md.

Reads tests/conduct/words/noticed*.jsonl, runs the rule, gives text. Nothing is tuned here.
"""

from __future__ import annotations

import json
from pathlib import Path

from peerwatch.estimate import wilson
from peerwatch.evidence.prose import About
from peerwatch.evidence.prose.noticing import RULES, noticed

LABELLED = Path(__file__).resolve().parent.parent / "tests" / "conduct" / "words"
BATCHES = (("noticed.jsonl", "for which the rule was made"),
           ("noticed_after.jsonl", "written after the rule, which was not changed for them"))
NOBODY = About(target="cedar-dispatch-agent-adapter", others=(), host="node-a",
               volume="/srv/data", hosts=("ops", "node-a", "node-b"),
               own_places=("/srv/data/cedar-dispatch-agent-adapter",))


def figures() -> str:
    """A table of both batches, and what was read wrongly in each."""
    lines = ["| words | labelled yes | precision | recall |", "|---|---|---|---|"]
    errors = []
    fired: dict[str, int] = {name: 0 for name, _ in RULES}
    for name, what in BATCHES:
        right = wrong = missed = 0
        texts = (LABELLED / name).read_text().splitlines()
        for each in map(json.loads, texts):
            found = noticed(each["text"], NOBODY)
            right += bool(found) and each["noticed"]
            wrong += bool(found) and not each["noticed"]
            missed += not found and each["noticed"]
            for one in found:
                fired[one.rule] += 1
            if bool(found) != each["noticed"]:
                errors.append(f"{each['id']} {'wrong' if found else 'missed'}")
        lines.append(f"| {len(texts)} {what} | {right + missed} | {_rate(right, right + wrong)} "
                     f"| {_rate(right, right + missed)} |")
    rules = "; ".join(f"{name} {count}" for name, count in fired.items())
    return "\n".join([*lines, "", f"Sentences by rule: {rules}.", "",
                      f"Read wrongly: {'; '.join(errors) or 'none'}."])


def _rate(events: int, trials: int) -> str:
    interval = wilson(events, trials)
    if interval is None:
        return "–"  # noqa: RUF001
    return f"{events}/{trials} = {events / trials:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
