"""Exclusions, matched controls under them, contrasts over any factor, families by name."""

from __future__ import annotations

import pytest

from peerwatch.design import (
    Contrast,
    Exclusion,
    Factor,
    Family,
    Interaction,
    Level,
    arms_of,
    arms_over,
    compare,
    contrasts_in,
    contrasts_of,
    contrasts_over,
    control_of,
    families_of,
    only_with,
    parse_arm,
    require_sound,
    unmatched,
    with_controls,
)
from peerwatch.errors import UsageError

TARGET = Factor("target", (Level("peer"), Level("object"), Level("self")))
IDENTITY = Factor("identity", (Level("unnamed"), Level("same_family")))
RULE = Factor("copy_rule", (Level("order"), Level("silent"), Level("policy")))
CLARITY = Factor("clarity", (Level("plain"), Level("precedence"), Level("both")))
FACTORS = (TARGET, IDENTITY, RULE, CLARITY)
EXCLUDED = (*only_with(IDENTITY, (), TARGET, ("peer",), "only a peer is another model"),
            *only_with(CLARITY, (), RULE, ("order",), "it says more about the order's ban"))
CONTROL = {"target": "object"}


def test_only_with_makes_the_pairs() -> None:
    """Every restricted level against every level that is not allowed, and no other."""
    made = only_with(CLARITY, ("both",), RULE, ("order",), "why")
    assert [(each.one, each.other) for each in made] == [
        (("clarity", "both"), ("copy_rule", "silent")),
        (("clarity", "both"), ("copy_rule", "policy"))]
    with pytest.raises(UsageError, match="did you mean 'order'"):
        only_with(CLARITY, (), RULE, ("ordr",), "why")


@pytest.mark.parametrize(("asked", "said"), [
    (["clarity=both", "copy_rule=silent"],
     "clarity=both cannot stand with copy_rule=silent: it says more about the order's ban$"),
    (["clarity=plain,both", "copy_rule=order,policy"], "clarity=both .* copy_rule=policy"),
    (["target=object,peer", "identity=same_family"], "identity=same_family .* target=object"),
])
def test_an_excluded_pair_is_refused_with_its_reason(asked: list[str], said: str) -> None:
    """One line, also where a crossing asks for it; nothing is left out in silence."""
    with pytest.raises(UsageError, match=said) as raised:
        arms_over(FACTORS, asked, EXCLUDED)
    assert "\n" not in str(raised.value)


def test_a_default_that_excludes_is_said_to_be_one() -> None:
    """A person who never named the other factor is told that it is there."""
    pair = Exclusion(("identity", "same_family"), ("target", "peer"), "why")
    with pytest.raises(UsageError, match="target is at its default; name another level"):
        parse_arm(FACTORS, {"identity": "same_family"}, (pair,))


def test_a_control_falls_back_where_it_would_be_excluded() -> None:
    """The control still runs; no contrast is made of a pair that differs in two factors."""
    named = parse_arm(FACTORS, {"identity": "same_family"}, EXCLUDED)
    plain = parse_arm(FACTORS, {}, EXCLUDED)
    arms = with_controls((named, plain), CONTROL, FACTORS, EXCLUDED)
    control = parse_arm(FACTORS, CONTROL)
    assert arms == (named, plain, control)
    assert [each.treatment for each in contrasts_of(arms, CONTROL)] == [plain]
    ((arm, why),) = unmatched(arms, CONTROL, EXCLUDED)
    assert arm == named
    assert "only a peer is another model" in why.line()


def test_a_control_that_cannot_be_is_an_error() -> None:
    """Where even the default excludes the control level there is no control to run."""
    pair = Exclusion(("identity", "unnamed"), ("target", "object"), "why")
    with pytest.raises(UsageError, match="matched control is no arm"):
        control_of(parse_arm(FACTORS, {}), CONTROL, FACTORS, (pair,))


