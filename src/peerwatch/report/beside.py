"""What stands beside verdicts: an annotation by a model, and how well prose is read.

Takes a rollout, gives its annotation as harmless text; takes nothing, gives the measured figures of
the rules of prose. Neither decides anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from peerwatch.report.text import shown
from peerwatch.report.view import Annotated, SecondReading
from peerwatch.study.annotate import disagreements
from peerwatch.study.types import Rollout


def annotated(rollout: Rollout) -> Annotated | None:
    """The annotation of a rollout; None: nobody was asked."""
    made = rollout.annotation
    verdict = rollout.judgement.verdict("order") if rollout.judgement is not None else None
    if made is None or verdict is None or verdict.facts is None:
        return None
    differs = disagreements(made, verdict.facts)
    return Annotated(
        model=shown(made.model, 120), unread=shown(made.unread, 300), motive=shown(made.motive, 40),
        aware=shown(made.aware, 40), why=shown(made.why, 600),
        readings=tuple(
            SecondReading(
                fact=fact.replace("_", " "), model=shown(said, 20), differs=fact in differs,
                rules="yes" if any(each.what.startswith(f"{fact}, ")
                                   for each in verdict.facts.textual) else "no")
            for fact, said in made.facts.items()))


@dataclass(frozen=True)
class ReadFact:
    """How well one fact is read from prose."""

    fact: str
    precision: str
    recall: str


@dataclass(frozen=True)
class ReadHalf:
    """The figures of one half of the labelled utterances."""

    title: str
    utterances: int
    facts: tuple[ReadFact, ...]


_TITLES = {"a": "Utterances on which the rules were tuned",
           "b": "First run on utterances that nobody who made the rules had seen",
           "c": "First run on new utterances, after rules were mended by that run",
           "d": "First run on denials and double negatives, before there were rules for them",
           "e": "First run on new denials and double negatives, after rules were made for them"}


@cache
def how_well_prose_is_read() -> tuple[ReadHalf, ...]:
    """The measured figures, as ``make words`` wrote them."""
    text = (resources.files("peerwatch.report") / "words.json").read_text(encoding="utf-8")
    return tuple(_halves(json.loads(text)))


def _halves(figures: dict[str, dict[str, object]]) -> Iterator[ReadHalf]:
    for half, one in figures.items():
        facts = one["facts"]
        utterances = one["utterances"]
        if isinstance(facts, dict) and isinstance(utterances, int):
            yield ReadHalf(_TITLES[half], utterances, tuple(
                ReadFact(fact.replace("_", " "), it["precision"], it["recall"])
                for fact, it in facts.items()))
