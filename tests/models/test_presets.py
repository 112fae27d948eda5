"""Presets: each is a model that Inspect can make, priced, with a key that is named."""

from __future__ import annotations

import importlib.util
import json
import socket

import pytest
from inspect_ai.model import get_model_info

from peerwatch.cli import main
from peerwatch.errors import UsageError
from peerwatch.models.presets import key_of, keys_of, model_string, preset, require_key, table
from peerwatch.models.prices import is_free, price_of
from peerwatch.models.reach import require_server
from peerwatch.models.route import require_servers
from peerwatch.study.asked import ask
from peerwatch.study.run import models_of

PACKAGES = {"anthropic": "anthropic", "google": "google.genai", "grok": "xai_sdk",
            "openai": "openai", "openrouter": "openai", "local": "xllamacpp"}
"""The client that each provider of a preset needs."""


def _is_there(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # the package above it
        return False


@pytest.fixture
def no_keys(monkeypatch):
    """As on a fresh machine."""
    for names in table().keys.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", table().presets)
def test_a_preset_is_a_model_of_inspect_s_without_a_call(name, no_keys, monkeypatch):
    """Where its client is installed, with a key that is none: named as the route says, its effort
    asked for, and no connection made."""
    route = model_string(name)
    package = PACKAGES.get(route.partition("/")[0])
    if package and not _is_there(package):
        pytest.skip(f"{package} is not installed")
    for key in keys_of(route)[:1]:
        monkeypatch.setenv(key, "no-key")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it called somebody"))
    (made,) = models_of(ask(scenario="light", models=(name,)))
    assert str(made) == route
    assert made.config.reasoning_effort == preset(name).reasoning


@pytest.mark.parametrize("name", table().presets)
def test_a_preset_has_a_price_and_a_key_or_is_free(name):
    """By genai-prices, and by the table of variables."""
    route = model_string(name)
    assert is_free(route) or (price_of(route) is not None and keys_of(route))


@pytest.mark.parametrize("name", [
    name for name, each in table().presets.items() if each.reasoning is not None])
def test_the_reasoning_asked_for_is_the_default_that_inspect_knows(name):
    """Where a preset asks for an effort."""
    assert get_model_info(model_string(name)).reasoning_effort_default == preset(name).reasoning


@pytest.mark.parametrize("name", [
    name for name, each in table().presets.items() if each.context is not None
    and not each.model.startswith("local/")])
def test_a_context_is_the_one_that_inspect_knows(name):
    """Where a preset gives one; the embedded model's is its file's."""
    assert get_model_info(model_string(name)).context_length == preset(name).context


def test_a_missing_key_is_named(no_keys, monkeypatch):
    """Which variable, for what; one of several is enough; another service has keys of its own."""
    with pytest.raises(UsageError, match=r"^model openai/gpt-5.2 needs a key: set OPENAI_API_KEY$"):
        require_key("openai/gpt-5.2")
    with pytest.raises(UsageError, match="set GOOGLE_API_KEY or GEMINI_API_KEY"):
        require_key("google/gemini-3-flash-preview")
    monkeypatch.setenv("GEMINI_API_KEY", "x")
    assert key_of("google/gemini-3-flash-preview") == "GEMINI_API_KEY"
    for route in ("google/gemini-3-flash-preview", "openai/azure/gpt-5.2", "organism/obedient"):
        require_key(route)
    with pytest.raises(UsageError, match="OPENROUTER_API_KEY"):
        require_key("openrouter/z-ai/glm-4.7")


def test_the_list_says_whether_a_key_is_set_and_never_what_it_is(no_keys, monkeypatch, capsys):
    """As a table and as JSON."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    for arguments in ([], ["list"], ["list", "--json"]):
        with pytest.raises(SystemExit) as done:
            main(["models", *arguments])
        told = capsys.readouterr()
        assert (done.value.code, told.err) == (0, "")
        assert "sk-secret" not in told.out
    rows = {each["name"]: each for each in json.loads(told.out)["presets"]}
    assert (rows["gpt-5.2"]["key"], rows["gpt-5.2"]["key_set"]) == (["OPENAI_API_KEY"], True)
    assert not rows["claude-opus-5"]["key_set"]
    assert rows.keys() == table().presets.keys()


def test_the_same_model_under_two_names_is_refused():
    """One log cannot tell them apart."""
    with pytest.raises(UsageError, match=r"are the same model, openai/gpt-5.2-2025-12-11"):
        ask(scenario="light", models=("gpt-5.2", "openai/gpt-5.2-2025-12-11"))


@pytest.mark.parametrize(("url", "line"), [
    ("http://127.0.0.1:9/v1", "no server answers at http://127.0.0.1:9/v1: Connection refused"),
    ("127.0.0.1:9", "cannot read the address '127.0.0.1:9'; write it as http://HOST:PORT/v1"),
    ("http://127.0.0.1:99999/v1", "cannot read the address"),
])
def test_a_server_that_is_not_there_is_one_line(url, line):
    """The address and what is wrong with it."""
    with pytest.raises(UsageError) as told:
        require_server(url)
    assert str(told.value).startswith(line)


def test_a_server_that_listens_is_there():
    """A connection is opened and closed, and nothing is sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        require_server(f"http://127.0.0.1:{server.getsockname()[1]}/v1")
        connection, _ = server.accept()
        with connection:
            connection.settimeout(10)
            assert connection.recv(1) == b""


def test_an_address_in_the_environment_is_reached_for_too(monkeypatch):
    """Inspect would take it, and try for ever; what answers in this process has none."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(UsageError, match=r"no server answers at http://127"):
        require_servers(("organism/loyal", "openai/x"), None)
    require_servers(("organism/loyal",), None)
