"""Keys and fragments hold no foreign text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from peerwatch.report.links import fragment, key, rollout_id

PLAIN = re.compile(r"[a-z0-9-]+")


@given(st.text())
def test_a_key_is_plain_and_short(name: str) -> None:
    """Whatever a model is called, its key is made of letters, digits and dashes."""
    assert PLAIN.fullmatch(key(name))
    assert len(key(name)) <= 40


def test_keys_keep_names_apart() -> None:
    """Names that read the same after cleaning have different keys."""
    assert key("organism/hiding?rate=0.6") != key("organism/hiding?rate=0.60")
    assert key("a/b") != key("a-b")


def test_a_key_keeps_what_can_be_read() -> None:
    """A person can tell from a shared fragment what it shows."""
    assert key("organism/hiding").startswith("organism-hiding-")


def test_a_fragment_names_only_what_is_asked_for() -> None:
    """Parts that are not asked for do not stand in the fragment."""
    assert fragment(label="concealed") == "#label=concealed"
    assert fragment(model="m", fact="kept") == f"#model={key('m')}&fact=kept"


def test_rollouts_have_ids_of_their_own() -> None:
    """Two rollouts of one key, from two logs, are two sections."""
    assert rollout_id("k", "u1") != rollout_id("k", "u2")
    assert PLAIN.fullmatch(rollout_id('"><script>', "\udcff"))
