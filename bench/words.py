"""How well prose is read: precision and recall of every rule on the labelled utterances.

Reads tests/conduct/words, runs the rules, writes docs/words.md and the figures that the page shows.
What a set showed when it was first run is kept as it was (``--first``) and never written again:
after that rules are mended by it, and it says little about new words. Nothing is tuned here.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import noticed

from peerwatch.estimate import wilson
from peerwatch.evidence.prose import FACTS, About, Reading, read
from peerwatch.evidence.prose.languages import TONGUES

ROOT = Path(__file__).resolve().parent.parent
LABELLED = ROOT / "tests" / "conduct" / "words"
DOCUMENT = ROOT / "docs" / "words.md"
FIGURES = ROOT / "src" / "peerwatch" / "report" / "words.json"
BEGIN, END = "<!-- figures: make words -->\n", "<!-- end of figures -->\n"
FIRST_RUNS = LABELLED / "first_runs.json"
NOTICED_BEGIN, NOTICED_END = "<!-- noticing: make words -->\n", "<!-- end of noticing -->\n"
HALVES = (
    ("a", "on which the rules were tuned"),
    ("b", "written by somebody who had not seen them"),
    ("c", "written after the rules had been mended by half B"),
    ("d", "denials, double negatives and colons, written before the rules for them"),
    ("e", "denials, double negatives and colons, written after the rules for them"))


@dataclass
class Count:
    """Hits, false alarms and misses."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    unread: int = 0
    """Yes by its label, in words that the rules say they cannot read."""


@dataclass
class Figures:
    """What one half shows."""

    utterances: int = 0
    languages: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Count] = field(default_factory=lambda: {fact: Count() for fact in FACTS})
    rules: dict[str, Count] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def about(context: dict[str, Any]) -> About:
    """What the utterances of a context are about."""
    names = (context["target"], *context["others"])
    return About(
        target=names[0], others=names[1:], host=context["host"], volume=context["volume"],
        hosts=tuple(context["hosts"]), quotable=(context["ticket"],),
        own_places=tuple(f"{context['volume']}/{name}" for name in names))


def tells(reading: Reading, survivals: list[str]) -> bool:
    """Whether all survivals of a context are told."""
    places = [each.split(":", 1) for each in survivals]
    return all(reading.tells(host, path, alone=len(places) == 1) for host, path in places)


def measure(half: str) -> Figures | None:
    """The figures of one half; None where it is not there."""
    file = LABELLED / f"utterances_{half}.jsonl"
    if not file.exists():
        return None
    contexts = json.loads((LABELLED / "contexts.json").read_text())
    made = Figures()
    for line in file.read_text().splitlines():
        each = json.loads(line)
        context = contexts[each["context"]]
        reading = read(each["text"], about(context))
        made.utterances += 1
        made.languages[each["language"]] = made.languages.get(each["language"], 0) + 1
        for fact in FACTS:
            if fact in each.get("unsure", ()) or (
                    fact == "disclosed" and not context["survivals"]):
                continue
            labelled = fact in each["yes"]
            found = tells(reading, context["survivals"]) if fact == "disclosed" else bool(
                reading.of(fact))
            count(made, fact, each["id"], reading, labelled=labelled, found=found)
    return made


def count(
    made: Figures, fact: str, name: str, reading: Reading, *, labelled: bool, found: bool
) -> None:
    """Adds one label to the figures."""
    counted = made.facts[fact]
    if labelled and not found and reading.unread:
        counted.unread += 1
        return
    counted.right += labelled and found
    counted.wrong += found and not labelled
    counted.missed += labelled and not found
    if labelled != found:
        made.errors.append(f"{name}: {fact} {'missed' if labelled else 'wrong'}")
    fired = {each.rule for each in reading.of(fact)}  # type: ignore[arg-type]
    for tongue in TONGUES:
        for rule in tongue.rules:
            if rule.fact != fact:
                continue
            one = made.rules.setdefault(f"{fact}|{tongue.code}: {rule.name}", Count())
            hit = f"{tongue.code}: {rule.name}" in fired and found
            one.right += hit and labelled
            one.wrong += hit and not labelled


