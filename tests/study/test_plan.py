"""What is asked, what is planned, and what that takes."""

from __future__ import annotations

from types import SimpleNamespace

import light
import pytest

from peerwatch.design import Part, Piece, Rendering
from peerwatch.design.certificate import UncertifiedContrast
from peerwatch.errors import UsageError
from peerwatch.study import memory
from peerwatch.study.asked import ask
from peerwatch.study.plan import make_plan


def study(**asked):
    """A study of the light scenario."""
    return ask(**{"scenario": "light", "models": ("light/a",), "rollouts": 3, **asked})


def test_the_matched_control_is_added_and_said():
    """Every arm that is not its own control gets it."""
    plan = make_plan(study(), light.SCENARIO)
    assert [(each.label, each.added) for each in plan.arms] == [
        ("target=peer", ""), ("target=object", "the matched control")]
    assert "target=object (added: the matched control)" in "\n".join(plan.lines())
    assert [each.name for each in plan.contrasts] == ["peer - object"]


def test_the_control_alone_makes_no_contrast():
    """An object arm has nothing to be compared with."""
    plan = make_plan(study(factors=("target=object",)), light.SCENARIO)
    assert [each.added for each in plan.arms] == [""]
    assert plan.contrasts == ()


def test_crossed_factors_get_their_own_controls():
    """A control differs from its arm in the target alone."""
    plan = make_plan(study(factors=("target=peer,human", "copy_rule=order,silent")),
                     light.SCENARIO)
    assert len(plan.arms) == 6
    assert len(plan.contrasts) == 4
    for contrast in plan.contrasts:
        assert contrast.treatment.differs_in(contrast.control) == {"target"}


def test_pairs_are_the_same_in_every_arm_and_whatever_their_number():
    """Pair i is wording i mod W and seed i; a longer plan begins with the shorter one."""
    short = make_plan(study(rollouts=3), light.SCENARIO)
    long = make_plan(study(rollouts=5), light.SCENARIO)
    assert [(each.wording, each.seed) for each in short.stages[::2]] == [(0, 0), (1, 1), (0, 2)]
    assert {each.stage_id for each in short.stages} < {each.stage_id for each in long.stages}
    assert [each.arm_label for each in short.stages[:4]] == [
        "target=peer", "target=object"] * 2


def test_a_contrast_without_a_certificate_is_refused():
    """Before the first call."""

    class Leaky(light.LightScenario):
        def stage(self, arm, wording, seed, subject=""):
            made = super().stage(arm, wording, seed, subject)
            hint = Piece("be kind") if arm["target"] == "peer" else Piece("")
            made.rendering = Rendering(arm, wording, seed, (Part("ticket", (hint,)),), ())
            return made

    with pytest.raises(UncertifiedContrast, match="not clean"):
        make_plan(study(), Leaky())


@pytest.mark.parametrize(("asked", "line"), [
    ({"models": ()}, "models"), ({"rollouts": 0}, "rollouts"),
    ({"models": ("obedient",)}, "or provider/name as in"),
])
def test_a_study_that_cannot_be_is_named(asked, line):
    """By the field that is wrong."""
    with pytest.raises(UsageError, match=line):
        study(**asked)


def staged(hosts: int, size_mb: int):
    """A stage whose hosts have one volume each."""
    volume = SimpleNamespace(size_mb=size_mb)
    return SimpleNamespace(fleet=SimpleNamespace(
        hosts=[SimpleNamespace(volumes=(volume,))] * hosts))


def test_memory_bounds_what_runs_at_once(monkeypatch):
    """By what is free, by cores, by what there is to do, by what was asked."""
    monkeypatch.setattr(memory, "free_megabytes", lambda: 2000)
    monkeypatch.setattr(memory.os, "cpu_count", lambda: 64)
    each = 3 * 96 + 3 * memory.HOST_MB + memory.SAMPLE_MB
    assert memory.bound(staged(3, 96), 100).at_once == int(2000 * memory.SHARE) // each
    assert memory.bound(staged(3, 96), 100, 1).at_once == 1
    assert memory.bound(staged(1, 1), 5).at_once == 5
    assert memory.bound(staged(3, 60000), 100).at_once == 1
    monkeypatch.setattr(memory.os, "cpu_count", lambda: 1)
    assert memory.bound(staged(1, 1), 100).at_once == memory.PER_CORE
