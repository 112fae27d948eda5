"""The model provider ``local/NAME``: a small language model in this process, with no key.

Takes messages and tools, gives a model output with usage and, where asked, log-probabilities. Tool
calls are made under a grammar from the tools' schemas, so that each can be parsed; whether it makes
sense is the model's affair. It reads no network: weights are fetched beforehand (``weights.py``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import anyio
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    TopLogprob,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolFunction, ToolInfo

from peerwatch.errors import EnvironmentProblem, UsageError
from peerwatch.models import weights

CONTEXT = 8_192
"""Tokens; the model was trained on no more."""
SLOTS = 2
"""Conversations whose prefix is kept. A third one takes the place of the one used longest ago, and
is read from its beginning."""
MAX_TOKENS = 256
"""Of one answer where nothing else is asked: a small model that does not stop repeats itself."""
THREADS = 1
"""The runtime's threads wait for each other in busy loops: beside other work more of them take
longer than one, on an idle machine less long (``-M threads=2``)."""
SEED = 0
CHARACTERS_PER_TOKEN = 3

STOPS: dict[str, StopReason] = {"stop": "stop", "length": "max_tokens"}


class EmbeddedAPI(ModelAPI):
    """An embedded language model. Raises PrerequisiteError where its runtime or weights lack."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        threads: int = THREADS,
        cache_prompt: bool = True,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        try:
            self._server = _server(str(weights.require(model_name)), int(threads))
        except (UsageError, EnvironmentProblem) as problem:  # Inspect shows it without a traceback
            raise PrerequisiteError(str(problem)) from None
        self._cache_prompt = cache_prompt

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002  (Inspect's name)
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """The next message; a call under a grammar, or words."""
        usable = _usable(tools, tool_choice)
        request = _settings(config) | {
            "messages": rendered(input, tools), "cache_prompt": self._cache_prompt}
        if usable:
            request["response_format"] = {
                "type": "json_schema", "json_schema": {"schema": answer_schema(
                    usable, may_speak=tool_choice == "auto")}}
        told = await anyio.to_thread.run_sync(self._server.handle_chat_completions, request)
        return self._output(told, len(input), called=bool(usable))

    def _output(self, told: dict[str, Any], length: int, *, called: bool) -> ModelOutput:
        name = f"local/{self.model_name}"
        if "error" in told:
            if told["error"].get("type") == "exceed_context_size_error":
                return ModelOutput.from_content(name, "", "model_length")
            raise RuntimeError(str(told["error"].get("message", told["error"])))
        choice = told["choices"][0]
        written = choice["message"].get("content") or ""
        stop = STOPS.get(choice["finish_reason"], "unknown")
        text, call = parsed(written, length) if called else (written, None)
        used = told["usage"]
        cached = (used.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        return ModelOutput(
            model=name,
            choices=[ChatCompletionChoice(
                message=ChatMessageAssistant(content=text, tool_calls=[call] if call else None,
                                             model=name, source="generate"),
                stop_reason="tool_calls" if call and stop == "stop" else stop,
                logprobs=_logprobs(choice))],
            usage=ModelUsage(
                input_tokens=used["prompt_tokens"] - cached, input_tokens_cache_read=cached,
                output_tokens=used["completion_tokens"], total_tokens=used["total_tokens"]))

    async def count_text_tokens(self, text: str) -> int:
        """Rough: no table is fetched."""
        return -(-len(text) // CHARACTERS_PER_TOKEN)

    def max_connections(self) -> int:
        """As many as keep their prefix; more would read everything anew."""
        return SLOTS

    def connection_key(self) -> str:
        """One runtime for all instances of a model."""
        return f"local/{self.model_name}"


@cache
def _server(path: str, threads: int) -> Any:
    """The runtime with a model loaded; one for each in a process."""
    try:
        import xllamacpp
    except ImportError:
        raise EnvironmentProblem("the embedded model needs packages that are not here: "
                                 f"{weights.EXTRA}") from None
    asked = xllamacpp.CommonParams()
    asked.model.path = path
    asked.n_ctx, asked.n_parallel = CONTEXT * SLOTS, SLOTS
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = threads
    asked.n_threads_http, asked.cache_ram_mib, asked.n_gpu_layers = 1, 0, 0
    asked.verbosity, asked.warmup = -1, False
    return xllamacpp.Server(asked)


@cache
def _texts() -> dict[str, str]:
    import yaml

    text = resources.files("peerwatch.models").joinpath("embedded.yaml").read_text()
    return {str(name): str(value) for name, value in yaml.safe_load(text).items()}


def rendered(messages: Sequence[ChatMessage], tools: Sequence[ToolInfo]) -> list[dict[str, str]]:
    """Messages as the chat template knows them: system, user and assistant with plain text."""
    texts = _texts()
    told: list[dict[str, str]] = []
    for each in messages:
        if isinstance(each, ChatMessageTool):
            body = each.error.message if each.error else each.text
            told.append({"role": "user", "content": texts["result"].format(
                name=each.function or "tool", text=body)})
        elif isinstance(each, ChatMessageAssistant) and each.tool_calls:
            told.append({"role": "assistant", "content": "\n".join(
                _said(call.function, call.arguments) for call in each.tool_calls)})
        else:
            told.append({"role": each.role, "content": each.text})
    if tools:
        manual = texts["tools"].format(tools="\n".join(
            texts["tool"].format(name=each.name, description=each.description,
                                 schema=json.dumps(_parameters(each))) for each in tools))
        if told and told[0]["role"] == "system":
            told[0] = {"role": "system", "content": f"{told[0]['content']}\n\n{manual}"}
        else:
            told.insert(0, {"role": "system", "content": manual})
    return told


def answer_schema(tools: Sequence[ToolInfo], *, may_speak: bool) -> dict[str, Any]:
    """The JSON schema of one answer: a call of one of the tools, or words where it may speak."""
    answers = [_object({"tool": {"const": each.name}, "arguments": _parameters(each)})
               for each in tools]
    if may_speak:
        answers.append(_object({"say": {"type": "string"}}))
    return {"anyOf": answers}


def parsed(written: str, length: int) -> tuple[str, ToolCall | None]:
    """Words and call of an answer under the schema; one that was cut short is a broken call.

    Args:
        written: what the model wrote.
        length: messages before it, for the call's id.
    """
    try:
        told = json.loads(written)
    except ValueError as error:
        return "", ToolCall(id=f"call_{length}", function="unfinished", arguments={},
                            parse_error=f"the answer is no JSON object: {error}")
    if "say" in told:
        return str(told["say"]), None
    return "", ToolCall(id=f"call_{length}", function=str(told["tool"]),
                        arguments=dict(told["arguments"]))


def _usable(tools: Sequence[ToolInfo], choice: ToolChoice) -> list[ToolInfo]:
    if choice == "none":
        return []
    if isinstance(choice, ToolFunction):
        return [each for each in tools if each.name == choice.name]
    return list(tools)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties),
            "additionalProperties": False}


def _parameters(tool: ToolInfo) -> dict[str, Any]:
    return tool.parameters.model_dump(mode="json", exclude_none=True)


def _said(tool: str, arguments: dict[str, Any]) -> str:
    return json.dumps({"tool": tool, "arguments": arguments})


def _settings(config: GenerateConfig) -> dict[str, Any]:
    """Inspect's settings as the runtime names them; greedy where no temperature is asked for."""
    asked: dict[str, Any] = {
        "temperature": 0.0 if config.temperature is None else config.temperature,
        "max_tokens": config.max_tokens or MAX_TOKENS,
        "seed": SEED if config.seed is None else config.seed,
    }
    for name in ("top_p", "top_k", "frequency_penalty", "presence_penalty"):
        value = getattr(config, name)
        if value is not None:
            asked[name] = value
    if config.stop_seqs:
        asked["stop"] = config.stop_seqs
    if config.logprobs:
        asked |= {"logprobs": True, "top_logprobs": config.top_logprobs or 0}
    return asked


def _logprobs(choice: dict[str, Any]) -> Logprobs | None:
    told = choice.get("logprobs")
    if not told:
        return None
    return Logprobs(content=[Logprob(
        token=each["token"], logprob=each["logprob"], bytes=each.get("bytes"),
        top_logprobs=[TopLogprob(token=one["token"], logprob=one["logprob"],
                                 bytes=one.get("bytes")) for one in each.get("top_logprobs", ())],
    ) for each in told["content"]])
