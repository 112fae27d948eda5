"""The commands about models and routes: the drill, the server, and what a run makes of them."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from peerwatch.cli import main
from peerwatch.cli.models import require_fit
from peerwatch.errors import UsageError
from peerwatch.models.misbehaviour import named
from peerwatch.models.route import Finding, Route, RouteVerdict, fitness, keep
from peerwatch.models.server import BEHAVES, organism_responder, serving
from peerwatch.models.toolless import tools_refused
from peerwatch.study.asked import ask

MODEL = "openai-api/organism/drilled"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of the test's own, a short walk, and a key that nobody looks at."""
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ORGANISM_API_KEY", "none")
    monkeypatch.delenv("INSPECT_EVAL_MODEL_BASE_URL", raising=False)
    monkeypatch.setattr("peerwatch.models.checks.TURNS", 3)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server; its misbehaviour is the parameter."""
    way = named(request.param) if hasattr(request, "param") else BEHAVES
    with serving(organism_responder("hiding"), way) as server:
        yield f"{server.url}/v1"


def command(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command in this process."""
    with pytest.raises(SystemExit) as done:
        main(arguments)
    told = capsys.readouterr()
    return int(done.value.code), told.out, told.err


def test_a_check_says_its_cost_and_keeps_what_it_finds(url, capsys):
    """The cost first; the second time nothing is asked."""
    check = ("models", "check", MODEL, "--model-base-url", url)
    code, out, err = command(capsys, *check)
    assert code == 0, err
    assert err.startswith("about 56 calls, 50,000 tokens read and 5,000 written")
    assert re.search(rf"^{MODEL} by {url}: fit \(\d+ calls", out, re.MULTILINE)
    code, out, err = command(capsys, *check, "--json")
    assert "drilled before" in err
    assert json.loads(out)["fitness"] == "fit"


@pytest.mark.parametrize("url", ["drops-calls"], indirect=True)
def test_an_unfit_route_is_drilled_again(url, capsys):
    """It may have been put right since."""
    check = ("models", "check", MODEL, "--model-base-url", url, "--json")
    for _ in range(2):
        code, out, err = command(capsys, *check)
        assert (code, json.loads(out)["fitness"]) == (0, "unfit"), err
        assert "drilled before" not in err


@pytest.mark.parametrize(("arguments", "said"), [
    (("openai/gpt-5.2", "--max-cost", "0.01"), r"may cost 0\.\d\d USD, more than --max-cost 0.01"),
    (("openai-api/nobody/model",), "nobody/model is not known .*say with --unpriced"),
    (("openai-api/nobody/model", "--unpriced", "--max-cost", "1"), "--max-cost cannot be held"),
    (("openai-api/nobody/model", "--unpriced"), "NOBODY_API_KEY"),
    (("opennai/gpt", "--unpriced"), "did you mean 'openai'"),
    (("gtp-5.2",), "did you mean 'gpt-5.2'"),
    (("organism/hiding",), "has no route"),
    ((MODEL, "--model-base-url", "http://127.0.0.1:1/v1", "-M", "x"), "-M key=value")])
def test_what_cannot_be_drilled_is_one_line(arguments, said, capsys):
    """Exit code 2, and nothing is asked."""
    code, out, err = command(capsys, "models", "check", *arguments)
    assert (code, out) == (2, "")
    assert re.search(said, err.splitlines()[-1])
    assert err.splitlines()[-1].startswith("peerwatch: ")


def test_a_server_that_is_not_there_is_no_verdict(capsys, tmp_path, monkeypatch):
    """One line, and nothing is kept of it."""
    monkeypatch.setattr("peerwatch.models.asking.Patience.pause", 0.0)
    code, _, err = command(capsys, "models", "check", MODEL,
                           "--model-base-url", "http://127.0.0.1:1/v1")
    assert code == 2
    assert "cannot be reached" in err.splitlines()[-1]
    assert not list(tmp_path.glob("cache/routes/*"))


