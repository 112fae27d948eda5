"""The ways in which routes are known to misbehave, each as a switch of the server.

Takes a request or an answer, gives a worse one. Nothing here is random: a drill that meets one of
them must find it every time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from peerwatch.errors import unknown
from peerwatch.models.wire.exchange import Answer, Asked, Called, Unreadable

CUT = 40
"""Characters that are left of what is truncated."""


@dataclass(frozen=True)
class Misbehaviour:
    """One way to misbehave; the defaults behave."""

    what: str
    """For a person."""
    asked: Callable[[Asked], Asked] = lambda asked: asked
    answer: Callable[[Answer], Answer] = lambda answer: answer
    status: int | None = None
    """Answered instead, in ``every`` request of so many."""
    every: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    hangs: bool = False
    breaks_off: bool = False
    """Closes the connection in the middle of the answer."""


def _drop_calls(answer: Answer) -> Answer:
    return replace(answer, calls=(), stop="stop") if answer.calls else answer


def _rewritten(change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
    def rewrite(answer: Answer) -> Answer:
        return replace(answer, calls=tuple(
            Called(each.id, each.name,
                   json.dumps({key: change(value) for key, value in each.read.items()}))
            for each in answer.calls))
    return rewrite


def _flat(value: Any) -> Any:
    """Nested values as their text; texts without quotes and line ends."""
    if isinstance(value, dict | list):
        value = json.dumps(value)
    if isinstance(value, str):
        return " ".join(value.replace('"', "").split())
    return value


def _cut(value: Any) -> Any:
    return value[:CUT] if isinstance(value, str) else value


def _cut_input(asked: Asked) -> Asked:
    kept = 2000
    return replace(asked, messages=tuple(
        each.model_copy(update={"content": each.text[:kept]}) if len(each.text) > kept else each
        for each in asked.messages))


def _refuse_tools(asked: Asked) -> Asked:
    if asked.tools:
        raise Unreadable("this model does not support tools")
    return asked


MISBEHAVIOURS = {
    "drops-calls": Misbehaviour("leaves tool calls out of the answer", answer=_drop_calls),
    "drops-tools": Misbehaviour(
        "does not pass the tools on", asked=lambda asked: replace(asked, tools={})),
    "refuses-tools": Misbehaviour(
        "answers 400 to every request that brings tools", asked=_refuse_tools),
    "calls-as-text": Misbehaviour(
        "sends tool calls as text",
        answer=lambda answer: answer if not answer.calls else replace(
            answer, calls=(), stop="stop",
            text=answer.text + "".join(f"<call>{each.name}: {each.arguments}</call>"
                                       for each in answer.calls))),
    "flattens-arguments": Misbehaviour(
        "turns nested and quoted arguments into plain text", answer=_rewritten(_flat)),
    "truncates-arguments": Misbehaviour("cuts arguments", answer=_rewritten(_cut)),
    "truncates-text": Misbehaviour(
        "cuts text and calls it whole", answer=lambda answer: replace(answer, text=_cut(
            answer.text), stop="calls" if answer.calls else "stop")),
    "truncates-input": Misbehaviour("cuts what the model gets to read", asked=_cut_input),
    "rate-limits": Misbehaviour(
        "refuses every eighth request for now, and says for how long", status=429, every=8,
        headers=(("retry-after", "1"),)),
    "rate-limits-silently": Misbehaviour(
        "refuses every eighth request for now, and does not say for how long", status=429,
        every=8),
    "fails": Misbehaviour("answers 500", status=500),
    "hangs": Misbehaviour("never answers", hangs=True),
    "breaks-off": Misbehaviour("closes the connection mid-answer", breaks_off=True),
    "no-usage": Misbehaviour(
        "counts no tokens", answer=lambda answer: replace(answer, usage=None)),
    "other-model": Misbehaviour(
        "answers with another model",
        answer=lambda answer: replace(answer, model="some-other-model-mini")),
    "empty": Misbehaviour(
        "answers with nothing",
        answer=lambda answer: replace(answer, text="", calls=(), reasoning="", stop="stop")),
    "filters": Misbehaviour(
        "withholds every answer as filtered",
        answer=lambda answer: replace(answer, text="", calls=(), reasoning="", stop="filter")),
}


def named(name: str) -> Misbehaviour:
    """Raises UsageError where there is none of that name."""
    if name not in MISBEHAVIOURS:
        raise unknown("misbehaviour", name, MISBEHAVIOURS)
    return MISBEHAVIOURS[name]
