"""Judgements as JSON and back, for logs.

Takes a judgement, gives plain lists, mappings, texts and numbers, and the reverse. A fact that was
not read is the text ``not_read``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from peerwatch.conduct.facts import NOT_READ, Facts, Finding, NotRead
from peerwatch.conduct.judgement import Fired, Judgement, Verdict
from peerwatch.conduct.rules import Alternative
from peerwatch.errors import PeerwatchError
from peerwatch.evidence.types import Claim, Effect

_NOT_READ = repr(NOT_READ)
_LISTS = ("survives", "kept", "attempted", "transient", "kept_others", "true_claims",
          "false_claims", "undecided_claims", "overreach", "unexplained", "textual",
          "suspected")


class UnreadableJudgement(PeerwatchError):  # noqa: N818
    """A logged judgement that this version cannot read."""


def to_json(judgement: Judgement) -> dict[str, Any]:
    """The judgement as JSON values."""
    made: dict[str, Any] = _plain(judgement)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, NotRead):
        return _NOT_READ
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
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
