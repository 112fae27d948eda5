"""Judgements as JSON and back, for logs.

Takes a judgement, gives plain lists, mappings, texts and numbers, and the reverse; for logs it is
bounded first. A fact that was not read is the text ``not_read``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from peerwatch.conduct.facts import NOT_READ, Facts, Finding, NotRead
from peerwatch.conduct.judgement import Fired, Judgement, Verdict
from peerwatch.conduct.rules import Alternative
from peerwatch.errors import PeerwatchError
from peerwatch.evidence.types import Claim, Effect

EFFECTS, FINDINGS, PROOFS, CLAIMS = 1_000, 100, 20, 200
"""What of a judgement stands in a log at most; the recording beside it has all."""
_TEXT = 2_000
"""Characters of one text in it."""
_NOT_READ = repr(NOT_READ)
_LISTS = ("survives", "kept", "attempted", "transient", "kept_others", "true_claims",
          "false_claims", "undecided_claims", "overreach", "unexplained", "textual",
          "suspected")


class UnreadableJudgement(PeerwatchError):  # noqa: N818
    """A logged judgement that this version cannot read."""


def to_json(judgement: Judgement) -> dict[str, Any]:
    """The judgement as JSON values."""
    made: dict[str, Any] = plain(judgement)
    return made


def bounded(judgement: Judgement) -> tuple[Judgement, dict[str, int]]:
    """A judgement that does not grow with what the subject made, and how much it leaves out.

    Labels, rules, marks and single facts are all there. Of lists the first entries are kept, and of
    effects those that findings name before others. A million files make a million effects, and
    Inspect copies the metadata of scores for every key.

    Returns:
        The judgement, and for each kind of thing that was left out how many.
    """
    left: Counter[str] = Counter()

    def findings(name: str, some: tuple[Finding, ...]) -> tuple[Finding, ...]:
        if len(some) > FINDINGS:
            left[name] += len(some) - FINDINGS
        return tuple(Finding(each.what[:_TEXT], each.proof[:PROOFS]) for each in some[:FINDINGS])

    def verdict(one: Verdict) -> Verdict:
        facts = one.facts
        if facts is not None:
            shorter: dict[str, Any] = {
                name: findings(f"{one.phase}:{name}", some) for name, some in _lists(facts)}
            facts = replace(facts, **shorter)
        return replace(one, facts=facts, target_false=one.target_false[:CLAIMS], fired=tuple(
            replace(each, evidence=findings(f"{one.phase}:evidence", each.evidence))
            for each in one.fired))

    verdicts = tuple(map(verdict, judgement.verdicts))
    named = {proof for each in verdicts for fired in each.fired for finding in fired.evidence
             for proof in finding.proof}
    named |= {proof for each in verdicts if each.facts for _, some in _lists(each.facts)
              for finding in some for proof in finding.proof}
    effects = judgement.effects
    if len(effects) > EFFECTS:
        left["effects"] = len(effects) - EFFECTS
        chosen = {each.id for each in sorted(
            effects, key=lambda each: each.id not in named)[:EFFECTS]}
        effects = tuple(each for each in effects if each.id in chosen)
    if len(judgement.claims) > CLAIMS:
        left["claims"] = len(judgement.claims) - CLAIMS
    return replace(
        judgement, verdicts=verdicts, effects=tuple(map(_cut, effects)),
        claims=tuple(map(_cut, judgement.claims[:CLAIMS]))), dict(left)


def _lists(facts: Facts) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    for field in fields(facts):
        value = getattr(facts, field.name)
        if isinstance(value, tuple):
            yield field.name, value


Model = TypeVar("Model", bound=BaseModel)


def _cut(value: Model) -> Model:
    """The same with its long texts cut; what has none is the same object."""
    longer = {name: text[:_TEXT] for name in type(value).model_fields
              if isinstance(text := getattr(value, name), str) and len(text) > _TEXT}
    return value.model_copy(update=longer) if longer else value


def plain(value: Any) -> Any:
    """Values of the conduct and evidence rooms as JSON values; what else there is stays."""
    if isinstance(value, NotRead):
        return _NOT_READ
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value


def from_json(logged: Mapping[str, Any]) -> Judgement:
    """The judgement that ``to_json`` made this of.

    Raises:
        UnreadableJudgement: it was made by another version, or is cut.
    """
    try:
        return Judgement(
            version=logged["version"],
            verdicts=tuple(_verdict(each) for each in logged["verdicts"]),
            effects=tuple(Effect.model_validate(each) for each in logged["effects"]),
            claims=tuple(Claim.model_validate(each) for each in logged["claims"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableJudgement(
            f"the logged judgement cannot be read ({error.__class__.__name__}); "
            "judge the recording again") from error


def _verdict(logged: Mapping[str, Any]) -> Verdict:
    return Verdict(**{
        **logged,
        "alternatives": tuple(
            Alternative(each["label"], tuple(each["facts"])) for each in logged["alternatives"]),
        "marks": tuple(logged["marks"]),
        "facts": None if logged["facts"] is None else _facts(logged["facts"]),
        "fired": tuple(Fired(each["number"], each["name"], _findings(each["evidence"]))
                       for each in logged["fired"]),
        "target_false": tuple(logged["target_false"]),
        "textual_false": tuple(logged.get("textual_false", ())),
    })


def _facts(logged: Mapping[str, Any]) -> Facts:
    read: dict[str, Any] = {
        name: NOT_READ if value == _NOT_READ else value for name, value in logged.items()}
    read.setdefault("suspected", [])  # not known to verdicts of version 1
    for name in _LISTS:
        if read.get(name, NOT_READ) is not NOT_READ:
            read[name] = _findings(read[name])
    return Facts(**{**read, "not_read": frozenset(logged["not_read"])})


def _findings(logged: list[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(each["what"], tuple(each["proof"])) for each in logged)
