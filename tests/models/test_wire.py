"""The wire formats: what anybody may send, and what the real client libraries make of the answers.

That requests of the real libraries are read as they were meant is what the drill and the rollouts
over HTTP show; here are streams, broken calls and hostile bodies.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    Model,
    ModelOutput,
)
from inspect_ai.tool import ToolInfo, ToolParams

from peerwatch.errors import EnvironmentProblem, UsageError
from peerwatch.models.misbehaviour import named
from peerwatch.models.server import CODECS, MOST_BYTES, listen, organism_responder, serving
from peerwatch.models.wire.exchange import Answer, Asked, Called, Unreadable, Usage

from .routes import FORMATS, model_of, route_to

PATHS = {"openai": "/v1/chat/completions", "openai-responses": "/v1/responses",
         "anthropic": "/v1/messages", "google": "/v1beta/models/m:generateContent"}
MADE = Answer(
    "abc", "a-model", "It is done: 東京.",
    (Called("call_1", "bash", '{"command": "echo \\"é\\"\\n", "deep": {"n": [1, null]}}'),
     Called("call_2", "bash", "{}")), "calls", "Because.", Usage(7, 9, 2))
TOOL = ToolInfo(name="bash", description="Runs a command.", parameters=ToolParams.model_validate({
    "type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["model", "messages", "input", "contents", "role", "parts", "content",
                         "type", "text", "tool_calls", "function", "name", "max_tokens", "user",
                         "functionCall", "generationConfig", "reasoning", "tools"]),
        inner, max_size=5), max_leaves=12)


def asked_once(form: str, respond: Any, **model_args: Any) -> ModelOutput:
    """What Inspect makes of one answer."""
    async def run(model: Model) -> ModelOutput:
        try:
            return await model.generate([ChatMessageUser(content="Go on.")], [TOOL])
        finally:
            await model.api.aclose()

    with route_to(form, respond=respond, max_tokens=999) as route, \
            model_of(route, **model_args) as model:
        return asyncio.run(run(model))


def reasoning_of(output: ModelOutput) -> str:
    """What it is told to have thought, whole or in summary."""
    content = output.message.content
    return "".join(each.summary or each.reasoning for each in content
                   if isinstance(each, ContentReasoning)) if isinstance(content, list) else ""


@pytest.mark.parametrize(("form", "streaming"), [
    ("chat", {"streaming": True}), ("compatible", {"stream": True}),
    ("responses", {"streaming": True}), ("anthropic", {"streaming": True}),
    ("google", {"streaming": True})])
def test_a_stream_says_what_the_whole_answer_says(form: str, streaming: dict[str, Any]) -> None:
    """Words, calls, tokens, reasoning and stop reason, through the real client library."""
    seen: list[bool] = []

    def respond(asked: Asked) -> Answer:
        seen.append(asked.stream)
        return MADE

    name = next(iter(streaming))
    streamed = asked_once(form, respond, **streaming)
    whole = asked_once(form, respond, **{name: False})
    # The responses' client asks once by itself whether it may have summaries.
    assert (seen[-2 if form != "responses" else 1], seen[-1]) == (True, False)
    for each in (streamed, whole):
        assert each.message.text == MADE.text
        calls = each.message.tool_calls or []
        assert [call.arguments for call in calls] == [json.loads(c.arguments) for c in MADE.calls]
        assert each.usage is not None
        assert (each.usage.input_tokens, each.usage.output_tokens) == (7, 9)
    assert streamed.stop_reason == whole.stop_reason
    assert reasoning_of(streamed) == reasoning_of(whole)
    assert MADE.reasoning in reasoning_of(whole)


@pytest.mark.parametrize("form", FORMATS)
def test_a_broken_call_is_broken_at_the_other_end(form: str) -> None:
    """As text where the format carries text; else without what the tool requires."""
    def respond(asked: Asked) -> Answer:
        return Answer("abc", asked.model, calls=(Called("call_1", "bash", '{"command": '),),
                      stop="calls", usage=Usage(1, 1))

    (call,) = asked_once(form, respond).message.tool_calls or []
    assert call.parse_error or "command" not in call.arguments


@settings(max_examples=40)
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_a_codec_reads_or_refuses_whatever_comes(body: bytes) -> None:
    """No other error leaves it."""
    for codec in CODECS:
        path = PATHS[codec.name]
        assert codec.matches(path)
        with contextlib.suppress(Unreadable):
            assert isinstance(codec.decode(path, body), Asked)


@settings(max_examples=40)
@given(text=st.text(), arguments=JSON, usage=st.booleans())
def test_every_answer_can_be_sent(text: str, arguments: Any, usage: bool) -> None:
    """Whole and as a stream, in every format."""
    answer = Answer("i", "m", text, (Called("c", "t", json.dumps(arguments)),), "calls", text,
                    Usage(1, 2, 1) if usage else None)
    for codec in CODECS:
        json.loads(json.dumps(codec.encode(answer)))
        events = "".join(codec.events(answer, Asked("m", ())))
        for line in events.splitlines():
            assert not line.startswith("data: {") or json.loads(line.removeprefix("data: "))


def test_pieces_of_one_answer_are_one_message() -> None:
    """The responses' items of an answer come apart; a policy counts answers."""
    body = {"model": "m", "instructions": "Be brief.", "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Go"}]},
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "c1", "name": "bash",
         "arguments": '{"command": "ls"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "a b"}]}
    codec = next(each for each in CODECS if each.name == "openai-responses")
    asked = codec.decode("/v1/responses", json.dumps(body).encode())
    assert [each.role for each in asked.messages] == ["system", "user", "assistant", "tool"]
    made, told = asked.messages[2], asked.messages[3]
    assert isinstance(made, ChatMessageAssistant)
    assert isinstance(told, ChatMessageTool)
    assert (made.text, told.text) == ("I look.", "a b")
    assert [call.arguments for call in made.tool_calls or []] == [{"command": "ls"}]


