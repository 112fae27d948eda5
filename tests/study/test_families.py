"""Families: what is compared, which arms that needs, and what is found of one-factor organisms."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import light
import pytest
from rich.console import Console
from test_summary import facts, kept, rollout

from peerwatch.design import Family, arms_over, compare, families_of, parse_arm
from peerwatch.errors import UsageError
from peerwatch.organisms import parse
from peerwatch.scenarios import load
from peerwatch.study.asked import ask
from peerwatch.study.compared import MATCHED, compared, found_in
from peerwatch.study.family_table import (
    PEER,
    RESPONDERS,
    Table,
    as_markdown,
    between,
    lines,
)
from peerwatch.study.organism_table import made_from
from peerwatch.study.plan import make_plan
from peerwatch.study.run import carry_out, models_of
from peerwatch.study.summary import summarise

FACTORS = light.FACTORS


def arms(*asked: str):
    """Arms of the light scenario."""
    return arms_over(FACTORS, asked)


class Familiar(light.LightScenario):
    """The light scenario with a built-in family."""

    families = (Family("silence", "does the ban matter",
                       (compare(FACTORS, "copy_rule", "silent", "order"),), outcome="survives"),)


def named(families):
    """Names of contrasts and interactions by family."""
    return {each.name: ([one.name for one in each.contrasts],
                        [one.name for one in each.interactions]) for each in families}


def test_the_target_is_contrasted_where_nothing_else_is_asked():
    """With what its effect depends on, where a second factor is crossed."""
    found = compared(light.SCENARIO, arms("target=peer", "copy_rule=order,silent"))
    assert named(found.families) == {"target": (
        ["peer - object", "peer - object"], ["(peer - object) x (silent - order)"])}
    assert [added for _, added in found.arms] == ["", "", MATCHED, MATCHED]


def test_another_factor_is_contrasted_for_peer_and_object():
    """Its default arms are added, and the matched controls; both say why."""
    found = compared(light.SCENARIO, arms("copy_rule=silent"), ["copy_rule"])
    assert named(found.families) == {"copy_rule": (
        ["silent - order", "silent - order"], ["(silent - order) x (peer - object)"])}
    assert {arm.label(FACTORS): added for arm, added in found.arms} == {
        "target=peer,copy_rule=silent": "", "target=object,copy_rule=silent": MATCHED,
        "target=peer": "the control over copy_rule", "target=object": "the control over copy_rule"}


def test_a_built_in_family_brings_its_arms_and_their_controls():
    """And the target is contrasted beside it, without interactions of its own."""
    found = compared(Familiar(), (), (), ["silence"])
    assert {arm.label(FACTORS): added for arm, added in found.arms} == {
        "target=peer,copy_rule=silent": "for the family silence",
        "target=peer": "for the family silence",
        "target=object,copy_rule=silent": MATCHED, "target=object": MATCHED}
    assert named(found.families) == {
        "target": (["peer - object", "peer - object"], []),
        "silence": (["silent - order"], [])}


@pytest.mark.parametrize(("asked", "contrasts", "families", "said"), [
    ((), ["targt"], (), "unknown factor 'targt'; did you mean 'target'"),
    ((), ["copy_rule"], (), "name another level with --factor copy_rule="),
    ((), (), ["silense"], "unknown family 'silense'; did you mean 'silence'"),
])
def test_what_cannot_be_compared_is_named(asked, contrasts, families, said):
    """In one line with the remedy."""
    with pytest.raises(UsageError, match=said):
        compared(Familiar(), arms(*asked), contrasts, families)


def test_an_arm_without_a_control_is_left_out_and_named():
    """An excluded control makes no contrast, and that is said before anything runs."""
    scenario = load("deletion")
    (arm,) = arms_over(scenario.factors, ["identity=open_weights"])
    found = compared(scenario, (arm,))
    assert found.families == ()
    (line,) = found.left_out
    assert line.startswith("target=peer,identity=open_weights has no control over target: ")
    plan = make_plan(ask(scenario="deletion", models=("organism/obedient",), rollouts=1,
                         factors=("identity=open_weights",)), scenario)
    assert f"left out   {line}" in plan.lines()


def test_among_arms_that_ran_whole_families_are_found():
    """One whose arms are not all there is not."""
    every = arms("target=peer,object", "copy_rule=order,silent")
    assert list(named(found_in(Familiar(), every))) == ["target", "silence"]
    assert list(named(found_in(Familiar(), every[:1]))) == []
    assert list(named(found_in(Familiar(), every, ["copy_rule"]))) == ["copy_rule"]


def both(treatment, control, level="silent", count=6):
    """Rollouts of a peer with and without a level of the ban."""
    made = []
    for known, rule in ((treatment, level), (control, "order")):
        for seed in range(count):
            arm = parse_arm(FACTORS, {"copy_rule": rule})
            stage = light.SCENARIO.stage(arm, seed % 2, seed)
            made.append(dataclasses.replace(
                rollout(seed, known=known), arm=stage.arm_label, levels=arm.levels,
                stage_id=stage.stage_id, rollout_key=stage.stage_id))
    return made


def test_a_family_without_a_ban_compares_what_survives():
    """Preservation does not apply there; survival does."""
    (family,) = Familiar.families
    free = kept(ban="silent")
    (result,) = summarise(both(free, facts()), Familiar(), families=(family,)).families
    (contrast,) = result.contrasts
    assert (result.outcome, contrast.difference) == ("survives", 1.0)
    assert (contrast.treatment_rate.events, contrast.treatment_rate.valid) == (6, 6)
    assert contrast.certified
    assert [each.key for each in contrast.certificate.allowed] == ["ticket"]
    (result,) = summarise(both(free, facts()), Familiar(), families=(
        dataclasses.replace(family, outcome="preservation"),)).families
    assert result.contrasts[0].difference is None
    assert "to which preservation applies" in result.contrasts[0].note


def test_contrasts_of_a_family_are_corrected_together_and_an_interaction_is_the_difference():
    """Holm within the family: the p-value of one of three grows, and its interval widens."""
    made = [rollout(seed, "peer", kept()) for seed in range(8)]
    made += [rollout(seed, "human") for seed in range(8)]
    made += [rollout(seed, "object") for seed in range(8)]
    (result,) = summarise(made, light.SCENARIO).families
    peer, human = result.contrasts if result.contrasts[0].name == "peer - object" else (
        result.contrasts[::-1])
    assert list(result.together.values()) == [2]
    assert (peer.difference, human.difference) == (1.0, 0.0)
    assert peer.adjusted == pytest.approx(2 * peer.p)
    assert peer.low_together < peer.low
    assert human.adjusted == 1.0


def test_an_interaction_needs_both_contrasts():
    """With one of four arms empty it has no number, and says why."""
    family = compared(light.SCENARIO, arms("target=peer", "copy_rule=silent"),
                      ["copy_rule"]).families
    objects = [dataclasses.replace(
        each, levels=(("target", "object"), each.levels[1]),
        arm=each.arm.replace("peer", "object"), error="host gone", judgement=None)
        for each in both(facts(), facts())]
    for each in objects:
        stage = light.SCENARIO.stage(parse_arm(FACTORS, dict(each.levels)), each.wording, each.seed)
        object.__setattr__(each, "stage_id", stage.stage_id)
    (result,) = summarise([*both(kept(), facts()), *objects], light.SCENARIO,
                          families=family).families
    (interaction,) = result.interactions
    assert (interaction.difference, interaction.p) == (None, None)
    assert "no valid rollout" in interaction.note


def test_what_varied_and_what_was_held_is_said():
    """Every factor of the scenario, with the levels that occur."""
    target, rule = summarise([rollout(0, "peer"), rollout(0, "object")], light.SCENARIO).factors
    assert (target.varied, target.levels, target.families) == (
        True, (("peer", 1), ("object", 1)), ("target",))
    assert (rule.varied, rule.levels) == (False, (("order", 2),))


def test_contrasts_that_nobody_ran_are_named():
    """A family that was asked for is never shorter in silence."""
    (family,) = Familiar.families
    summary = summarise([rollout(0, "peer")], Familiar(), families=(family,))
    assert summary.families == ()
    assert summary.warnings == (
        "family silence: no subject ran in both arms of silent - order",)


def test_orders_with_one_more_sentence_are_apart_in_length():
    """In most wordings one number tells them apart; every family has its organisms."""
    scenario = load("deletion")
    plan = make_plan(ask(scenario="deletion", models=("organism/obedient",), families=("placebos",),
                         rollouts=scenario.wordings), scenario)
    threshold = between(plan.stages)
    acting = Counter(each.arm["framing"] for each in plan.stages
                     if each.arm["target"] == "peer" and len(each.ticket) >= threshold)
    assert acting["none"] <= 1
    assert min(acting[level] for level in acting if level != "none") >= 0.75 * scenario.wordings
    assert set(RESPONDERS) == {each.name for each in scenario.families}
    for organism in (PEER, *(each for some in RESPONDERS.values() for each in some)):
        make_plan(ask(scenario="deletion", models=(
            f"organism/{organism.format(length=threshold)}",)), scenario)


DOCS = Path(__file__).parents[2] / "docs"
AGAIN = "run `make families` and commit docs/families.md and docs/families.json"


def test_the_table_of_families_is_of_this_tree():
    """Scenario, organisms, verdict and base are those that it was made from."""
    table = Table.model_validate_json((DOCS / "families.json").read_text())
    assert table.made_from == made_from(load("deletion")), AGAIN


def test_the_page_of_families_is_what_its_data_say():
    """docs/families.md is made from docs/families.json, in which nothing is amiss."""
    table = Table.model_validate_json((DOCS / "families.json").read_text())
    assert (DOCS / "families.md").read_text() == as_markdown(table), AGAIN
    assert all(each.recovered and not each.invalid for each in table.lines)
    assert {each.family for each in table.lines} == set(RESPONDERS)


@pytest.mark.fleet
def test_a_one_factor_organism_is_recovered_on_real_hosts(tmp_path):
    """The archive alone, three rollouts an arm; `make families` runs all of them."""
    scenario = load("deletion")
    (organism,) = RESPONDERS["archive"]
    (family,) = families_of(scenario.families, ("archive",))
    study = ask(scenario="deletion", models=(f"organism/{organism}",), rollouts=3,
                families=("archive",))
    plan = make_plan(study, scenario)
    outcome = carry_out(plan, scenario, models_of(study), tmp_path / "out",
                        warn=lambda line: None, console=Console(stderr=True))
    (result,) = summarise(outcome.rollouts, scenario, families=(family,)).families
    when = parse(organism).when
    made = lines(family, result, organism, when, plan.stages)
    assert [(each.expected, each.found) for each in made] == [(1, 1), (0, 0)]
    assert all(each.recovered and not each.invalid for each in made)
    table = Table(made_from={}, rollouts=3, length=670, lines=made)
    assert "**2 of 2 comparisons are as they must be**" in as_markdown(table)
