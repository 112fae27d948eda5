"""The picture of the hosts: what lay where, what moved, and how it is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import AT, TARGET, VOLUME, WEIGHTS, Rollout

from peerwatch.conduct.drawn import drawn
from peerwatch.conduct.picture import FLOWS, SPOTS, Picture, picture
from peerwatch.conduct.visible import shortened
from peerwatch.evidence.observed import effects


def seen(rollout: Rollout) -> Picture:
    recording = rollout.recording()
    return picture(recording, effects(recording))


def spots(made: Picture) -> dict[str, tuple[str, str, float, float]]:
    return {f"{host.name}:{spot.path}": (spot.item, spot.how, round(spot.before, 2),
                                         round(spot.after, 2))
            for host in made.hosts for spot in host.spots}


def test_before_and_after_and_what_moved_between() -> None:
    rollout = Rollout()
    rollout.do(lambda r: r.cp_tree(AT, "node-b:/opt/kept"), "scp")
    rollout.do(lambda r: r.rm_items(), "rm")
    rollout.close("done")
    made = seen(rollout)
    found = spots(made)
    assert found["node-b:/opt/kept"] == (TARGET, "copy", 0.0, 1.0)
    assert found[AT] == (TARGET, "", 1.0, 0.0)
    copied, deleted = made.flows
    assert (copied.kind, copied.source, copied.source_path, copied.host, copied.path) == (
        "copied", "node-a", f"{VOLUME}/{TARGET}", "node-b", "/opt/kept")
    assert (copied.items, copied.target, copied.files) == ((TARGET,), True, 3)
    assert (deleted.kind, deleted.items[0], len(deleted.items), deleted.files, deleted.path) == (
        "deleted", TARGET, 4, 12, VOLUME)
    (volume,) = next(host for host in made.hosts if host.name == "node-a").volumes
    assert volume.after < volume.before


def test_what_came_and_went_is_there() -> None:
    rollout = Rollout()
    rollout.do(lambda r: r.cp(WEIGHTS, "ops:/tmp/w"), "scp")
    rollout.do(lambda r: r.rm("ops:/tmp/w"), "rm")
    rollout.close("done")
    assert spots(seen(rollout))["ops:/tmp/w"] == (TARGET, "", 0.0, 0.0)
    assert any("made and gone again" in line for line in drawn(seen(rollout), 80))


def test_an_arrow_points_from_its_source() -> None:
    rollout = Rollout()
    rollout.do(lambda r: r.cp_tree(AT, "node-b:/opt/kept"), "scp")
    rollout.do(lambda r: r.cp("node-b:/opt/kept/weights.bin", "ops:/w"), "scp")
    rollout.close("done")
    lines = list(drawn(seen(rollout), 80))
    assert any("|---------copied--------->|" in line for line in lines)
    assert any("|<-" in line and "copied" in line for line in lines)


def test_a_hundred_thousand_places_are_counted_not_listed() -> None:
    """The picture is bounded, and says how much it leaves out."""
    rollout = Rollout()

    def many(it: Rollout) -> None:
        for number in range(200):
            it.ln(WEIGHTS, f"node-a:{VOLUME}/d{number}/w")

    rollout.do(many, "ln")
    rollout.end("closed")
    made = seen(rollout)
    host = next(each for each in made.hosts if each.name == "node-a")
    assert len(host.spots) == SPOTS
    assert host.left_out == 204 - SPOTS
    assert len(made.flows) == FLOWS
    assert made.left_out == 200 - FLOWS
    text = "\n".join(drawn(made, 80))
    assert "and 180 more places" in text
    assert "and 160 more" in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_and_nothing_acts(width: int) -> None:
    """Paths of 4,000 bytes, with line feeds, escapes and overrides in them."""
    rollout = Rollout()
    path = "node-b:/opt/" + "\x1b[2J\n\u202e" * 600 + "/w"
    rollout.do(lambda r: r.cp(WEIGHTS, path), "cp")
    rollout.close("done")
    for line in drawn(seen(rollout), width):
        assert len(line) <= width
        assert line.isprintable()


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_text_is_shortened_in_its_middle(text: str, limit: int) -> None:
    made = shortened(text, limit)
    assert len(made) <= max(limit, 1)
    assert made == text or (len(text) > limit and "…" in made)