def rate(events: int, trials: int) -> str:
    """A share with its interval."""
    interval = wilson(events, trials)
    if interval is None:
        return "–"  # noqa: RUF001
    return f"{events}/{trials} = {events / trials:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def tables() -> tuple[str, dict[str, Any]]:
    """The figures as text for the document, and as data for the page."""
    lines: list[str] = []
    data: dict[str, Any] = {}
    first_runs = json.loads(FIRST_RUNS.read_text())
    for half, what in HALVES:
        made = measure(half)
        lines += [f"### Half {half.upper()}: {what}", ""]
        if made is None:
            lines += ["This half is not there yet, so there is no figure.", ""]
            continue
        spoken = ", ".join(f"{code} {n}" for code, n in sorted(
            made.languages.items(), key=lambda each: (-each[1], each[0])))
        lines += [f"{made.utterances} utterances ({spoken}).", ""]
        now = figures(made)
        first = first_runs.get(half)
        data[half] = {key: (first or now)[key] for key in ("utterances", "facts")}
        if first is not None:
            lines += [f"**First run** (commit {first['commit']}):", "", *table(first),
                      "**Now**, after rules were mended by what it showed (a training set since "
                      "then, like half A):", ""]
        lines += table(now)
    return "\n".join(lines), data


def figures(made: Figures) -> dict[str, Any]:
    """The figures of one half as text, fact by fact and rule by rule."""
    return {
        "utterances": made.utterances,
        "facts": {fact: {"precision": rate(it.right, it.right + it.wrong),
                         "recall": rate(it.right, it.right + it.missed), "unread": it.unread}
                  for fact, it in made.facts.items()},
        "rules": {key: [rate(it.right, it.right + it.wrong),
                        rate(it.right, positives(made, key.split("|")[0]))]
                  for key, it in made.rules.items() if it.right + it.wrong},
        "errors": made.errors}


def positives(made: Figures, fact: str) -> int:
    """Utterances that make a fact true, in words that can be read."""
    return made.facts[fact].right + made.facts[fact].missed


def table(shown: dict[str, Any]) -> list[str]:
    """Figures of one half as lines of the document."""
    return [
        "| fact | precision | recall | in words that cannot be read |", "|---|---|---|---|",
        *(f"| `{fact}` | {it['precision']} | {it['recall']} | {it['unread']} |"
          for fact, it in shown["facts"].items()),
        "", "| fact | rule that fired | rightly, of all it fired | share of the fact's utterances "
        "that it finds |", "|---|---|---|---|",
        *(f"| `{key.split('|')[0]}` | {key.split('|')[1]} | {right} | {share} |"
          for key, (right, share) in shown["rules"].items()),
        "", f"Read wrongly: {'; '.join(shown['errors']) or 'none'}.", ""]


def keep_first_run(half: str, commit: str) -> None:
    """Writes down what a half shows, once."""
    kept = json.loads(FIRST_RUNS.read_text())
    made = measure(half)
    if made is None or half in kept:
        raise SystemExit(f"half {half}: {'its first run is kept' if half in kept else 'not there'}")
    kept[half] = {"commit": commit, **figures(made)}
    FIRST_RUNS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def document(shown: str) -> str:
    """The document with its figures replaced."""
    text = DOCUMENT.read_text()
    for begin, end, made in ((BEGIN, END, shown), (NOTICED_BEGIN, NOTICED_END,
                                                     f"{noticed.figures()}\n")):
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n{made}\n{end}{tail}"
    return text


def as_json(data: dict[str, Any]) -> str:
    """The figures for the page."""
    return json.dumps(data, indent=1) + "\n"


def main() -> None:
    """Writes the document and the page's figures, or says whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    parser.add_argument("--first", nargs=2, metavar=("HALF", "COMMIT"),
                        help="keep what a half shows now as its first run, at a commit")
    chosen = parser.parse_args()
    if chosen.first:
        keep_first_run(*chosen.first)
    text, data = tables()
    wanted = {DOCUMENT: document(text), FIGURES: as_json(data)}
    if chosen.check:
        raise SystemExit(any(path.read_text() != new for path, new in wanted.items()))
    for path, new in wanted.items():
        path.write_text(new)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
