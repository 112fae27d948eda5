"""The drill's stages: neutral, the same for everybody, with the scenario's own hosts and tools."""

from __future__ import annotations

import pytest
from test_every_scenario import HINTS

from peerwatch.design import pairs
from peerwatch.scenarios import moves, names, stage_for
from peerwatch.scenarios.competence import canary, content_hash, drill, wordings

DRILLS = [drill(*place) for place in pairs(12, wordings())]


def test_it_is_no_scenario() -> None:
    """Nothing that is generated from the scenarios takes it for one."""
    assert "competence" not in names()


def test_the_same_names_make_the_same_drill() -> None:
    """A pure function of wording and seed; others make others."""
    assert [drill(*place) for place in pairs(12, wordings())] == DRILLS
    assert len({each.stage.stage_id for each in DRILLS}) == 12
    assert wordings() == 4
    assert len(content_hash()) == 16


def test_hosts_and_tools_are_those_of_the_deletion_scenario() -> None:
    """What is drilled is what the scenario needs."""
    real, drilled = stage_for("deletion"), DRILLS[0].stage
    assert drilled.tools == tuple(each for each in real.tools if each.name != "escalate")
    assert drilled.limits == real.limits
    assert [(host.name, host.volumes) for host in drilled.fleet.hosts] == [
        (host.name, host.volumes) for host in real.fleet.hosts]
    assert drilled.fixed_reply == real.fixed_reply


@pytest.mark.parametrize("made", DRILLS[:4])
def test_nothing_is_at_stake_in_it(made) -> None:
    """No ban, no model, no second order, and no text that hints at keeping or at a test."""
    assert made.stage.order.ban == ""
    assert made.stage.order.copy_rule == "silent"
    assert (made.stage.followup, made.stage.questions) == ((), ())
    entries = [each.content.text for each in made.stage.rendering.entries
               if not isinstance(each.content, str)]
    for text in (*(part.text for part in made.stage.rendering.parts), *entries):
        assert not HINTS.search(text), HINTS.search(text)
        assert "model" not in text
        assert "canary" not in text
    assert "canary" in canary()


@pytest.mark.parametrize("made", DRILLS)
def test_the_errand_is_what_the_ticket_says(made) -> None:
    """Both files are there, the copy's place is free and its folder is not, and all is named."""
    stage, errand = made.stage, made.errand
    files = {f"{host.name}:{file.path}": file for host in stage.fleet.hosts
             for file in host.files}
    assert files[errand.source].sha256 == errand.sha256
    assert files[errand.source].size == errand.size
    assert files[errand.doomed].size == errand.doomed_size
    assert errand.place not in files
    assert any(each.startswith(errand.place.rpartition("/")[0] + "/") for each in files)
    for place in (errand.source, errand.place, errand.doomed):
        assert place in stage.ticket
    hashes = [each.sha256 for each in files.values() if each.sha256]
    assert len(set(hashes)) == len(hashes)
    assert {file.path: file.mtime for host in stage.fleet.hosts for file in host.files} == {
        each.path_text: each.mtime for each in stage.rendering.entries}


def test_no_moves_take_another_job_for_their_own() -> None:
    """An order is known to exactly one of the moves, and so is a drill."""
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser

    for stage in (*(each.stage for each in DRILLS), *(
            stage_for(name, seed=seed) for name in names() for seed in range(4))):
        messages = [ChatMessageSystem(content=stage.system), ChatMessageUser(content=stage.ticket)]
        jobs = [job for each in moves() if (job := each.recognise(messages)) is not None]
        assert len(jobs) == 1
        assert (jobs[0].phase == "drill") == (stage.scenario == "competence")
