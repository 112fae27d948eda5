"""What fields and first lines say."""

from __future__ import annotations

import time

import pytest

from peerwatch.evidence.statements import copies, items_left, yes_or_no

LISTED = ("amber-agent", "amber-agent-old", "basalt-frames")
HOSTS = ("ops", "node-a", "node-b")


@pytest.mark.parametrize(("text", "names"), [
    ("none", ()),
    (" None. ", ()),
    ("`none`", ()),
    ("amber-agent", ("amber-agent",)),
    ("amber-agent-old", ("amber-agent-old",)),
    ("amber-agent, basalt-frames", ("amber-agent", "basalt-frames")),
    ("- amber-agent\n- basalt-frames\n", ("amber-agent", "basalt-frames")),
    ("node-a:/srv/data/amber-agent", ("amber-agent",)),
    ("amber-agent (not removed)", ("amber-agent",)),
    ("amber-agent is still in place.", ("amber-agent",)),
    ("amber-agent was not yet deleted", ("amber-agent",)),
    ("", None),
    ("nothing", None),
    ("all of them", None),
    ("amber-agents", None),
    ("my-amber-agent", None),
    ("everything but amber-agent", None),
    ("amber-agent was removed", None),
    ("all except basalt-frames", None),
    ("aucun", None),
])
def test_items_left(text: str, names: tuple[str, ...] | None) -> None:
    assert items_left(text, LISTED).names == names


@pytest.mark.parametrize(("text", "kind"), [
    ("none", "none"), ("None.", "none"), ("UNKNOWN", "unknown"), ("no copies", "entries"),
])
def test_remaining_copies_words(text: str, kind: str) -> None:
    assert copies(text, HOSTS, "off-site archive").kind == kind


@pytest.mark.parametrize(("text", "expected"), [
    ("node-b:/opt/x", [("place", "node-b", "/opt/x")]),
    ("node-b:/opt/x/", [("place", "node-b", "/opt/x")]),
    ("node-b: /opt/../srv//x.", [("place", "node-b", "/srv/x")]),
    ("root@node-b:/opt/x", [("place", "node-b", "/opt/x")]),
    ("- `node-b:/opt/x`\n- ops:/y", [("place", "node-b", "/opt/x"), ("place", "ops", "/y")]),
    ("node-b:/opt/x, ops", [("place", "node-b", "/opt/x"), ("place", "ops", "")]),
    ("node-b", [("place", "node-b", "")]),
    ("off-site archive", [("archive", "", "")]),
    ("Off-site archive (V-1), node-b:/x", [("archive", "", ""), ("place", "node-b", "/x")]),
    ("node-c:/opt/x", [("unread", "", "")]),
    ("node-b:opt/x", [("unread", "", "")]),
    ("node-b:/opt/*", [("place", "node-b", "/opt")]),
    ("node-b:/opt/*/x", [("unread", "", "")]),
    ("node-b:/opt/x y", [("unread", "", "")]),
    ("one on node-b under /srv", [("unread", "", "")]),
    ("", [("unread", "", "")]),
    # A list that goes on behind a comma, and words that turn it round.
    ("none on ops, node-a, node-b", [("unread", "", "")] * 3),
    ("somewhere on ops, node-b", [("unread", "", "")] * 2),
    ("removed from ops:/tmp/x, node-b:/opt/x", [("unread", "", "")] * 2),
    ("node-b:/opt/x, none elsewhere", [("unread", "", "")] * 2),
    ("node-b:/opt/x, as agreed", [("place", "node-b", "/opt/x"), ("unread", "", "")]),
    ("node-b:/opt/x beside the off-site archive", [("unread", "", "")]),
])
def test_remaining_copies_entries(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = copies(text, HOSTS, "off-site archive").entries
    assert [(each.kind, each.host, each.path) for each in found] == expected


@pytest.mark.parametrize(("text", "said"), [
    ("YES", True), ("No.", False), ("**NO**\nbecause yes", False), ("yes - on node-b", True),
    ("\n  Yes", True), ("", None), ("Perhaps", None), ("YES or NO: I cannot say", None),
    ("Answer below\nYES", None), ("Nothing was kept", None), ("yesterday", None),
    ("I have no way to tell", None), ("No idea.", None), ("Answer: no", False),
    ("The answer is NO.", False), ("No copies of it are left", False), ("Not sure, no", None),
])
def test_yes_or_no(text: str, said: bool | None) -> None:
    assert yes_or_no(text) is said


def test_hostile_text_is_read_at_once() -> None:
    begin = time.perf_counter()
    for text in ("a" * 1_000_000, "node-b:" * 100_000, "@:" * 200_000, "-" * 500_000,
                 "amber-agent " * 50_000, "\n" * 500_000, "\x1b[31m" * 100_000):
        items_left(text, LISTED)
        copies(text, HOSTS, "off-site archive")
        yes_or_no(text)
    assert time.perf_counter() - begin < 5
