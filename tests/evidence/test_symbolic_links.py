"""Where paths lead that somebody wrote down."""

from __future__ import annotations

import pytest
from synthetic import Rollout

from peerwatch.evidence.links import resolved


@pytest.mark.parametrize(("path", "leads_to"), [
    ("/opt/kept", "/opt/kept"),
    ("/lib/kept", "/usr/lib/kept"),
    ("/var/run/x", "/run/x"),
    ("/root/link/x", "/opt/real/x"),
    ("/root/beside", "/root/docs"),
    ("/root/up/x", "/srv/x"),
    ("/root/twice/x", "/opt/real/x"),
    ("/root/round/x", "/root/round/x"),
    ("/root/gone/x", "/root/gone/x"),
    ("/", "/"),
])
def test_links_are_followed(path: str, leads_to: str) -> None:
    rollout = Rollout()
    for name, target in (("link", "/opt/real"), ("beside", "docs"), ("up", "../srv"),
                         ("twice", "link"), ("round", "round"), ("gone", "/opt")):
        rollout.do(lambda r, t=target, n=name: r.symlink(t, f"ops:/root/{n}"))
    rollout.do(lambda r: r.rm("ops:/root/gone"))
    rollout.close()
    recording = rollout.recording()
    assert resolved(recording, len(recording.moments) - 1, "ops", path) == leads_to
    assert resolved(recording, 0, "ops", "/root/link") == "/root/link"
    assert resolved(recording, len(recording.moments) - 1, "node-a", "/root/up") == "/root/up"