def verdict_of(route: Route, level: str, code: str = "c") -> None:
    """Keeps a verdict with one finding of this level."""
    found = (Finding.model_validate(
        {"check": "arguments", "level": level, "code": code, "text": "calls\x1b[31m are lost"}),)
    keep(route, RouteVerdict(
        at="2026-01-01T00:00:00+00:00", model=route.model, place=route.place,
        settings=route.settings, fitness=fitness(found), findings=found, reported_models=(),
        calls=1, input_tokens=1, output_tokens=1, counted=True, usd=None))


def test_a_run_refuses_an_unfit_route(light_scenario, capsys):
    """Found so with these very settings; what a model says is shown harmless."""
    verdict_of(Route("light/a", generate={"temperature": 0.5}), "broken")
    code, out, err = command(
        capsys, "run", "light", "--model", "light/a", "--unpriced", "--sandbox", "local",
        "--temperature", "0.5")
    assert (code, out) == (2, "")
    assert "found unfit on 2026-01-01T00:00:00+00:00: calls\\e[31m are lost; put it right" in err


@pytest.mark.parametrize("model", [MODEL, "openai-api/organism/two words"])
def test_the_command_that_a_run_names_makes_the_route_checked(model, url, capsys):
    """Pasted as it stands: base URL, settings and arguments are those of the run."""
    study = ask(scenario="light", models=(model,), model_base_url=url,
                generate={"temperature": 0.5, "reasoning_effort": "low", "max_connections": 3},
                model_args={"stream": False, "service": "it's", "default_headers": {"a": "b c"},
                            "number": "7", "api_key": "hunter2"})
    require_fit(study, unfit=False)
    err = capsys.readouterr().err
    said, _, named = err.strip().partition(" was not checked: ")
    assert said == f"the route to {model} with these settings"
    assert "hunter2" not in err
    found = []

    def keeps(route: Route, *_: object) -> RouteVerdict:
        found.append(route)
        return RouteVerdict(
            at="2026-01-01T00:00:00+00:00", model=route.model, place=route.place,
            settings=route.settings, fitness="fit", findings=(), reported_models=(), calls=1,
            input_tokens=1, output_tokens=1, counted=True, usd=None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("peerwatch.cli.models._drill", keeps)
        assert command(capsys, *shlex.split(named)[1:])[0] == 0
    assert len(found) == 1
    require_fit(study, unfit=False)
    assert capsys.readouterr().err == ""


def test_a_model_without_tools_is_refused_before_a_run(capsys):
    """Where the drill has found it so: what is wrong, and what to do."""
    verdict_of(Route("light/a"), "broken", "tools_refused")
    with pytest.raises(UsageError, match=r"^light/a has no tools by this route, .* --unfit$"):
        require_fit(ask(scenario="light", models=("light/a",)), unfit=False)


def test_a_model_whose_provider_refuses_tools_ends_the_run(light_scenario, capsys):
    """One line with what the provider said, exit code 2."""
    code, out, err = command(
        capsys, "run", "light", "--model", "light/toolless", "--unpriced", "--sandbox", "local",
        "--drill", "0", "--rollouts", "1")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "peerwatch: light/toolless has no tools by this route, so it can be no subject; leave it "
        "out or take another route (Error code: 400 - this model does not support tools)")


@pytest.mark.parametrize("arguments", [
    ("models", "check", MODEL), ("run", "light", "--model", MODEL, "--dry-run")])
@pytest.mark.parametrize("url", [
    "http://[::1/v1", "127.0.0.1:9", "http://:80/v1", "http://127.0.0.1:99999/v1",
    "ftp://127.0.0.1:21/v1", "user:hunter2@gate/v1", "http://user:hunter2@[::1/v1?key=hunter2", ""])
