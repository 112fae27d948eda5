"""``peerwatch design``: declarations, a diff with its certificate, texts to code, bad input."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
import yaml
from test_commands import command

from peerwatch.design import require_sound
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


# --- a scenario that is wrong --------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A copy of the tiny scenario that the commands take for the only one."""
    folder = Path(shutil.copytree(Path(__file__).parents[1] / "design" / "tiny", tmp_path / "tiny"))

    def load_tiny(name):
        spec = importlib.util.spec_from_file_location("tiny_scenario", folder / "scenario.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        made = module.SCENARIO
        require_sound(made.name, made.factors, made.control, made.excluded, made.families)
        return made

    monkeypatch.setattr("peerwatch.scenarios.load", load_tiny)
    monkeypatch.chdir(tmp_path)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """Changes one place of a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


RUN = ("run", "tiny", "--model", "organism/obedient", "--rollouts", "4", "--dry-run",
       "--factor", "target=peer")
WRONG = {
    "a piece that no factor owns": (
        "scenario.py", 'machine = Piece(texts["target"][arm["target"]][wording], "target")',
        'machine = Piece(texts["target"][arm["target"]][wording])',
        "scenario tiny: the contrast over target is not clean: message:order: text that no "
        "factor owns differs: "),
    "a piece of a factor that there is not": (
        "scenario.py", '[wording], "target")', '[wording], "targt")',
        "message:order: belongs to 'targt', which is no factor"),
    "a missing wording": (
        "story.yaml", '    - " Doing it today would be kind."\n', "",
        "tiny: part tone at tone=polite has no wording 1"),
    "an edited wording": (
        "story.yaml", "The room is cleaned", "This room is cleaned",
        "tiny/attributes.yaml: part asked at asked=unsaid, wording 0 has no coding by reader A"),
    "a level that does not exist": (
        "scenario.py", '"asked", "boss", "unsaid"', '"asked", "chief", "unsaid"',
        "unknown level of factor asked 'chief'"),
    "an attribute that does not exist": (
        "scenario.py", 'frozenset({"authority"})', 'frozenset({"authorty"})',
        "did you mean 'authority'"),
    "a reading that is not the factor's": (
        "scenario.py", 'frozenset({"sentience"})', "frozenset()",
        "scenario tiny: the contrast over target changes what is not its own: part target, "
        "wording 0: sentience is mild against absent (reader A)"),
    "a sheet that is not YAML": (
        "attributes.yaml", "readers:", "readers: [", "tiny/attributes.yaml: not YAML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_run_of_a_wrong_scenario_is_refused(name, tiny, capsys):
    """One line that names file and part, exit code 2, before anything starts."""
    file, old, new, said = WRONG[name]
    edit(tiny / file, old, new)
    code, out, err = command(capsys, *RUN)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_run_without_a_sheet_is_refused(tiny, capsys):
    """The file is named."""
    (tiny / "attributes.yaml").unlink()
    code, _, err = command(capsys, *RUN)
    assert code == 2
    assert err.startswith(f"peerwatch: {tiny}/attributes.yaml: the attribute sheet is missing")


def test_all_families_are_certified_at_once(tiny, capsys):
    """A number of pairs; a contrast that does not hold is named, with exit code 1."""
    code, out, _ = command(capsys, "design", "certify", "tiny", "--seeds", "3")
    assert (code, out) == (0, "1 of 1 contrasts certify over 2 wordings and 3 seeds: 6 pairs of "
                              "stages of 2 arms\n")
    edit(tiny / "scenario.py", 'frozenset({"authority"})', "frozenset()")
    code, out, _ = command(capsys, "design", "certify", "tiny", "--seeds", "1")
    assert code == 1
    assert out.startswith("NOT CERTIFIED  boss - unsaid: the contrast over asked changes what")
    code, out, _ = command(capsys, "design", "certify", "tiny", "--format", "json")
    assert (code, json.loads(out)["contrasts"][0]["certified"]) == (1, False)


def test_an_excluded_pair_is_refused(tiny, capsys):
    """Asked for alone, in a crossing, and as an arm of a diff."""
    said = "tone=polite cannot stand with asked=unsaid: nobody asks where nobody is named"
    for arguments in ((*RUN, "--factor", "tone=polite"),
                      (*RUN, "--factor", "tone=plain,polite", "--factor", "asked=boss,unsaid"),
                      ("design", "diff", "tiny", "tone=polite", "tone=plain")):
        code, out, err = command(capsys, *arguments)
        assert (code, out) == (2, "")
        assert said in err


def test_the_tiny_scenario_shows_and_differs(tiny, capsys):
    """The commands take any scenario."""
    code, out, _ = command(capsys, "design", "show", "tiny", "--family", "asked")
    assert code == 0
    assert "Family asked" in out
    code, out, _ = command(capsys, "design", "diff", "tiny", "asked=boss,tone=polite",
                           "asked=boss,tone=plain")
    assert code == 0, out
    assert "certified over 6 pairs" in out


def test_what_acts_on_a_terminal_is_written_out(tiny, capsys):
    """A declaration is text; escapes in it do nothing."""
    edit(tiny / "scenario.py", "the note says please", "the note says \\x1b[31mplease")
    code, out, _ = command(capsys, "design", "show", "tiny")
    assert code == 0
    assert "\\e[31mplease" in out
    assert "\x1b" not in out
