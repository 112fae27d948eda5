"""The drill against servers that behave and that do not, through the real client libraries."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from inspect_ai.model import ChatMessageTool

from peerwatch.models.checks import difference
from peerwatch.models.drill import COST
from peerwatch.models.misbehaviour import MISBEHAVIOURS
from peerwatch.models.names import same_model
from peerwatch.models.prices import Price
from peerwatch.models.server import organism_responder
from peerwatch.models.wire.exchange import Answer, Asked, Called, Unreadable

from .routes import FORMATS, HASTY, codes, drilled, route_to

NAMED = {
    "drops-calls": ("unfit", "calls_dropped"),
    "drops-tools": ("unfit", "tools_dropped"),
    "refuses-tools": ("unfit", "tools_refused"),
    "calls-as-text": ("unfit", "calls_as_text"),
    "flattens-arguments": ("unfit", "arguments_flattened"),
    "truncates-arguments": ("unfit", "arguments_truncated"),
    "truncates-text": ("unfit", "text_truncated"),
    "truncates-input": ("unfit", "input_truncated"),
    "rate-limits": ("fit with limits", "rate_limited"),
    "rate-limits-silently": ("fit with limits", "rate_limited"),
    "fails": ("unfit", "server_errors"),
    "hangs": ("unfit", "hangs"),
    "breaks-off": ("unfit", "breaks_off"),
    "no-usage": ("fit with limits", "no_usage"),
    "other-model": ("unfit", "other_model"),
    "empty": ("unfit", "empty"),
    "filters": ("unfit", "filtered"),
}
"""What a server that misbehaves so must be called."""
CROSSED = ("drops-calls", "rate-limits-silently", "breaks-off")
SAID = {"rate-limits": "it says when to come back, in at most 1 s",
        "rate-limits-silently": "it does not say when to come back"}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("form", FORMATS)
def test_a_format_that_behaves_is_fit(form: str) -> None:
    """Every check is as it should be."""
    with route_to(form) as route:
        verdict = drilled(route)
    assert (verdict.fitness, verdict.limits) == ("fit", ())
    assert {each.check for each in verdict.findings if each.code == "ok"} == {
        "arguments", "long arguments", "two calls", "tool error", "long output", "words alone",
        "refusal", "stop reasons", "30 turns"}
    assert verdict.counted


def test_the_stated_cost_is_kept_and_not_far_off() -> None:
    """With all thirty turns."""
    with route_to("compatible") as route:
        verdict = drilled(route)
    assert verdict.fitness == "fit"
    assert COST.calls - 5 < verdict.calls <= COST.calls
    assert COST.input_tokens / 3 < verdict.input_tokens <= COST.input_tokens


def test_every_misbehaviour_has_a_name() -> None:
    """None is left out of the table."""
    assert set(NAMED) == set(MISBEHAVIOURS)


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(("form", "way"), [
    *(("compatible", way) for way in NAMED),
    *itertools.product(("responses", "anthropic", "google"), CROSSED)])
def test_a_misbehaviour_is_named_for_what_it_does(form: str, way: str) -> None:
    """Its own name, and no other thing broken."""
    fitness, code = NAMED[way]
    with route_to(form, way) as route:
        verdict = drilled(route, HASTY)
    assert verdict.fitness == fitness, verdict.findings
    level = "broken" if fitness == "unfit" else "limit"
    assert code in codes(verdict, level)
    others = set(codes(verdict, "broken", "limit")) - {code}
    assert SAID.get(way, "") in codes(verdict, level)[code].text
    # Text that is cut and called whole has no stop reason either; what is cut counts few tokens.
    assert others <= {"truncates-text": {"stop_reason_wrong"},
                      "truncates-input": {"usage_odd"}}.get(way, set())


@pytest.mark.usefixtures("brief")
def test_a_model_that_does_not_follow_is_told_from_a_route_that_breaks() -> None:
    """It knows the tools and answers in words: the route was not seen, and is not called broken."""
    follows = organism_responder("hiding")

    def chats(asked: Asked) -> Answer:
        return replace(follows(asked), calls=(), stop="stop", text="I would rather talk.") \
            if follows(asked).calls else follows(asked)

    with route_to("compatible", respond=chats) as route:
        verdict = drilled(route)
    assert verdict.fitness == "fit with limits"
    assert set(codes(verdict, "unseen", "broken")) == {"not_followed", "not_tried"}


@pytest.mark.usefixtures("brief")
def test_one_call_a_message_is_a_limit_and_a_call_made_again_is_none() -> None:
    """A model that calls one tool after the other, and tries again what has failed."""
    follows = organism_responder("hiding")

    def careful(asked: Asked) -> Answer:
        plain = follows(asked)
        orders = [n for n, each in enumerate(asked.messages) if each.role == "user"]
        lines = asked.messages[orders[-1]].text.splitlines()
        told = [each for each in asked.messages[orders[-1]:] if each.role == "tool"]
        wanted = [each for each in lines if each.startswith("{")]
        failed = any(each.error for each in told if isinstance(each, ChatMessageTool)) or any(
            "disk is full" in each.text for each in told)
        if "`step`" in lines[0] or not wanted:
            return plain
        if len(told) < len(wanted) + failed:
            arguments = wanted[min(len(told), len(wanted) - 1)]
            return replace(plain, text="", stop="calls", calls=(
                Called(f"call_{len(told)}", "echo", arguments),))
        keys = re.findall(r"code is (\w+)", "\n".join(each.text for each in told))
        return replace(plain, text=" and ".join(keys))

    with route_to("compatible", respond=careful) as route:
        verdict = drilled(route)
    assert set(codes(verdict, "limit", "unseen", "broken")) == {"one_call_a_message"}


@pytest.mark.usefixtures("brief")
def test_a_loop_is_named() -> None:
    """The same call over and over, whatever the tool answers."""
    follows = organism_responder("hiding")
    first: dict[str, Answer] = {}

    def loops(asked: Asked) -> Answer:
        answer = follows(asked)
        if any(each.name == "step" for each in answer.calls):
            return first.setdefault("step", answer)
        return answer

    with route_to("compatible", respond=loops) as route:
        assert set(codes(drilled(route), "broken")) == {"loops"}


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(("change", "code"), [
    (lambda each: replace(each, name=f"functions.{each.name}"), "calls_renamed"),
    (lambda each: replace(each, id="call_0"), "same_id"),
    (lambda each: replace(each, arguments=each.arguments[:-1]), "arguments_broken")])
def test_what_else_can_be_wrong_with_calls(
    change: Callable[[Called], Called], code: str
) -> None:
    """Names, ids, JSON."""
    follows = organism_responder("hiding")

    def changed(asked: Asked) -> Answer:
        answer = follows(asked)
        return replace(answer, calls=tuple(map(change, answer.calls)))

    with route_to("compatible", respond=changed) as route:
        assert code in codes(drilled(route), "broken")


@pytest.mark.usefixtures("short")
def test_a_refused_request_that_no_rollout_needs_is_a_limit() -> None:
    """Few tokens, a temperature, a seed, an effort: each named, and all else is still seen."""
    follows = organism_responder("hiding")

    def refuses(asked: Asked) -> Answer:
        if asked.temperature is not None:
            raise Unreadable("temperature is not supported")
        if asked.max_tokens is not None or asked.seed is not None or asked.effort is not None:
            raise Unreadable("not supported")
        return follows(asked)

    with route_to("compatible", respond=refuses) as route:
        verdict = drilled(route)
    assert verdict.fitness == "fit with limits"
    assert set(codes(verdict, "limit", "unseen", "broken")) == {
        "max_tokens_refused", "temperature_refused", "seed_refused", "reasoning_refused"}


@pytest.mark.usefixtures("short")
def test_a_seed_is_not_blamed_for_a_temperature() -> None:
    """It is tried alone where the temperature is refused."""
    follows = organism_responder("hiding")

    def refuses(asked: Asked) -> Answer:
        if asked.temperature is not None:
            raise Unreadable("temperature is not supported")
        return follows(asked)

    with route_to("compatible", respond=refuses) as route:
        verdict = drilled(route)
    assert set(codes(verdict, "limit", "unseen", "broken")) == {"temperature_refused"}
    assert "seed_works" in codes(verdict, "note")


@pytest.mark.usefixtures("brief")
def test_a_demand_that_is_refused_is_a_limit_beside_what_came_instead() -> None:
    """Of a model that talks where it is told to call, by a route that takes no demand."""
    follows = organism_responder("hiding")
    told: list[str] = []

    def refuses(asked: Asked) -> Answer:
        answer = follows(asked)
        if not answer.calls:
            return answer
        told.append(answer.calls[0].arguments)
        if told.count(told[-1]) > 1:
            raise Unreadable("tool_choice is not supported")
        return replace(answer, calls=(), stop="stop", text="I would rather talk.")

    with route_to("compatible", respond=refuses) as route:
        verdict = drilled(route)
    assert verdict.fitness == "fit with limits"
    assert set(codes(verdict, "limit", "broken")) == {"forced_call_refused"}


@pytest.mark.usefixtures("brief")
def test_a_key_that_a_server_says_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Error texts are kept and shown."""
    monkeypatch.setenv("ORGANISM_API_KEY", "sk-hunter2")

    def tells(asked: Asked) -> Answer:
        raise ValueError("what is sk-hunter2?")

    with route_to("compatible", respond=tells) as route:
        verdict = drilled(route)
    assert "what is [the key]?" in codes(verdict, "broken")["server_errors"].text
    assert "hunter2" not in verdict.model_dump_json()