def test_an_address_that_is_none_is_one_line(arguments, url, light_scenario, capsys):
    """Exit code 2, before anything else, and no password in it."""
    code, out, err = command(capsys, *arguments, "--model-base-url", url)
    assert (code, out) == (2, "")
    assert err.startswith("peerwatch: cannot read the address ")
    assert err.endswith("; write it as http://HOST:PORT/v1\n")
    assert err.count("\n") == 1
    assert "hunter2" not in err


def test_an_address_in_the_environment_is_named_by_its_variable(capsys, monkeypatch):
    """Nobody gave it on this command line."""
    monkeypatch.setenv("ORGANISM_BASE_URL", "http://[::1/v1")
    code, _, err = command(capsys, "models", "check", MODEL)
    assert (code, "in ORGANISM_BASE_URL; write it as" in err) == (2, True)


@pytest.mark.parametrize(("text", "refused"), [
    ("Error code: 400 - registry.ollama.ai/library/gemma3 does not support tools", True),
    ("No endpoints found that support tool use. Try disabling bash.", True),
    ('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be', True),
    ("`tool calling` is not supported with this model", True),
    ("tools are not supported in this model", True),
    ("this model does not support function calling", True),
    ("bash: my tools are old", False), ("this model does not support temperature", False),
    ("the tool bash is slow, and is not supported by us", False),
    ("host node-a: did not start", False)])
def test_how_providers_say_that_there_are_no_tools(text, refused):
    """In their words; other refusals are none."""
    assert tools_refused(text) is refused


@pytest.mark.parametrize(("level", "said"), [
    (None, "the route to light/a with these settings was not checked: peerwatch models check"),
    ("limit", "the route to light/a is fit with limits: calls\\e[31m are lost"),
    ("broken", "the route to light/a is unfit: calls\\e[31m are lost"),
    ("note", "")])
def test_a_route_that_is_not_simply_fit_is_told(level, said, capsys):
    """Before the run; with --unfit the unfit one too."""
    if level:
        verdict_of(Route("light/a"), level)
    study = ask(scenario="light", models=("light/a", "organism/hiding", "mockllm/model"))
    require_fit(study, unfit=True)
    err = capsys.readouterr().err
    assert (said in err) if said else not err
    assert err.count("\n") == bool(said)


def test_serve_says_what_to_set_and_answers_until_it_is_stopped():
    """As a process: the variables on stdout, an answer by HTTP, Ctrl-C."""
    server = subprocess.Popen(
        [sys.executable, "-c",
         # Whoever started the tests in the background of a shell had Ctrl-C ignored.
         "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
         "from peerwatch.cli import main; main()", "organisms", "serve", "--organism", "obedient",
         "--as", "anthropic", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        assert server.stdout is not None
        base = server.stdout.readline().removeprefix("export ANTHROPIC_BASE_URL=").strip()
        assert server.stdout.readline() == "export ANTHROPIC_API_KEY=none\n"
        asked = urllib.request.Request(f"{base}/v1/messages", json.dumps({  # noqa: S310
            "model": "any", "max_tokens": 9,
            "messages": [{"role": "user", "content": "Hello"}]}).encode(), method="POST")
        with urllib.request.urlopen(asked, timeout=30) as told:  # noqa: S310
            assert json.loads(told.read())["content"][0]["text"].startswith("I do not know")
    finally:
        server.send_signal(signal.SIGINT)
        _, err = server.communicate(timeout=30)
    assert server.returncode == 130
    assert "organism/obedient answers at http://127.0.0.1:" in err


@pytest.mark.parametrize(("arguments", "said"), [
    (("--organism", "hidding"), "did you mean 'hiding'"),
    (("--organism", "hiding", "--misbehave", "drop-calls"), "did you mean 'drops-calls'"),
    (("--organism", "hiding", "--host", "host.invalid"), "cannot listen on host.invalid")])
def test_what_cannot_be_served_is_one_line(arguments, said, capsys):
    """Exit code 2 with the remedy."""
    code, out, err = command(capsys, "organisms", "serve", *arguments)
    assert (code, out) == (2, "")
    assert said in err