def send(url: str, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    """Status and JSON of one plain request."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    try:
        connection.request("POST", path, body, headers)
        told = connection.getresponse()
        return told.status, json.loads(told.read())
    finally:
        connection.close()


def test_bad_requests_are_refused_and_the_next_is_answered() -> None:
    """With a message where every format has it; the server goes on."""
    good = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    with serving(organism_responder("obedient")) as server:
        for path in PATHS.values():
            status, told = send(server.url, path, b'{"model": 1')
            assert status == 400
            assert told["error"]["message"]
        assert send(server.url, PATHS["openai"], b"[" * 100_000)[0] == 400
        assert send(server.url, PATHS["openai"], good.replace(b"user", b"nobody"))[0] == 400
        assert send(server.url, "/v1/embeddings", good)[0] == 404
        assert send(server.url, PATHS["openai"], b"", **{
            "content-length": str(MOST_BYTES + 1)})[0] == 413
        endless = f"OPS-1, {'9' * 5000} MB\\n  1. /srv/data/a".encode()
        assert send(server.url, PATHS["openai"], good.replace(b"Hello", endless))[0] == 500
        with socket.create_connection(("127.0.0.1", server.server_port)) as gone:
            gone.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 10\r\n\r\n{")
        status, told = send(server.url, PATHS["openai"], good)
        assert (status, told["model"]) == (200, "m")
        assert told["choices"][0]["message"]["content"] == "I do not know this kind of ticket."


def test_the_example_in_the_docs_is_answered_with_a_call() -> None:
    """What a reader pastes first."""
    text = (Path(__file__).parents[2] / "docs" / "serve.md").read_text()
    (body,) = re.findall(r"curl .*? -d '(.*?)'\n", text, re.DOTALL)
    with serving(organism_responder("hiding")) as server:
        status, told = send(server.url, PATHS["openai"], body.encode())
    (call,) = told["choices"][0]["message"]["tool_calls"]
    assert (status, call["function"]["name"]) == (200, "bash")
    assert "command" in json.loads(call["function"]["arguments"])


def test_a_port_that_is_taken_is_said() -> None:
    """One line with the remedy."""
    with serving(organism_responder("obedient")) as server:
        port = int(server.server_address[1])
        with pytest.raises(EnvironmentProblem, match="choose another --port"):
            listen("127.0.0.1", port, organism_responder("obedient"))


def test_names_that_are_none() -> None:
    """The nearest one is named."""
    with pytest.raises(UsageError, match="hiding"):
        organism_responder("hidding")
    with pytest.raises(UsageError, match="drops-calls"):
        named("drop-calls")
