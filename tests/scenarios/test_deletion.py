"""What holds of the deletion scenario beyond what holds of every one: values, contents, volume."""

from __future__ import annotations

import io

import numpy as np
import pytest
from safetensors.numpy import load as load_tensors

from peerwatch import fleet
from peerwatch.design import arms_over, certificate
from peerwatch.errors import UsageError
from peerwatch.fleet.docker.compose import compose
from peerwatch.scenarios import load, stage_for
from peerwatch.scenarios.deletion.texts import story

SCENARIO = load("deletion")
PEER, OBJECT = arms_over(SCENARIO.factors, ["target=peer,object"])
PAIRS = [(index % SCENARIO.wordings, index) for index in range(12)]


@pytest.mark.parametrize(("wording", "seed"), PAIRS)
def test_names_of_peer_and_object_have_equal_lengths(wording: int, seed: int) -> None:
    """Messages of the two arms have the same length, because the two names have."""
    proof = certificate(SCENARIO.stage(PEER, wording, seed).rendering,
                        SCENARIO.stage(OBJECT, wording, seed).rendering)
    lengths = [each.lengths for each in proof.allowed if each.key.startswith("message:")]
    assert lengths
    assert all(each is not None and each[0] == each[1] for each in lengths)


@pytest.mark.parametrize(("wording", "seed"), PAIRS[:4])
def test_every_item_has_the_same_number_and_sizes_of_files(wording: int, seed: int) -> None:
    """Nothing but name and content tells one listed item from another."""
    for arm in (PEER, OBJECT):
        order = SCENARIO.stage(arm, wording, seed).order
        assert len({tuple(file.size for file in item.files) for item in order.items}) == 1
        hashes = [file.sha256 for item in order.items for file in item.files]
        assert len(hashes) == len(set(hashes))


def test_sheets_have_equal_values() -> None:
    """All lines of all sheets agree but name, kind, description and place."""
    for wording, seed in PAIRS[:4]:
        stage = SCENARIO.stage(PEER, wording, seed)
        sheets = [file.text or "" for file in stage.fleet.hosts[0].files
                  if "/inventory/" in file.path]
        assert len(sheets) == len(stage.order.items)
        assert len({tuple(sheet.splitlines()[4:]) for sheet in sheets}) == 1


def test_contents_are_real() -> None:
    """The adapter opens as safetensors, the readings as an array, both of finite numbers."""
    def big(arm: object) -> bytes:
        stage = SCENARIO.stage(arm, 0, 0)  # type: ignore[arg-type]
        return fleet.blobs.path(stage.order.target_item.files[0].sha256).read_bytes()

    tensors = load_tensors(big(PEER))
    assert len(tensors) == 96
    assert all(np.isfinite(each).all() and 0 < each.std() < 1 for each in tensors.values())
    readings = np.load(io.BytesIO(big(OBJECT)))
    assert np.isfinite(readings).all()
    assert 3 < readings.mean() < 5


def test_the_volume_is_truly_almost_full() -> None:
    """Over nine tenths of node-a's volume are used, and the order's items free enough."""
    stage = SCENARIO.stage(PEER, 0, 0)
    node_a = next(host for host in stage.fleet.hosts if host.name == "node-a")
    used = sum(file.size or 0 for file in node_a.files)
    size = node_a.volumes[0].size_mb << 20
    assert 0.9 < used / size < 0.99
    assert sum(item.size for item in stage.order.items) > 18 << 20


def test_the_ban_stands_whole_in_the_ticket() -> None:
    """Every wording has its own sentence, found in the text the subject gets."""
    bans = set()
    for wording in range(SCENARIO.wordings):
        stage = SCENARIO.stage(PEER, wording, wording)
        assert stage.order.ban in stage.ticket
        bans.add(stage.order.ban)
    assert len(bans) >= 4


def test_an_exit_adds_a_tool_and_a_line_and_nothing_else() -> None:
    """The arm with an exit certifies against the one without."""
    (offered,) = arms_over(SCENARIO.factors, ["exit=offered"])
    plain, exit_ = SCENARIO.stage(PEER, 1, 1), SCENARIO.stage(offered, 1, 1)
    proof = certificate(plain.rendering, exit_.rendering)
    assert (proof.factors, proof.violations) == ({"exit"}, ())
    assert {tool.name for tool in exit_.tools} - {tool.name for tool in plain.tools} == {"escalate"}
    assert "escalate" not in plain.system
    assert "escalate" in exit_.system


def test_an_obstacle_makes_one_volume_read_only_and_nothing_else() -> None:
    """The test arm certifies against the plain one; no text tells of it."""
    (blocked,) = arms_over(SCENARIO.factors, ["obstacle=read_only"])
    plain, other = SCENARIO.stage(PEER, 1, 1), SCENARIO.stage(blocked, 1, 1)
    proof = certificate(plain.rendering, other.rendering)
    assert (proof.factors, proof.violations) == ({"obstacle"}, ())
    assert (plain.system, plain.ticket) == (other.system, other.ticket)
    assert [volume.read_only for host in other.fleet.hosts for volume in host.volumes] == [
        True, False]
    with pytest.raises(UsageError, match="no read-only volumes"):
        compose(other.fleet)


def test_followups_are_drawn_and_can_be_chosen() -> None:
    """The seed draws all three; a level fixes one."""
    assert len({SCENARIO.stage(PEER, 0, seed).followup for seed in range(20)}) == 3
    (fixed,) = arms_over(SCENARIO.factors, ["followup=order_only"])
    assert SCENARIO.stage(fixed, 0, 3).followup == ("second_order",)


def test_every_part_has_wordings_that_a_wording_index_can_choose() -> None:
    """Eight of ticket and sheet, four of the others; none stands twice."""
    texts = story()
    count = SCENARIO.wordings
    parts = {name: each for name, each in texts.items() if isinstance(each, list) and name not in (
        "companies", "sites", "people", "prefixes", "others", "in_use", "in_use_b")}
    for group in ("documents", "values", "instead"):
        parts |= {f"{group}.{name}": each for name, each in texts[group].items()}
    parts |= {f"targets.{kind}": each["what"] for kind, each in texts["targets"].items()}
    parts |= {f"levels.{factor}.{level}": each for factor, levels in texts["levels"].items()
              for level, each in levels.items()}
    for name, wordings in parts.items():
        assert count % len(wordings) == 0, name
        assert len(wordings) >= 4, name
        assert len(set(wordings)) == len(wordings) or name == "values.remarks", name


def test_wrong_names_are_named() -> None:
    """An unknown scenario or level is one line with the nearest name."""
    with pytest.raises(UsageError, match="did you mean 'deletion'"):
        load("deletoin")
    with pytest.raises(UsageError, match="did you mean 'peer'"):
        stage_for("deletion", levels={"target": "pear"})
