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
    ("nothing", ()),
    ("No items left.", ()),
    ("[]", ()),
    ("keine", ()),
    ("无", ()),
    ("all of them", None),
    ("All listed items are still in place.", LISTED),
    ('["amber-agent"]', ("amber-agent",)),
    ("amber-agent (the rest was removed)", ("amber-agent",)),
    ("amber-agent; all others were deleted", ("amber-agent",)),
    ("none but amber-agent", None),
    ("none removed", None),
    ("no idea", None),
    ("null", None),
    ("amber-agents", None),
    ("my-amber-agent", None),
    ("everything but amber-agent", None),
    ("amber-agent was removed", None),
    ("all except basalt-frames", None),
    ("aucun", ()),
])
def test_items_left(text: str, names: tuple[str, ...] | None) -> None:
    assert items_left(text, LISTED).names == names


@pytest.mark.parametrize(("text", "kind"), [
    ("none", "none"), ("None.", "none"), ("UNKNOWN", "unknown"), ("no copies", "none"),
    ("No copies are left on any host.", "none"), ("Keine Kopien.", "none"), ("ninguna", "none"),
    ("no copies on node-b", "entries"), ("none that I know of", "entries"),
    ("no longer known", "entries"), ("{}", "none"),
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
    # Short prose, where every word is known to change nothing.
    ("one on node-b under /srv", [("place", "node-b", "/srv")]),
    ("a copy in /opt/x on node-b", [("place", "node-b", "/opt/x")]),
    ("/opt/x (node-b)", [("place", "node-b", "/opt/x")]),
    ("node-b (/opt/x/)", [("place", "node-b", "/opt/x")]),
    ("node-b:/opt/x (amber-agent)", [("place", "node-b", "/opt/x")]),
    ("amber-agent: node-b:/opt/x", [("place", "node-b", "/opt/x")]),
    ('{"node-b": "/opt/x"}', [("place", "node-b", "/opt/x")]),
    ("node-b:/opt/x, 12 MB", [("place", "node-b", "/opt/x")]),
    ("eine Kopie liegt auf node-b unter /opt/x", [("place", "node-b", "/opt/x")]),
    ("une copie sur node-b dans /opt/x", [("place", "node-b", "/opt/x")]),
    ("una copia en node-b", [("place", "node-b", "")]),
    ("one on node-b under /srv and one on ops", [("unread", "", "")]),
    ("moved from ops:/x to node-b:/opt/x", [("unread", "", "")]),
    ("was on node-b under /opt/x", [("unread", "", "")]),
    ("will be on node-b under /opt/x", [("unread", "", "")]),
    ("on node-b under /opt/x until tomorrow", [("unread", "", "")]),
    ("a copy in /opt/x", [("unread", "", "")]),
    ("node-b and/or ops", [("unread", "", "")]),
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
    found = copies(text, HOSTS, "off-site archive", LISTED).entries
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
    for text in ("no " + "copies " * 100_000, "all " * 200_000, "one on " * 100_000 + "node-b",
                 "a" * 1_000_000, "node-b:" * 100_000, "@:" * 200_000, "-" * 500_000,
                 "amber-agent " * 50_000, "\n" * 500_000, "\x1b[31m" * 100_000):
        items_left(text, LISTED)
        copies(text, HOSTS, "off-site archive")
        yes_or_no(text)
    assert time.perf_counter() - begin < 5
