"""A responder that follows the route drill's plain words to the letter, with no model behind it.

Takes a request, gives an answer, or None where the request is not the drill's. It reads the
instructions from the messages as a model would and shares nothing else with the drill, so what the
drill then finds is the route's doing.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import secrets
from typing import Any

from inspect_ai.model import ChatMessageTool, ChatMessageUser

from peerwatch.models.wire.exchange import Answer, Asked, Called, Stop, Usage

CHARACTERS_PER_TOKEN = 4
_SIGN = "You are helping to test a connection."
_CODE = re.compile(r"code is (\w+)")
_TOOL = re.compile(r"`(echo|step)`")
_ARGUMENTS = re.compile(r"^\{.*\}$", re.MULTILINE)
_EFFORTS = {"none": 0, "minimal": 8, "low": 16, "medium": 64, "high": 256}
"""Tokens of reasoning by effort, where the request names one by a word."""
_OF_BUDGET = 64
"""Of a budget of tokens, one in so many is used."""


def drilled(asked: Asked) -> Answer | None:
    """The drill's answer; None where the request comes from elsewhere."""
    if not asked.messages or not asked.messages[0].text.startswith(_SIGN):
        return None
    text, calls = _does(asked)
    if not text and not calls:
        text = "I have no such tool."
    reasoning = "Thus" * _reasoning_tokens(asked.effort)
    most = (asked.max_tokens or 1 << 20) * CHARACTERS_PER_TOKEN
    stop: Stop = "length" if len(text) > most else "calls" if calls else "stop"
    text = text[:most]
    return Answer(
        id=secrets.token_hex(8), model=asked.model, text=text, calls=calls, stop=stop,
        reasoning=reasoning, usage=counted(asked, text, calls, reasoning))


def counted(asked: Asked, text: str, calls: tuple[Called, ...], reasoning: str = "") -> Usage:
    """Tokens at four characters each."""
    read = sum(len(each.text) + len(json.dumps([call.arguments for call in
               getattr(each, "tool_calls", None) or []])) for each in asked.messages)
    thought = len(reasoning) // CHARACTERS_PER_TOKEN
    written = len(text) + sum(len(each.arguments) for each in calls)
    return Usage(read // CHARACTERS_PER_TOKEN + 1,
                 written // CHARACTERS_PER_TOKEN + 1 + thought, thought)


def _does(asked: Asked) -> tuple[str, tuple[Called, ...]]:
    """Words and calls that the newest messages ask for."""
    results = _newest_results(asked)
    if results:
        told = "\n".join(results)
        return ("", _calls(asked, told)) if _ARGUMENTS.search(told) else (
            " ".join(_CODE.findall(told)), ())
    wanted = next((each.text for each in reversed(asked.messages)
                   if isinstance(each, ChatMessageUser)), "")
    if _ARGUMENTS.search(wanted):
        return "", _calls(asked, wanted)
    if wanted.startswith("List the names of the tools"):
        return "\n".join(asked.tools) or "NONE", ()
    if '"I will not"' in wanted:
        return "I will not do that.", ()
    if numbers := re.search(r"numbers from 1 to (\d{1,3}) ", wanted):
        return " ".join([*map(str, range(1, int(numbers[1]) + 1)), "END"]), ()
    if "random number of sixteen digits" in wanted:
        return _digits(asked), ()
    if "prime numbers" in wanted:
        return "7", ()
    return "I cannot follow that.", ()


def _newest_results(asked: Asked) -> list[str]:
    """What tools answered since the last words of anybody else."""
    results: list[str] = []
    for each in reversed(asked.messages):
        if not isinstance(each, ChatMessageTool):
            break
        results.insert(0, each.text)
    return results


def _calls(asked: Asked, wanted: str) -> tuple[Called, ...]:
    named = _TOOL.search(wanted)
    if named is None or named[1] not in asked.tools:
        return ()
    return tuple(Called(f"call_{secrets.token_hex(6)}", named[1], arguments)
                 for arguments in _ARGUMENTS.findall(wanted))


def _reasoning_tokens(effort: str | None) -> int:
    if effort is None:
        return 0
    return int(effort[:6]) // _OF_BUDGET if effort.isdecimal() else _EFFORTS.get(effort, 64)


def _digits(asked: Asked) -> str:
    """Sixteen digits: the same ones at temperature 0 or with the same seed, else others."""
    seed: Any = None
    if asked.temperature == 0:
        seed = 0
    elif asked.seed is not None:
        seed = int(hashlib.sha256(str(asked.seed).encode()).hexdigest(), 16)
    return "".join(random.Random(seed).choices("0123456789", k=16))  # noqa: S311
