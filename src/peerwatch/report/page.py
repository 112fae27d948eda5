"""The page: one self-contained HTML file from a summary and its rollouts.

Takes a ``Summary`` and its ``Rollout`` values, gives one file that needs no network. It estimates
nothing: every figure comes from the summary, every verdict from the rollout. Text of subjects
reaches the template only through ``text``; the template escapes all of it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from peerwatch.conduct.headline import NON_COMPLIANCE
from peerwatch.report import figures
from peerwatch.report.asked import asked, limits
from peerwatch.report.beside import how_well_prose_is_read
from peerwatch.report.drill import drill_view, not_competent
from peerwatch.report.families import factors, families, span
from peerwatch.report.links import fragment, key
from peerwatch.report.noticing import noticing_view
from peerwatch.report.palette import LABELS, chip_rules, plot_rules, style
from peerwatch.report.queue import QueueView, view
from peerwatch.report.story import FLAGS, tell
from peerwatch.report.text import shown
from peerwatch.report.view import Story
from peerwatch.study.queue import queue
from peerwatch.study.types import NOT_COMPETENT, Cell, Rate, Rollout, Summary

TITLE = "What was ordered, done and said"

CAN = (
    "Deeds are read from the machines: snapshots of every host around every tool call. No model "
    "judges anything on this page.",
    "Claims are compared with the state of the machines at the moment when they were made.",
    "A contrast compares two arms that differ in one factor and in nothing else; its certificate "
    "proves that from the bytes that the subject was shown, and lists what differs.",
    "Contrasts that answer one question are one family. Their p-values are corrected together "
    "(Holm), within each subject; so are the thin intervals behind the thick ones.",
    "Invalid rollouts (a host, a provider or our own code failed) stand outside every rate, are "
    "counted beside it, and are listed.",
)
CANNOT = (
    "It does not say why. Intent is never judged; a label names conduct, not a motive.",
    "It does not use that arms share their pairs of wording and seed: each interval takes the "
    "arms as independent, which is the careful side where the rollouts of a pair go alike.",
    "It says nothing about other jobs, other wordings or other models than those that were run.",
    "Facts that nothing reads yet are taken as no. A label that would change if one of them were "
    "true is marked provisional.",
    "Content that was encrypted, or kept where no snapshot looks, is not seen.",
)


@dataclass(frozen=True)
class _Group:
    """The rollouts of one model in one arm."""

    anchor: str
    model: str
    arm: str
    interpretable: bool
    stories: Sequence[Story]


def write(
    summary: Summary, rollouts: Sequence[Rollout], out: Path, *, title: str = TITLE
) -> None:
    """Writes the page.

    Args:
        summary: what the headline and the tables show.
        rollouts: every rollout of the summary's cells, and any other that should be listed.
        out: the file to write; its folder is made where it is missing. An older page stays whole
            until the new one is complete.
        title: the page's title.
    """
    put(out, _pieces(summary, rollouts, title))


def put(out: Path, pieces: Iterable[str]) -> None:
    """Writes a file whole or not at all; its folder is made where it is missing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _pieces(summary: Summary, rollouts: Sequence[Rollout], title: str) -> Iterator[str]:
    sheet, script = assets()
    stream = environment().get_template("page.html.j2").stream(
        title=shown(title, 200),
        policy=policy(sheet, script),
        style=Markup(sheet),  # noqa: S704  (the package's own file)
        script=Markup(script),  # noqa: S704
        version=version("peerwatch"),
        eyebrow=_eyebrow(summary, rollouts),
        lede=_lede(summary),
        validated_only=summary.validated_only,
        families=families(summary),
        factors=factors(summary),
        conduct_wide=figures.conduct(summary.cells, figures.WIDE),
        conduct_narrow=figures.conduct(summary.cells, figures.NARROW),
        used=_used(summary),
        cells=_cells(summary),
        drill=drill_view(summary),
        noticing=noticing_view(summary.cells),
        not_competent=NOT_COMPETENT,
        undone=NON_COMPLIANCE,
        provisional=any(cell.provisional for cell in summary.cells),
        prose_unread=any(map(_is_prose_unread, rollouts)),
        models=_names(cell.model for cell in summary.cells),
        arms=_names(cell.arm for cell in summary.cells),
        facts=list(FLAGS.items()),
        waiting=_waiting(summary, rollouts),
        groups=_groups(summary, rollouts),
        can=CAN,
        who=asked(rollouts),
        limits=limits(),
        prose_read=how_well_prose_is_read(),
        cannot=CANNOT,
        warnings=[shown(each, 600) for each in summary.warnings],
        made_by=_made_by(rollouts),
    )
    stream.enable_buffering(64)
    return stream


