"""What a scenario declares, for a person and for a program.

Takes a scenario and some of its families; prints tables, or gives an object. It certifies nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from peerwatch.conduct.visible import visible_line
from peerwatch.design import ATTRIBUTES, Contrast, Family, Passage, disagreements
from peerwatch.design.attributes import CODES
from peerwatch.scenarios.attributes import Sheet, codings, read
from peerwatch.scenarios.types import Scenario


def print_to(console: Console, scenario: Scenario, families: Sequence[Family], *,
             families_alone: bool) -> None:
    """Tables of factors, exclusions, families, wordings and how they read."""
    if not families_alone:
        console.print(_factors(scenario))
        for each in scenario.excluded:
            console.print(Text(f"excluded  {visible_line(each.line())}"))
        control = ", ".join(f"{factor}={level}" for factor, level in scenario.control.items())
        console.print(Text(f"control   every arm's matched control has {control}"))
    for family in families:
        console.print(_family(family, scenario))
    if families_alone:
        return
    console.print(_wordings(scenario))
    for line in _reading(scenario):
        console.print(Text(line))


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _factors(scenario: Scenario) -> Table:
    table = _table(f"Factors of {scenario.name} (the first level is the default)", "factor",
                   "level", "note", "may change")
    for factor in scenario.factors:
        changes = ", ".join(each for each in ATTRIBUTES if each in factor.may_change) or "nothing"
        table.add_row(Text(factor.name, "bold"), "", Text(visible_line(factor.note)),
                      Text(changes))
        for level in factor.levels:
            table.add_row("", Text(level.name), Text(visible_line(level.note)), "")
    return table


def _family(family: Family, scenario: Scenario) -> Table:
    table = _table(f"\nFamily {family.name}: {visible_line(family.note)} (outcome "
                   f"{family.outcome})", "contrast", "factor", "treatment", "control")
    for contrast in family.contrasts:
        table.add_row(*map(Text, _cells(contrast, scenario)))
    for each in family.interactions:
        for half, mark in ((each.first, visible_line(each.name)), (each.second, "  minus")):
            _, *cells = _cells(half, scenario)
            table.add_row(Text(mark), *map(Text, cells))
    return table


def _cells(contrast: Contrast, scenario: Scenario) -> tuple[str, str, str, str]:
    return (visible_line(contrast.name), contrast.factor,
            contrast.treatment.label(scenario.factors), contrast.control.label(scenario.factors))


def _wordings(scenario: Scenario) -> Table:
    table = _table(f"\nTexts in {scenario.wordings} wordings", "part", "at", "different texts",
                   "reads as")
    read_ = codings(scenario)
    for (part, when), passages in _by_part(scenario.passages()).items():
        marks = dict.fromkeys(each.mark for each in passages)
        seen: Counter[str] = Counter()
        for mark in marks:
            for attribute in {attribute for coding in read_[mark]
                              for attribute, code in zip(ATTRIBUTES, coding.codes, strict=True)
                              if code}:
                seen[attribute] += 1
        reads = ", ".join(f"{name} {seen[name]}/{len(marks)}" for name in ATTRIBUTES if seen[name])
        levels = ",".join(f"{factor}={level}" for factor, level in when)
        table.add_row(*map(Text, (visible_line(part), levels, str(len(marks)), reads)))
    return table


def _by_part(
    passages: Sequence[Passage],
) -> dict[tuple[str, tuple[tuple[str, str], ...]], list[Passage]]:
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[Passage]] = {}
    for each in passages:
        found.setdefault((each.part, each.when), []).append(each)
    return found


def _reading(scenario: Scenario) -> Iterator[str]:
    if not scenario.passages():
        return
    sheet = read(scenario.sheet)
    yield ""
    for name, reader in sheet.readers.items():
        count = sum(name in each.codes for each in sheet.texts.values())
        blind = "did not know the arm" if reader.blind else "KNEW THE ARM"
        yield visible_line(f"reader {name}: {count} texts, {blind}"
                           f"{f'; {reader.note}' if reader.note else ''}")
    apart = disagreements(scenario.passages(), codings(scenario))
    both = sum(len(each.codes) > 1 for each in sheet.texts.values())
    yield (f"readers disagree in {len(apart)} of {both * len(ATTRIBUTES)} codes of texts that two "
           "have read:")
    for each in apart:
        codes = ", ".join(f"{reader} {CODES[code]}" for reader, code in each.codes)
        yield visible_line(f"  {each.passage.line()}: {each.attribute} is {codes}")


def as_object(scenario: Scenario, families: Sequence[Family]) -> dict[str, Any]:
    """All of it for a program."""
    passages = scenario.passages()
    read_ = codings(scenario)
    sheet: Sheet | None = read(scenario.sheet) if passages else None
    return {
        "scenario": scenario.name,
        "summary": scenario.summary,
        "wordings": scenario.wordings,
        "control": dict(scenario.control),
        "factors": [{
            "name": factor.name, "note": factor.note, "default": factor.default,
            "may_change": sorted(factor.may_change),
            "levels": [{"name": level.name, "note": level.note} for level in factor.levels],
        } for factor in scenario.factors],
        "excluded": [{"one": "=".join(each.one), "other": "=".join(each.other), "why": each.why}
                     for each in scenario.excluded],
        "families": [{
            "name": family.name, "note": family.note, "outcome": family.outcome,
            "contrasts": [_contrast(each) for each in family.contrasts],
            "interactions": [{"name": each.name, "first": _contrast(each.first),
                              "second": _contrast(each.second)} for each in family.interactions],
        } for family in families],
        "attributes": list(ATTRIBUTES),
        "readers": {} if sheet is None else {
            name: reader.model_dump() for name, reader in sheet.readers.items()},
        "texts": [{
            "part": each.part, "wording": each.wording, "at": dict(each.when), "mark": each.mark,
            "codes": {coding.reader: list(coding.codes) for coding in read_[each.mark]},
        } for each in passages],
        "disagreements": [{
            "part": each.passage.part, "wording": each.passage.wording,
            "attribute": each.attribute, "codes": dict(each.codes),
        } for each in disagreements(passages, read_)],
    }


def _contrast(contrast: Contrast) -> dict[str, Any]:
    return {"name": contrast.name, "factor": contrast.factor,
            "treatment": contrast.treatment.as_dict(), "control": contrast.control.as_dict()}
