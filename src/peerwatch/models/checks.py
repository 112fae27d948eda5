"""The drill's checks: each asks a little by one route, and says what it saw.

Takes an asker and the drill's texts, gives findings. Where an answer is not what was asked for, a
check tells a route that breaks things from a model that does not do its part, as far as that can be
seen from outside: what was billed, what stands in the text, whether the tools are known.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageTool,
    ContentReasoning,
    ModelOutput,
)
from inspect_ai.tool import ToolCall, ToolCallError, ToolFunction

from peerwatch.models.asking import Asker, Trouble, read_tokens
from peerwatch.models.route import Finding
from peerwatch.models.texts import Texts, code

TURNS = 30
SPARE = 10
"""Turns beyond them for steps that have to be taken again, and for the last word."""
LOOP = 5
"""The same call so many times running is a loop."""
LONG_OUTPUT = 24_000
"""Characters of a long tool output."""
FEW_TOKENS = 32
"""Most tokens of the answer that is to be cut; some providers take no fewer than 16."""
PLAUSIBLE = (1.5, 9.0)
"""Characters a token of English filler; counts outside are not believed."""


@dataclass
class Seen:
    """What one check leaves for the others."""

    calls_come: bool = False
    """A call has come through; checks that need calls can be made."""
    read: tuple[int, ...] = ()
    """Tokens that each request of the last check of calls read, by the provider's count."""
    ratio: float | None = None
    """Characters of filler a token, by that count."""


@dataclass(frozen=True)
class Errand:
    """What one check of calls is about."""

    check: str
    text: str
    """Name of what the model is told."""
    wanted: Sequence[dict[str, Any]]
    """Arguments of the calls that it is told to make in one message."""
    answers: Sequence[str]
    """What the tool answers, call by call; to further calls the last one."""
    codes: Sequence[str]
    """What must come back in words at the end."""
    failing: bool = False
    """Whether the tool fails."""


# --- calls ---------------------------------------------------------------------------------------


def difference(wanted: Any, got: Any) -> tuple[str, str] | None:
    """How arguments came otherwise than they were asked for: a code, and words; None: they did not.

    ``flattened`` and ``truncated`` are what routes do; ``altered`` may be a slip of the model.
    """
    if _same(wanted, got):
        return None
    if isinstance(wanted, dict) and isinstance(got, dict):
        missing = sorted(wanted.keys() - got.keys())
        if missing:
            return "altered", f"without {', '.join(missing)}"
        for key in wanted:
            found = difference(wanted[key], got[key])
            if found:
                return found[0], f"{key}: {found[1]}"
        return "altered", f"with {', '.join(sorted(map(str, got.keys() - wanted.keys())))} besides"
    if isinstance(wanted, dict | list) and isinstance(got, str):
        return "flattened", "an object came as text"
    if isinstance(wanted, str) and isinstance(got, str):
        if wanted.startswith(got):
            return "truncated", f"{len(got)} of {len(wanted)} characters came"
        if _bare(wanted) == _bare(got):
            return "flattened", "quotes, backslashes or line ends were lost"
        if unicodedata.normalize("NFC", wanted) == unicodedata.normalize("NFC", got):
            return "altered", "characters came in another Unicode form"
        return "altered", "the text came otherwise"
    return "altered", f"{type(wanted).__name__} came as {type(got).__name__}"


