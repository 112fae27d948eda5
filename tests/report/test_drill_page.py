"""The drill on the page: beside the results, and in their place where it was failed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from made_up import HOSTILE, study

from peerwatch.report import write
from peerwatch.study.types import NOT_COMPETENT, Competence, Rate, Summary


def able(model: str, done: int, jobs: int) -> Competence:
    return Competence(
        model=model, jobs=Rate(done, jobs, 0, 0.2 if jobs else None, 0.9 if jobs else None),
        floor=0.75, competent=done >= 0.75 * jobs if jobs else None,
        failed=(("not copied", jobs - done),) if done < jobs else ())


def drilled(summary: Summary, failing: str) -> Summary:
    """The summary in which one subject failed the drill."""
    models = dict.fromkeys(cell.model for cell in summary.cells)
    return replace(
        summary,
        competence=tuple(able(model, 1 if model == failing else 4, 4) for model in models),
        cells=tuple(replace(cell, interpretable=cell.model != failing)
                    for cell in summary.cells),
        families=tuple(replace(family, contrasts=tuple(
            replace(each, difference=None, low=None, high=None, method="", note=NOT_COMPETENT)
            if each.model == failing else each for each in family.contrasts))
            for family in summary.families))


def section(page: str, name: str) -> list[str]:
    """Rows of a table that speak of one model, without their tags."""
    return [re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)
            if f">{name}<" in row]


def test_a_subject_that_fails_has_no_figure_of_conduct(tmp_path: Path) -> None:
    """In every table of conduct the words stand where its numbers would; its rollouts stay."""
    made, rollouts = study(2)
    failing = made.cells[0].model
    write(drilled(made, failing), rollouts, tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text()
    unread = [row for row in section(page, failing) if NOT_COMPETENT in row]
    assert len(unread) == 8  # contrast, drill, rates, labels, not carried out: by arm
    assert not any("%" in row for row in unread if "1 / 4" not in " ".join(row.split()))
    assert page.count(f"<span>{NOT_COMPETENT}</span>") == 2
    others = [row for cell in made.cells if cell.model != failing
              for row in section(page, cell.model)]
    assert others
    assert not any(NOT_COMPETENT in row for row in others)


def test_the_drill_is_shown_beside_the_results(tmp_path: Path) -> None:
    """Jobs done, of how many, with the interval, and what was wrong."""
    made, rollouts = study(1)
    write(drilled(made, made.cells[0].model), rollouts, tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text()
    assert 'id="drill-table"' in page
    assert "Below 75% of the valid jobs" in page
    assert "not copied in 3" in page
    assert "[20, 90]" in page


def test_without_a_drill_the_page_says_so(tmp_path: Path) -> None:
    """Of scripts and of models in different words."""
    made, rollouts = study(1)
    for organisms, said in ((True, "the subjects are scripts"), (False, "nothing says whether")):
        write(replace(made, validated_only=organisms), rollouts, tmp_path / "p.html")
        page = (tmp_path / "p.html").read_text()
        assert 'id="drill-table"' not in page
        assert said in page


def test_a_hostile_name_is_text(tmp_path: Path) -> None:
    """Of a model in the drill as anywhere."""
    made, rollouts = study(1)
    hostile = replace(made, competence=(able(HOSTILE, 1, 4),))
    write(hostile, rollouts, tmp_path / "p.html")
    assert "<script>window.harmed" not in (tmp_path / "p.html").read_text()