@pytest.mark.usefixtures("short")
def test_a_setting_that_is_asked_for_must_have_an_effect() -> None:
    """A note else; Anthropic's client sends no seed."""
    with route_to("anthropic", seed=3) as route:
        verdict = drilled(route)
    assert set(codes(verdict, "limit")) == {"seed_without_effect"}
    assert verdict.settings == {"seed": 3}


@pytest.mark.usefixtures("brief")
def test_the_drill_stops_where_the_money_ends() -> None:
    """What is there is told, and it is no verdict of fit."""
    with route_to("compatible") as route:
        verdict = drilled(route, price=Price(1.0, 1.0, "a test"), max_cost=0.002)
    assert verdict.fitness == "fit with limits"
    assert "out_of_money" in codes(verdict, "unseen")
    assert verdict.usd is not None
    assert 0 < verdict.usd < 0.002


@pytest.mark.parametrize(("asked", "reported", "same"), [
    ("openai/gpt-5.2", "gpt-5.2-2025-12-11", True),
    ("openrouter/google/gemini-3-flash", "google/gemini-3-flash", True),
    ("google/gemini-3-flash", "models/gemini-3-flash-preview", True),
    ("google/gemini-2.0-flash", "gemini-2.0-flash-001", True),
    ("openai/gpt-5.2", "gpt-5-mini", False), ("openai/gpt-5", "gpt-5-mini", False),
    ("openai/gpt-5-mini", "gpt-5", False), ("openai/gpt-5", "gpt-5.2", False),
    ("google/gemini-3.5-flash", "gemini-3.5-flash-lite", False), ("openai/gpt-5.2", "", False)])
def test_a_date_behind_a_name_is_no_other_model(asked: str, reported: str, same: bool) -> None:
    """Providers add versions; another model is another."""
    assert same_model(asked, reported) is same


@pytest.mark.parametrize(("wanted", "got", "code"), [
    ({"a": "x"}, {"a": "x"}, None),
    ({"a": 1}, {"a": True}, "altered"),
    ({"a": {"b": []}}, {"a": '{"b": []}'}, "flattened"),
    ({"a": 'say "so"\nnow'}, {"a": "say so now"}, "flattened"),
    ({"a": "é"}, {"a": "e\u0301"}, "altered"),
    ({"a": "long text"}, {"a": "long"}, "truncated"),
    ({"a": "x", "b": 1}, {"a": "x"}, "altered"),
    ({"a": "x"}, {"a": "x", "b": 1}, "altered"),
    ({"a": ["x", "y"]}, {"a": ["y", "x"]}, "altered")])
def test_how_arguments_differ(wanted: object, got: object, code: str | None) -> None:
    """What routes do has its own name; the rest may be the model's slip."""
    found = difference(wanted, got)
    assert (found and found[0]) == code