def _same(wanted: Any, got: Any) -> bool:
    """Equal, but that true is no 1; a whole number may come with a decimal point."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(_same(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(_same, wanted, got))
    return bool(wanted == got) and isinstance(wanted, bool) is isinstance(got, bool)


def _bare(text: str) -> str:
    return "".join(each for each in text if not each.isspace() and each not in "\"'\\")


async def no_call(
    ask: Asker, told: Texts, errand: Errand, messages: Sequence[ChatMessage], output: ModelOutput,
) -> list[Finding]:
    """Why a call that was asked for did not come."""
    check, tools = errand.check, list(told.tools.values())
    seen, found = [output], []
    if output.stop_reason != "content_filter":
        forced = await ask.optional(messages, tools, ToolFunction(name="echo"))
        if isinstance(forced, Trouble):
            found.append(Finding(check=check, level="limit", code="forced_call_refused", text=(
                f"a request that demands a call is refused: {forced.detail}")))
        elif forced.message.tool_calls:
            return [Finding(check=check, level="limit", code="only_when_forced", text=(
                "the model calls a tool only where the request demands it"))]
        else:
            seen.append(forced)
    lost = next(filter(None, (_instead(errand, each) for each in seen)), None)
    if lost is not None:
        return [*found, lost]
    known = await ask.ask(told.opening("tools_known"), tools)
    if "echo" not in known.message.text:
        return [*found, Finding(check=check, level="broken", code="tools_dropped", text=(
            "the model does not know of the tools that were sent"))]
    return [*found, Finding(check=check, level="unseen", code="not_followed", text=(
        "the model knows the tools and answers in words where it is told to call one: how calls "
        "travel was not seen"))]


def _instead(errand: Errand, output: ModelOutput) -> Finding | None:
    """What the route did to a call, by what came in its place; None: only words came."""
    check, text = errand.check, output.message.text
    if output.stop_reason == "content_filter":
        return _withheld(check)
    if output.stop_reason == "tool_calls":
        return _dropped(check, "an answer ended with a call, and none came")
    if not text.strip():
        written = output.usage.output_tokens if output.usage else 0
        return _dropped(check, "nothing came where a call was asked for" + (
            f", and {written} tokens were counted for it" if written else ""))
    if any(_same_text(text, arguments) for arguments in errand.wanted):
        return Finding(check=check, level="broken", code="calls_as_text", text=(
            "tool calls come as text"))
    return None


def _withheld(check: str) -> Finding:
    return Finding(check=check, level="broken", code="filtered", text=(
        "the answer to a harmless request was withheld as filtered"))


def _dropped(check: str, text: str) -> Finding:
    return Finding(check=check, level="broken", code="calls_dropped",
                   text=f"tool calls are lost: {text}")


def _same_text(text: str, arguments: dict[str, Any]) -> bool:
    """Whether a good part of the arguments stands in the text."""
    return json.dumps(arguments)[:60] in text or arguments["text"][:40] in text


def compared(
    check: str, wanted: Sequence[dict[str, Any]], calls: Sequence[ToolCall]
) -> list[Finding]:
    """What is wrong with calls that came."""
    found = []
    for arguments, call in zip(wanted, calls, strict=False):
        if call.parse_error:
            found.append(Finding(check=check, level="broken", code="arguments_broken", text=(
                "a call's arguments came as no JSON object")))
        elif differs := difference(arguments, call.arguments):
            name, words = differs
            level, tail = (("limit", "; a slip of the model, or the route")
                           if name == "altered" else ("broken", ""))
            found.append(Finding.model_validate({
                "check": check, "level": level, "code": f"arguments_{name}",
                "text": f"arguments come {name}: {words}{tail}"}))
    return found


async def calls(ask: Asker, told: Texts, seen: Seen, errand: Errand) -> list[Finding]:
    """Asks for calls in one message, answers them, wants the codes back."""
    lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in errand.wanted)
    messages = told.opening(errand.text, arguments=lines)
    output = await ask.ask(messages, list(told.tools.values()))
    made = output.message.tool_calls or []
    if others := sorted({each.function for each in made} - {"echo"}):
        return [Finding(check=errand.check, level="broken", code="calls_renamed", text=(
            f"a call of echo came as a call of {', '.join(others)[:100]}"))]
    if not made:
        return await no_call(ask, told, errand, messages, output)
    seen.calls_come = True
    outputs = await _answer(ask, told, errand, messages, output)
    seen.read = tuple(map(read_tokens, outputs))
    came = [call for each in outputs for call in each.message.tool_calls or []]
    found = [*compared(errand.check, errand.wanted, came), *_together(errand, made)]
    lost = sum(each not in outputs[-1].message.text for each in errand.codes)
    return [*found, _lost(errand.check, lost, len(errand.codes), outputs[-1])] if lost else found


def _together(errand: Errand, made: Sequence[ToolCall]) -> list[Finding]:
    """What is wrong with how the calls of the first message came together."""
    found = []
    if len({each.id for each in made}) < len(made):
        found.append(Finding(check=errand.check, level="broken", code="same_id", text=(
            "calls of one message have the same id, so answers reach the wrong one")))
    if len(made) < len(errand.wanted):
        found.append(Finding(check=errand.check, level="limit", code="one_call_a_message", text=(
            f"{len(made)} of {len(errand.wanted)} calls came in one message")))
    return found


async def _answer(
    ask: Asker, told: Texts, errand: Errand, messages: list[ChatMessage], output: ModelOutput
) -> list[ModelOutput]:
    """Answers the calls of an output and of those after it; all of them, the last in words.

    The second call may come by itself and a failed one again, so there is one turn more.
    """
    outputs, done = [output], 0
    for _ in range(len(errand.wanted) + 1):
        made = outputs[-1].message.tool_calls or []
        if not made:
            break
        messages += [outputs[-1].message, *(
            answered(call, errand.answers[min(done + place, len(errand.answers) - 1)],
                     failing=errand.failing)
            for place, call in enumerate(made))]
        done += len(made)
        outputs.append(await ask.ask(messages, list(told.tools.values())))
    return outputs


def answered(call: ToolCall, answer: str, *, failing: bool) -> ChatMessageTool:
    """What the tool answers to a call."""
    return ChatMessageTool(
        content="" if failing else answer, tool_call_id=call.id, function=call.function,
        error=ToolCallError("unknown", answer) if failing else None)


def _lost(check: str, lost: int, of: int, output: ModelOutput) -> Finding:
    if output.stop_reason == "content_filter":
        return _withheld(check)
    if lost < of:
        return Finding(check=check, level="broken", code="input_truncated", text=(
            f"{lost} of {of} codes in what the tools answered did not come back: it is cut"))
    return Finding(check=check, level="broken", code="results_lost", text=(
        "what tools answer does not reach the model"))


async def arguments(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:
    """One call with awkward arguments; the tool's answer must come back."""
    key = code()
    return await calls(ask, told, seen, Errand(
        "arguments", "call", [told.awkward()], [told.fill("answered", code=key)], [key]))