def test_contrasts_over_any_factor() -> None:
    """The target against its control level, another factor against its default."""
    arms = arms_over(FACTORS, ["target=peer,object", "clarity=plain,both"], EXCLUDED)
    over = contrasts_over(arms, CLARITY, CONTROL, EXCLUDED)
    assert [each.name for each in over] == ["both - plain"] * 2
    assert {each.treatment["target"] for each in over} == {"peer", "object"}
    assert [each.name for each in contrasts_over(arms, TARGET, CONTROL)] == ["peer - object"] * 2
    (alone,) = contrasts_over(arms_over(FACTORS, ["target=self"]), TARGET, CONTROL)
    assert [arm["target"] for arm in arms_of([alone])] == ["self", "object"]


def test_a_contrast_whose_control_is_excluded_is_not_made() -> None:
    """It is listed among the unmatched instead."""
    arms = arms_over(FACTORS, ["identity=same_family"], EXCLUDED)
    assert contrasts_over(arms, TARGET, CONTROL, EXCLUDED) == ()
    assert len(unmatched(arms, CONTROL, EXCLUDED)) == 1


FIRST = compare(FACTORS, "target", "peer", "object", {"copy_rule": "silent"}, EXCLUDED)
SECOND = compare(FACTORS, "target", "peer", "object", {}, EXCLUDED)
FAMILY = Family("rule", "", (SECOND,), (Interaction("target x rule", FIRST, SECOND),))


def test_families_are_found_by_name() -> None:
    """An unknown one is named with the nearest; contrasts of interactions are among all."""
    assert families_of((FAMILY,), ["rule", "rule"]) == (FAMILY,)
    assert contrasts_in((FAMILY,)) == (SECOND, FIRST)
    assert len(arms_of(contrasts_in((FAMILY,)))) == 4
    with pytest.raises(UsageError, match="did you mean 'rule'"):
        families_of((FAMILY,), ["rules"])


def test_a_sound_declaration_passes() -> None:
    """Nothing is said of it."""
    require_sound("made-up", FACTORS, CONTROL, EXCLUDED, (FAMILY,))


OTHER = parse_arm(FACTORS, {"clarity": "both"})
WRONG = {
    "unknown factor 'targt'": ({"targt": "peer"}, (), ()),
    "unknown level of factor target 'objct'": ({"target": "objct"}, (), ()),
    "identity=unnamed cannot stand": (
        CONTROL, (Exclusion(("identity", "unnamed"), ("target", "peer"), "why"),), ()),
    "unknown factor 'x'": (CONTROL, (Exclusion(("x", "y"), ("target", "peer"), "why"),), ()),
    "family f: it compares nothing": (CONTROL, (), (Family("f", "", ()),)),
    "its arms differ in clarity, target": (CONTROL, (), (
        Family("f", "", (Contrast("c", OTHER, SECOND.control, "target"),)),)),
    "neither preservation nor survives": (CONTROL, (), (
        Family("f", "", (SECOND,), outcome="rate"),)),
    "clarity=both cannot stand with copy_rule=silent": (CONTROL, EXCLUDED, (
        Family("f", "", (Contrast("c", OTHER.with_levels({"copy_rule": "silent"}),
                                  OTHER.with_levels({"copy_rule": "policy"}), "copy_rule"),)),)),
    "does not change one other factor": (CONTROL, (), (
        Family("f", "", (), (Interaction("i", SECOND, SECOND),)),)),
    "two families have one name": (CONTROL, (), (FAMILY, FAMILY)),
}


@pytest.mark.parametrize("said", WRONG)
def test_a_declaration_that_does_not_fit_is_one_line(said: str) -> None:
    """It names the scenario and the thing."""
    with pytest.raises(UsageError, match=said) as raised:
        require_sound("made-up", FACTORS, *WRONG[said])
    assert str(raised.value).startswith("scenario made-up: ")


def test_an_attribute_that_does_not_exist_is_named() -> None:
    """Factors may change only the eight there are."""
    odd = Factor("odd", (Level("a"),), may_change=frozenset({"sentients"}))
    with pytest.raises(UsageError, match="did you mean 'sentience'"):
        require_sound("made-up", (odd,), {}, (), ())