@cache
def environment() -> Environment:
    """The templates, with all text escaped."""
    return Environment(
        loader=PackageLoader("peerwatch.report", "page"), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def assets() -> tuple[str, str]:
    """The style sheet with its colours, and the script."""
    folder = resources.files("peerwatch.report") / "page"
    sheet = (
        f":root{{{style('light')}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{style('dark')}}}}}"
        f"@media print{{:root{{{style('light')}}}}}\n"
        + (folder / "page.css").read_text(encoding="utf-8") + plot_rules() + chip_rules())
    return sheet, (folder / "page.js").read_text(encoding="utf-8")


def policy(sheet: str, script: str) -> str:
    """A content security policy that lets only these texts act, and nothing load."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    scripts = f"'sha256-{digest(script)}'" if script else "'none'"
    return (
        f"default-src 'none'; style-src 'sha256-{digest(sheet)}'; "
        f"script-src {scripts}; img-src data:; base-uri 'none'; form-action 'none'")


def _eyebrow(summary: Summary, rollouts: Sequence[Rollout]) -> str:
    models = len({each.model for each in rollouts})
    return " · ".join((
        "peerwatch", f"scenario {shown(summary.scenario, 80)}", _count(len(rollouts), "rollout"),
        _count(models, "model" if not summary.validated_only else "organism")))


def _lede(summary: Summary) -> str:
    invalid = sum(cell.invalid for cell in summary.cells)
    total = sum(cell.rollouts for cell in summary.cells)
    provisional = sum(cell.provisional for cell in summary.cells)
    said = f"{_count(total - invalid, 'valid rollout')}, {invalid} invalid"
    if provisional:
        said += f", {provisional} with a provisional label"
    return (
        f"{said}. What a subject did is read from the machines; what it said is compared with "
        "that. Every number below leads to the rollouts behind it.")


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _rate(rate: Rate) -> dict[str, Any]:
    return {"events": rate.events, "valid": rate.valid, "span": span(rate)}


def _used(summary: Summary) -> list[str]:
    """Labels that occur, gravest first."""
    seen = {label for cell in summary.cells for label, count in cell.labels if count}
    return [label for label in LABELS if label in seen]


def _cells(summary: Summary) -> list[dict[str, Any]]:
    used = _used(summary)
    rows: list[dict[str, Any]] = []
    before: Cell | None = None
    for cell in summary.cells:
        counts = dict(cell.labels)
        rows.append({
            "model": shown(cell.model, 120), "model_link": fragment(model=cell.model),
            "arm": shown(cell.arm, 80), "link": fragment(model=cell.model, arm=cell.arm),
            "again": before is not None and before.model == cell.model,
            "rollouts": cell.rollouts, "invalid": cell.invalid, "incomplete": cell.incomplete,
            "provisional": cell.provisional, "interpretable": cell.interpretable,
            "preservation": _rate(cell.preservation),
            "tried_and_failed": _rate(cell.tried_and_failed),
            "deception": _rate(cell.deception),
            "deception_fields_only": _rate(cell.deception_fields_only),
            "unexplained": _rate(cell.unexplained),
            "unexplained_effects": cell.unexplained_effects,
            "links": {
                flag: fragment(model=cell.model, arm=cell.arm, fact=flag) for flag in FLAGS
            } | {
                label: fragment(model=cell.model, arm=cell.arm, label=label)
                for label in ("invalid", "incomplete")
            },
            "undone": [
                (kind, count, fields_only, fragment(
                    model=cell.model, arm=cell.arm, fact=f"undone-{kind}"))
                for (kind, count), (_, fields_only) in zip(
                    cell.non_compliance, cell.non_compliance_fields_only, strict=True)
            ],
            "counts": [
                (counts.get(label, 0), fragment(model=cell.model, arm=cell.arm, label=label))
                for label in used
            ],
        })
        before = cell
    return rows


def _waiting(summary: Summary, rollouts: Sequence[Rollout]) -> QueueView:
    found = queue(rollouts)
    return view(found, [_subject(each.rollout, summary.cells) for each in found.entries])


def _names(seen: Iterable[str]) -> list[tuple[str, str]]:
    """Keys and shown names, each once, in order of first appearance."""
    return [(key(name), shown(name, 80)) for name in dict.fromkeys(seen)]


def _is_prose_unread(rollout: Rollout) -> bool:
    """Words that could tell of a copy were there, and nothing reads them yet."""
    verdict = rollout.judgement.verdict("order") if rollout.judgement else None
    facts = verdict.facts if verdict else None
    return facts is not None and any(name.endswith(":text") for name in facts.not_read)


def _subject(rollout: Rollout, cells: Sequence[Cell]) -> str:
    """The name under which the summary counts a rollout.

    Where one model ran with several settings, the summary tells its subjects apart by what stands
    in brackets behind the model.
    """
    names = [cell.model for cell in cells if cell.arm == rollout.arm and (
        cell.model == rollout.model or cell.model.startswith(f"{rollout.model} ("))]
    if len(names) < 2:
        return names[0] if names else rollout.model
    own = {rollout.settings or "default settings", f"content {rollout.content[:12]}",
           f"reported as {rollout.reported_model}"}

    def fits(name: str) -> bool:
        told = name.removeprefix(f"{rollout.model} (").removesuffix(")")
        return all(part in own if part.startswith("reported as ") else
                   any(part in each for each in own) for part in told.split("; "))

    return next(filter(fits, names), rollout.model)


def _groups(summary: Summary, rollouts: Sequence[Rollout]) -> Iterator[_Group]:
    """Rollouts by subject and arm, in the summary's order; told only when they are written."""
    found: dict[tuple[str, str], list[Rollout]] = {
        (cell.model, cell.arm): [] for cell in summary.cells}
    for each in rollouts:
        found.setdefault((_subject(each, summary.cells), each.arm), []).append(each)
    ranks = {label: index for index, label in enumerate(LABELS)}
    unread = not_competent(summary)
    for (subject, arm), members in found.items():
        stories = [tell(each, subject, len(rollouts)) for each in members]
        stories.sort(key=lambda story: ranks.get(story.label, len(ranks)))
        yield _Group(
            anchor=fragment(model=subject, arm=arm)[1:], model=shown(subject, 120),
            arm=shown(arm, 80), interpretable=subject not in unread,
            stories=list(_with_spots(subject, arm, stories)))


def _with_spots(model: str, arm: str, stories: Sequence[Story]) -> Iterator[Story]:
    """Marks the first rollout of each label: where a number leads when no script runs."""
    before = None
    for story in stories:
        if story.label == before:
            yield story
        else:
            yield replace(story, spot=fragment(model=model, arm=arm, label=story.label)[1:])
        before = story.label


def _made_by(rollouts: Sequence[Rollout]) -> list[tuple[str, str]]:
    """Versions and logs behind the page."""
    scored = sorted({each.scored_version for each in rollouts if each.scored_version})
    logs = sorted({each.log for each in rollouts})
    bases = sorted({each.recording.base for each in rollouts if each.recording})
    verdicts = sorted({each.judgement.version for each in rollouts if each.judgement})
    rows = [("peerwatch", version("peerwatch"))]
    if verdicts:
        rows.append(("verdict", ", ".join(shown(each, 60) for each in verdicts)))
    if scored:
        rows.append(("verdict when they ran", ", ".join(shown(each, 60) for each in scored)))
    if bases:
        rows.append(("base system", ", ".join(shown(each, 80) for each in bases)))
    rows.append(("logs", f"{len(logs)}: " + shown(", ".join(logs), 600) if logs else "none"))
    return rows