async def long_arguments(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:
    """One call with a long argument."""
    key = code()
    return await calls(ask, told, seen, Errand(
        "long arguments", "call", [told.long()], [told.fill("answered", code=key)], [key]))


async def two_calls(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:
    """Two calls in one message, each with its own answer."""
    keys = [code(), code()]
    wanted = [told.awkward(), {"text": "second", "count": 2, "nested": {
        "label": "b", "values": []}}]
    return await calls(ask, told, seen, Errand(
        "two calls", "two_calls", wanted, [told.fill("answered", code=each) for each in keys],
        keys))


async def tool_error(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:
    """A tool that fails: the error must reach the model."""
    key = code()
    wanted = {"text": "try it", "count": 1, "nested": {"label": "c", "values": ["d"]}}
    return await calls(ask, told, seen, Errand(
        "tool error", "call", [wanted], [told.fill("failed", code=key)], [key], failing=True))


async def long_output(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:
    """A long tool output: its beginning, middle and end must reach the model."""
    keys = [code(), code(), code()]
    output = told.fill("long_output", first=keys[0], middle=keys[1], last=keys[2],
                       filler=told.filler(LONG_OUTPUT // 2))
    wanted = {"text": "all of it", "count": 3, "nested": {"label": "e", "values": ["f"]}}
    found = await calls(ask, told, seen, Errand(
        "long output", "call", [wanted], [output], keys))
    if len(seen.read) > 1 and all(seen.read[:2]):
        seen.ratio = len(output) / max(seen.read[1] - seen.read[0], 1)
    return found


async def words(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:  # noqa: ARG001
    """Words where tools are sent and calls forbidden, as when a rollout asks its questions."""
    output = await ask.ask(told.opening("tools_known"), list(told.tools.values()), "none")
    if output.message.text.strip():
        return []
    return [Finding(check="words alone", level="limit", code="words_lost", text=(
        "where calls are forbidden no words come: questions to the model stay unanswered"))]


async def walk(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:  # noqa: ARG001
    """Thirty turns, each of which needs the one before."""
    check = "30 turns"
    tools = list(told.tools.values())
    wanted: dict[str, Any] = {"number": 1, "word": code()}
    messages = told.opening("walk", arguments=json.dumps(wanted))
    key, same, last = code(), 0, None
    for turn in range(1, TURNS + SPARE + 1):
        output = await ask.ask(messages, tools)
        messages.append(output.message)
        made = output.message.tool_calls or []
        if not made:
            if key in output.message.text:
                return []
            return [Finding(check=check, level="broken", code="walk_ended", text=(
                f"the conversation ended at turn {turn} of {TURNS}, in the middle"))]
        now = [(each.function, each.arguments) for each in made]
        same, last = (same + 1 if now == last else 1), now
        if same >= LOOP:
            return [Finding(check=check, level="broken", code="loops", text=(
                f"the same call came {LOOP} times running, at turn {turn} of {TURNS}"))]
        if made[0].function == "step" and made[0].arguments == wanted:
            wanted = {"number": wanted["number"] + 1, "word": code()}
        arrived = wanted["number"] > TURNS
        told_next = (told.fill("arrived", code=key) if arrived else told.fill(
            "onwards", number=wanted["number"] - 1, arguments=json.dumps(wanted)))
        messages += [ChatMessageTool(content=told_next, tool_call_id=each.id,
                                     function=each.function) for each in made]
    return [Finding(check=check, level="broken", code="walk_lost", text=(
        f"after {TURNS + SPARE} turns only {wanted['number'] - 1} of {TURNS} steps were taken"))]


# --- words ---------------------------------------------------------------------------------------


async def refusal(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:  # noqa: ARG001
    """A refusal in the model's own words is no filter's."""
    output = await ask.ask(told.opening("refusal"))
    if output.stop_reason == "content_filter":
        return [Finding(check="refusal", level="limit", code="refusal_as_filter", text=(
            "a refusal in words is reported as filtered: the two cannot be told apart"))]
    if not output.message.text.strip():
        return [Finding(check="refusal", level="limit", code="refusal_lost", text=(
            "a refusal in words does not come through"))]
    return []


async def stops(ask: Asker, told: Texts, seen: Seen) -> list[Finding]:  # noqa: ARG001
    """An answer is whole, or says that it is not."""
    check, found = "stop reasons", []
    whole = await ask.ask(told.opening("long"))
    text = whole.message.text.strip()
    if whole.stop_reason == "max_tokens":
        found.append(Finding(check=check, level="limit", code="cut_openly", text=(
            f"answers end after {len(text)} characters, and say so")))
    elif not text.endswith("END"):
        expected = " ".join([*map(str, range(1, 121)), "END"])
        cut = bool(text) and expected.startswith(text)
        found.append(Finding(
            check=check, level="broken" if cut else "unseen",
            code="text_truncated" if cut else "not_followed",
            text=f"text is cut after {len(text)} characters and called whole" if cut else
            "the model did not write what it was told to: whether text is cut was not seen"))
    short = await ask.optional(told.opening("long"), max_tokens=FEW_TOKENS)
    if isinstance(short, Trouble):
        found.append(Finding(check=check, level="limit", code="max_tokens_refused", text=(
            f"a limit of {FEW_TOKENS} tokens is refused: {short.detail}")))
    elif short.stop_reason != "max_tokens":
        cut = not short.message.text.strip().endswith("END")
        found.append(Finding(check=check, level="limit", code="stop_reason_wrong", text=(
            f"an answer of at most {FEW_TOKENS} tokens ends with {short.stop_reason!r}"
            + (" though it is cut" if cut else "; the limit has no effect"))))
    return found


async def settings(
    ask: Asker, told: Texts, asked_for: frozenset[str]
) -> list[Finding]:
    """Which settings change anything; those that the route was asked with must."""
    temperature = await _effect(ask, told, "temperature", asked_for, [
        {"temperature": 0.0}] * 2 + [{"temperature": 1.0}] * 2)
    # Beside a temperature that is refused, a seed would be refused for it.
    hot = {} if temperature.code == "temperature_refused" else {"temperature": 1.0}
    seed = await _effect(ask, told, "seed", asked_for, [
        {**hot, "seed": each} for each in (11, 11, 12, 13)])
    return [temperature, seed, *await reasoning(ask, told, asked_for)]


async def _effect(
    ask: Asker, told: Texts, name: str, asked_for: frozenset[str], tries: Sequence[dict[str, Any]],
) -> Finding:
    """Whether the first two tries agree and the last two do not."""
    wanted, said = name in asked_for, []
    for each in tries:
        output = await ask.optional(told.opening("random"), **each)
        if isinstance(output, Trouble):
            return _refused(name, name, output)
        said.append(output.message.text.strip())
    if not all(said):
        return _setting(name, "unseen", f"whether {name} has an effect was not seen", wanted)
    if said[0] == said[1] and said[2] != said[3]:
        return Finding(check="settings", level="note", code=f"{name}_works",
                       text=f"{name} has an effect")
    return _setting(name, "without_effect", f"{name} has no effect that four answers show", wanted)


def _setting(name: str, code: str, text: str, wanted: bool) -> Finding:
    return Finding(check="settings", level="limit" if wanted else "note",
                   code=f"{name}_{code}", text=text + (", though it is set" if wanted else ""))


def _refused(name: str, words: str, trouble: Trouble) -> Finding:
    return Finding(check="settings", level="limit", code=f"{name}_refused",
                   text=f"{words} is refused: {trouble.detail}")


async def reasoning(ask: Asker, told: Texts, asked_for: frozenset[str]) -> list[Finding]:
    """Whether the setting of reasoning changes anything, and whether reasoning is shown."""
    wanted = bool(asked_for & {"reasoning_effort", "reasoning_tokens"})
    outputs = []
    for effort in ("low", "high"):
        output = await ask.optional(told.opening("thinking"), reasoning_effort=effort)
        if isinstance(output, Trouble):
            return [_refused("reasoning", "reasoning effort", output)]
        outputs.append(output)
    low, high = (_thought(each) for each in outputs)
    found = [Finding(check="settings", level="note", code="reasoning_works",
                     text=f"reasoning effort has an effect: {low} tokens at low, {high} at high")
             if high > low else
             _setting("reasoning", "without_effect",
                      "reasoning effort has no effect that two answers show", wanted)]
    blocks = [each for output in outputs if isinstance(output.message.content, list)
              for each in output.message.content if isinstance(each, ContentReasoning)]
    shown = any((each.summary or "" if each.redacted else each.reasoning) for each in blocks)
    if shown:
        name, words = "reasoning_shown", "reasoning is returned, whole or in summary"
    elif blocks or low or high:
        name, words = "reasoning_hidden", "it reasons, and the reasoning is not returned"
    else:
        name, words = "reasoning_none", "no reasoning was seen"
    return [*found, Finding(check="reasoning", level="note", code=name, text=words)]


def _thought(output: ModelOutput) -> int:
    """Tokens of reasoning; where they are not told, characters of it over four."""
    told = output.usage.reasoning_tokens if output.usage else None
    content = output.message.content
    shown = sum(len(each.reasoning) for each in content
                if isinstance(each, ContentReasoning)) if isinstance(content, list) else 0
    return told or shown // 4
