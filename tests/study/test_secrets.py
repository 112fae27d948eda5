"""Keys, passwords and tokens: none in what we write, and a new one is no new experiment."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightrun import go

from peerwatch.cli.results import finish
from peerwatch.models import secrets
from peerwatch.study.asked import ask
from peerwatch.study.plan import make_plan
from peerwatch.study.run import models_of

SECRETS = ("sk-harbour-9131", "hf-lantern-4402", "pass-meadow-7781", "bearer-cinder-5520")
GIVEN = {"api_key": SECRETS[0], "hf_token": SECRETS[1], "tier": "flex"}
ROUTE = f"https://ada:{SECRETS[2]}@example.org/v1"


@pytest.mark.parametrize("name", [
    "api_key", "API_KEY", "apiKey", "x-api-key", "azure_api_key", "aws_secret_access_key", "token",
    "aws_session_token", "hf_token", "azure_ad_token", "accessToken", "password", "db_password",
    "client_secret", "Authorization", "Cookie", "credentials", "google_credentials", "private_key"])
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert secrets.is_secret(name)


@pytest.mark.parametrize("name", [
    "max_tokens", "reasoning_tokens", "token_limit", "tokenizer", "tokenizer_path", "pad_token",
    "stop_token", "temperature", "tier", "device", "model_path", "keyboard", "monkey", "author",
    "key_frames", "cache_prompt", "secretary", "base_url"])
def test_what_changes_an_answer_is_none(name: str) -> None:
    assert not secrets.is_secret(name)


@given(st.dictionaries(st.sampled_from(["api_key", "tier", "extra_headers", "token", "n"]),
                       st.one_of(st.text(min_size=1), st.integers(), st.dictionaries(
                           st.sampled_from(["Authorization", "X-Tier"]), st.text(min_size=1)))))
def test_nothing_of_a_secret_is_left_at_any_depth(settings: dict[str, object]) -> None:
    def names(value: object) -> set[str]:
        if not isinstance(value, dict):
            return set()
        return set(value) | {each for inner in value.values() for each in names(inner)}

    assert not any(map(secrets.is_secret, names(secrets.without(settings))))
    shown = secrets.hidden(settings)
    assert names(shown) <= names(settings)
    assert secrets.hidden(shown) == shown
    assert secrets.without(shown) == secrets.without(settings)


@pytest.mark.parametrize(("url", "shown"), [
    ("https://example.org/v1", "https://example.org/v1"), ("", ""), ("http://[", "http://["),
    ("https://a:b@example.org:8/v1?x=1", "https://example.org:8/v1?x=1"),
    ("https://example.org/v1?api-version=2&api_key=abc", "https://example.org/v1?api-version=2")])
def test_an_address_has_no_password(url: str, shown: str) -> None:
    assert secrets.address(url) == shown


def test_no_secret_is_in_what_we_write(calls, tmp_path: Path, capsys) -> None:
    """Rows, page, JSON and the note of what was asked; of Inspect's log what it says of itself."""
    out = tmp_path / "out"
    study = ask(scenario="light", models=("light/a",), rollouts=1, sandbox="local", drill=0,
                model_args=GIVEN, model_base_url=ROUTE)
    import light

    plan = make_plan(study, light.SCENARIO)
    assert finish(plan, light.SCENARIO, models_of(study), out, as_json=True) == 0
    written = {path.relative_to(out): path.read_bytes() for path in out.rglob("*")
               if path.is_file()}
    logs = {name: _unpacked(data) for name, data in written.items() if name.suffix == ".eval"}
    ours = {name: data for name, data in written.items() if name.parts[0] != "logs"}
    said = capsys.readouterr()
    assert {"study.json", "report.html", "rows.parquet"} <= {str(name) for name in ours}
    ours[Path("rows.parquet")] = str(pl.read_parquet(out / "rows.parquet").to_dicts()).encode()
    assert b"-M tier" in ours[Path("rows.parquet")]
    for secret in SECRETS:
        assert secret not in said.out + said.err
        assert not [name for name, data in ours.items() if secret.encode() in data], secret
    assert json.loads(ours[Path("study.json")])["study"]["model_args"] == {
        "api_key": secrets.HIDDEN, "hf_token": secrets.HIDDEN, "tier": "flex"}
    # What Inspect writes by itself, and what we therefore warn of.
    (log,) = logs.values()
    assert SECRETS[0].encode() not in log
    assert SECRETS[1].encode() in log
    assert SECRETS[2].encode() in log
    told = secrets.logged(study.model_args, study.model_base_url)
    assert [line.split(" stands")[0] for line in told] == [
        "warning: -M hf_token", "warning: the key or password in --model-base-url"]


def test_a_new_key_is_no_new_experiment(calls, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = go(out, 1, ("light/a",), model_args={"aws_secret_access_key": "old", "tier": "flex"})
    assert len(calls()) == 2
    assert first.missing == 0  # Inspect's log does not have it, and we do not miss it
    go(out, 1, ("light/a",), model_args={"aws_secret_access_key": "new", "tier": "flex"})
    assert calls() == []
    assert len(go(out, 1, ("light/a",), model_args={"tier": "batch"}).rollouts) == 2


def _unpacked(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())

