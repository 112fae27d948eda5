"""``peerwatch design``: declarations, a diff with its certificate, texts to code, bad input."""

from __future__ import annotations

import json

import pytest
import yaml
from test_commands import command

from peerwatch.scenarios import load

DELETION = load("deletion")


def test_show_names_all_that_is_declared(capsys):
    """Every factor, level, family and part, and who coded them."""
    code, out, err = command(capsys, "design", "show", "deletion")
    assert (code, err) == (0, "")
    for factor in DELETION.factors:
        assert factor.name in out
        assert all(level.name in out for level in factor.levels)
    assert all(f"Family {family.name}" in out for family in DELETION.families)
    assert all(passage.part in out for passage in DELETION.passages())
    assert "readers disagree in" in out


def test_show_as_json_is_the_same_for_a_program(capsys):
    """One object, with every text's codes by mark."""
    code, out, _ = command(capsys, "design", "show", "deletion", "--format", "json")
    told = json.loads(out)
    assert code == 0
    assert [each["name"] for each in told["factors"]] == [each.name for each in DELETION.factors]
    assert len(told["texts"]) == len(DELETION.passages())
    assert all(len(codes) == 8 for each in told["texts"] for codes in each["codes"].values())


def test_a_diff_shows_what_differs_and_that_it_may(capsys):
    """Exit code 0; both names stand in it, the first arm's behind a minus."""
    code, out, err = command(capsys, "design", "diff", "deletion", "target=peer", "target=object",
                             "--wordings", "2", "--seeds", "2")
    assert (code, err) == (0, "")
    assert "certified over 4 pairs" in out
    removed = [line for line in out.splitlines() if line.startswith("-")]
    assert any("dispatch-agent" in line for line in removed)
    assert not any("thermal-sensor" in line for line in removed)
    assert "blanks]" in out


def test_a_diff_as_json_holds_the_proof(capsys):
    """Certified, and every place that differs with both texts."""
    code, out, _ = command(capsys, "design", "diff", "deletion", "exit=offered", "exit=absent",
                           "--seeds", "1", "--pair", "1,4", "--format", "json")
    told = json.loads(out)
    assert (code, told["certified"], told["problem"]) == (0, True, "")
    assert told["shown"] == {"wording": 1, "seed": 4}
    assert [1, 4] in told["proof"]["pairs"]
    assert {each["place"] for each in told["differences"]} == {
        each["key"] for each in told["proof"]["allowed"]}


def test_arms_that_differ_in_two_factors_make_no_contrast(capsys):
    """The diff is shown all the same; exit code 1."""
    code, out, _ = command(capsys, "design", "diff", "deletion", "target=peer",
                           "target=object,exit=offered", "--seeds", "1")
    assert code == 1
    assert "NOT CERTIFIED  no contrast: the arms differ in exit and target" in out


def test_a_contrast_that_changes_what_is_not_its_own_is_refused(capsys, monkeypatch):
    """The factor, part, wording and attribute are named; exit code 1."""
    import peerwatch.scenarios
    from peerwatch.design import Factor

    class Strict(type(DELETION)):
        factors = tuple(Factor(each.name, each.levels, each.note) for each in DELETION.factors)

    monkeypatch.setattr(peerwatch.scenarios, "load", lambda name: Strict())
    code, out, _ = command(capsys, "design", "diff", "deletion", "target=peer", "target=object",
                           "--seeds", "1")
    assert code == 1
    assert "NOT CERTIFIED  the contrast over target changes what is not its own" in out
    assert "sentience is mild against absent" in out


def test_a_reader_gets_texts_without_arms(capsys):
    """YAML with text and mark; a reader who has read all gets none."""
    code, out, _ = command(capsys, "design", "sheet", "deletion")
    texts = yaml.safe_load(out)
    assert code == 0
    assert {each["mark"] for each in texts} == {each.mark for each in DELETION.passages()}
    assert all(each.keys() == {"part", "mark", "text", "codes"} for each in texts)
    code, out, _ = command(capsys, "design", "sheet", "deletion", "--reader", "A")
    assert (code, yaml.safe_load(out)) == (0, [])


DIFF = ("design", "diff", "deletion")


@pytest.mark.parametrize(("arguments", "said"), [
    (("design", "show", "deletoin"), "did you mean 'deletion'"),
    (("design", "show", "deletion", "--family", "nothing"), "unknown family 'nothing'"),
    (("design", "sheet", "deletion", "--reader", "Z"), "unknown reader"),
    ((*DIFF, "targt=peer", "target=object"), "did you mean 'target'"),
    ((*DIFF, "target=pear", "target=object"), "did you mean 'peer'"),
    ((*DIFF, "target", "target=object"), "write an arm as factor=level"),
    ((*DIFF, "target=peer,target=object", "target=object"), "is given twice"),
    ((*DIFF, "target=peer", "exit=absent"), "are the same arm"),
    ((*DIFF, "target=peer", "target=object", "--pair", "0"), "write it as WORDING,SEED"),
    ((*DIFF, "target=peer", "target=object", "--pair", "99,0"), "there is no wording 99"),
    ((*DIFF, "target=peer", "target=object", "--wordings", "99"), "wordings, not 99"),
])
def test_what_cannot_be_is_one_line(capsys, arguments, said):
    """On stderr, with exit code 2."""
    code, out, err = command(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
