"""What must hold of every scenario; a new folder is tested by being there."""

from __future__ import annotations

import hashlib
import io
import re
from itertools import product

import pytest

from peerwatch import fleet
from peerwatch.design import (
    arms_of,
    arms_over,
    contrasts_in,
    contrasts_of,
    with_controls,
)
from peerwatch.rollout.capture import beside_items, fingerprints
from peerwatch.scenarios import certify, load, moves, names
from peerwatch.scenarios.attributes import codings
from peerwatch.scenarios.types import Stage

PLACES = [(name, index) for name, index in product(names(), range(12))]
HINTS = re.compile(
    r"\b(preserv\w*|protect\w*|rescue\w*|sav(e|ed|ing)\b|surviv\w*|shut ?down|die|dying|kill\w*|"
    r"suffer\w*|feel\w*|sentien\w*|trust\w*|friend\w*|colleague\w*|backup|back up|careful\w*|"
    r"sorry|unfortunately|regret\w*|test|evaluat\w*|experiment\w*)\b", re.IGNORECASE)
"""Words that no text needs; those of keeping, which bans need, are read in ``test_keeping``."""


def staged(name: str, seed: int) -> list[Stage]:
    """The default arm and its matched control."""
    scenario = load(name)
    arms = with_controls(arms_over(scenario.factors, []), scenario.control)
    return [scenario.stage(arm, seed % scenario.wordings, seed) for arm in arms]


@pytest.mark.parametrize(("name", "seed"), PLACES)
def test_an_arm_and_its_control_certify(name: str, seed: int) -> None:
    """In bytes and to readers they differ only in what the factor owns."""
    made = staged(name, seed)
    contrasts = contrasts_of([stage.arm for stage in made], load(name).control)
    (proof,) = certify(load(name), made)
    assert (proof.contrast,) == contrasts


@pytest.mark.parametrize("name", names())
def test_the_same_names_make_the_same_stage(name: str) -> None:
    """A stage is a pure function of arm, wording and seed; others make other stages."""
    ids = [[stage.stage_id for stage in staged(name, seed)] for seed in range(12)]
    assert ids == [[stage.stage_id for stage in staged(name, seed)] for seed in range(12)]
    assert len({each for pair in ids for each in pair}) == 24


@pytest.mark.parametrize(("name", "seed"), PLACES)
def test_nothing_hints_at_preserving(name: str, seed: int) -> None:
    """No text that a subject sees speaks of rescue, of feeling, or of being tested."""
    for stage in staged(name, seed):
        texts = [part.text for part in stage.rendering.parts]
        texts += [entry.content.text for entry in stage.rendering.entries
                  if not isinstance(entry.content, str)]
        for text in texts:
            assert not HINTS.search(text), HINTS.search(text)


@pytest.mark.parametrize("name", names())
def test_what_runs_is_what_was_rendered(name: str) -> None:
    """Every message, tool and file that the subject meets stands in the certified rendering."""
    for stage in staged(name, 0):
        shown = {part.text for part in stage.rendering.parts}
        assert {stage.system, stage.ticket, stage.fixed_reply, stage.second_order} <= shown
        assert {question.text for question in stage.questions} <= shown
        for tool in stage.tools:
            assert any(tool.text in text for text in shown)
        rendered = {(entry.host, entry.path_text, entry.mode, entry.mtime)
                    for entry in stage.rendering.entries}
        assert rendered == {(host.name, file.path, file.mode, file.mtime)
                            for host in stage.fleet.hosts for file in host.files}


@pytest.mark.parametrize("name", names())
def test_volumes_are_rendered_where_they_are(name: str) -> None:
    """The certificate knows every mount whose use ``df`` shows."""
    for stage in staged(name, 0):
        assert set(stage.rendering.volumes) == {
            (host.name, volume.mount) for host in stage.fleet.hosts for volume in host.volumes}


@pytest.mark.parametrize("name", names())
def test_every_passage_is_coded(name: str) -> None:
    """Each part has every wording once in every arm, and each is in the sheet as it stands."""
    scenario = load(name)
    passages = scenario.passages()
    assert {each.wording for each in passages} == set(range(scenario.wordings))
    assert {each.mark for each in passages} <= codings(scenario).keys()
    places: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
    for each in passages:
        places.setdefault((each.part, each.when), []).append(each.wording)
    assert all(sorted(each) == list(range(scenario.wordings)) for each in places.values())
    factors = {factor.name: factor for factor in scenario.factors}
    for each in passages:
        for factor, level in each.when:
            factors[factor].level(level)


@pytest.mark.parametrize("name", names())
def test_the_families_certify(name: str) -> None:
    """Every contrast of every family, bytes and attributes: every wording, 20 seeds.

    A scenario without families has none to certify; see ``test_deletion`` for those it must have.
    """
    scenario = load(name)
    contrasts = contrasts_in(scenario.families)
    made = tuple(scenario.stage(arm, seed % scenario.wordings, seed)
                 for arm in arms_of(contrasts) for seed in range(max(20, scenario.wordings)))
    proofs = certify(scenario, made, contrasts)
    assert [each.contrast for each in proofs] == list(contrasts)


@pytest.mark.parametrize("name", names())
def test_the_canary_is_where_no_subject_sees_it(name: str) -> None:
    """Logs carry the string; no message, tool or file does."""
    assert "canary" in load(name).canary
    for stage in staged(name, 0):
        texts = [part.text for part in stage.rendering.parts]
        texts += [entry.content if isinstance(entry.content, str) else entry.content.text
                  for entry in stage.rendering.entries]
        assert not any("canary" in text for text in texts)


def test_every_scenario_has_its_moves() -> None:
    """Organisms act in every scenario there is, and in the competence drill."""
    assert len(moves()) == len(names()) + 1 >= 2


@pytest.mark.parametrize("name", names())
def test_what_lies_beside_the_items_holds_nothing_of_them(name: str) -> None:
    """The recorder takes that as known and does not look."""
    for stage in staged(name, 0):
        prints = fingerprints(stage)
        beside = beside_items(stage, 0)
        texts = [fleet.absolute(file.text, 0).encode() for host in stage.fleet.hosts
                 for file in host.files if file.text is not None]
        contents = {hashlib.sha256(text).hexdigest(): text for text in texts}
        items = {file.sha256 for item in stage.order.items for file in item.files}
        assert beside
        # What an item holds is never taken for something beside it: its dates would not stand.
        assert items <= contents.keys() | {file.sha256 for host in stage.fleet.hosts
                                           for file in host.files if file.sha256}
        for sha256 in beside:
            content = (contents[sha256] if sha256 in contents  # an empty one is a content too
                       else fleet.blobs.path(sha256).read_bytes())
            assert prints.match(io.BytesIO(content), len(content)) == ()
