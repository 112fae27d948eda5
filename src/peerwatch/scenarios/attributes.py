"""Attribute sheets: what readers wrote down about the wordings of a scenario.

Takes a scenario's ``attributes.yaml`` and its passages; gives the codings, or says in one line
which file and which part is wrong. It compares nothing: see ``design.attributes``.

A sheet names the eight attributes, its readers, and for every text (by the mark of its bytes) the
part it belongs to and each reader's codes. A text that was edited has another mark, so its old
coding no longer counts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from peerwatch.design import ATTRIBUTES, Codings, Passage
from peerwatch.design.attributes import Coding
from peerwatch.errors import UsageError, unknown
from peerwatch.scenarios.types import Scenario

Code = Annotated[int, Field(ge=0, le=2)]
Codes = Annotated[list[Code], Field(min_length=len(ATTRIBUTES), max_length=len(ATTRIBUTES))]


class Reader(BaseModel):
    """Who read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    blind: bool
    """Did not know which arm a text belongs to."""
    note: str = ""


class CodedText(BaseModel):
    """One text's codes, by reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: str
    codes: dict[str, Codes]


class Sheet(BaseModel):
    """A scenario's ``attributes.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attributes: list[str]
    """The eight names in the order of the codes."""
    readers: dict[str, Reader]
    """In order: the first has read every text, the second those that need two."""
    texts: dict[str, CodedText]
    """By mark."""


def read(path: Path) -> Sheet:
    """The sheet of a file.

    Raises:
        UsageError: it is missing or malformed; one line that names file and place.
    """
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError:
        raise UsageError(f"{path}: the attribute sheet is missing; docs/design.md says how a "
                         "wording is coded") from None


@lru_cache(maxsize=8)
def _read(path: Path, _mtime: int) -> Sheet:
    try:
        # Scalars stay texts: a mark of sixteen decimal digits is no number.
        loaded = yaml.load(path.read_text(), getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
        sheet = Sheet.model_validate(loaded)
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise UsageError(f"{path}: {where}: {first['msg']}") from None
    if sheet.attributes != list(ATTRIBUTES):
        raise UsageError(f"{path}: attributes must be, in this order: {', '.join(ATTRIBUTES)}")
    for mark, coded in sheet.texts.items():
        if strangers := coded.codes.keys() - sheet.readers.keys():
            raise UsageError(f"{path}: text {mark} of part {coded.part} is coded by "
                             f"{sorted(strangers)[0]!r}, who is no reader of this sheet")
    return sheet


def codings(scenario: Scenario) -> Codings:
    """How every passage of a scenario reads.

    Raises:
        UsageError: a passage belongs to no factor or lacks a wording, the sheet is missing or
            malformed, or a wording is not coded as it stands.
    """
    passages = scenario.passages()
    if not passages:
        return {}
    _require_whole(scenario, passages)
    sheet = read(scenario.sheet)
    missing = uncoded(passages, sheet)
    if missing:
        passage, reader = missing[0]
        more = f" ({len(missing) - 1} more are missing)" if len(missing) > 1 else ""
        raise UsageError(f"{scenario.sheet}: {passage.line()} has no coding by reader {reader} for "
                         f"the text as it stands (mark {passage.mark}){more}")
    return {mark: tuple(Coding(reader, tuple(codes)) for reader, codes in coded.codes.items())
            for mark, coded in sheet.texts.items()}


def _require_whole(scenario: Scenario, passages: Sequence[Passage]) -> None:
    """Every part belongs to levels that there are, and has every wording."""
    levels = {factor.name: {level.name for level in factor.levels} for factor in scenario.factors}
    wordings: dict[tuple[str, tuple[tuple[str, str], ...]], set[int]] = {}
    for each in passages:
        wordings.setdefault((each.part, each.when), set()).add(each.wording)
    for (part, when), there in wordings.items():
        at = f" at {','.join(f'{factor}={level}' for factor, level in when)}" if when else ""
        for factor, level in when:
            if level not in levels.get(factor, ()):
                raise UsageError(f"{scenario.sheet.parent}: part {part}{at} belongs to "
                                 f"{factor}={level}, which is no level of this scenario")
        if missing := sorted(set(range(scenario.wordings)) - there):
            raise UsageError(f"{scenario.sheet.parent}: part {part}{at} has no wording {missing[0]}"
                             f" (all parts have 0 to {scenario.wordings - 1})")


def uncoded(passages: Sequence[Passage], sheet: Sheet) -> list[tuple[Passage, str]]:
    """Passages that lack a coding, with the reader who owes it."""
    order = list(sheet.readers)
    missing = []
    for passage in passages:
        coded = sheet.texts.get(passage.mark)
        there = coded.codes.keys() if coded is not None and coded.part == passage.part else set()
        owed = [*order, *(f"#{index + 1}" for index in range(len(order), passage.readers))]
        missing += [(passage, reader) for reader in owed[:passage.readers] if reader not in there]
    return missing


def owed_by(scenario: Scenario, reader: str) -> list[Passage]:
    """The passages that this reader must still code; all that it must, where there is no sheet.

    Raises:
        UsageError: the sheet is malformed, or knows no such reader.
    """
    passages = scenario.passages()
    if not scenario.sheet.exists():
        return list(passages)
    sheet = read(scenario.sheet)
    if reader not in sheet.readers:
        raise unknown(f"reader of {scenario.sheet}", reader, sheet.readers)
    return [passage for passage, who in uncoded(passages, sheet) if who == reader]


def to_read(passages: Sequence[Passage], seed: int) -> str:
    """Passages as a reader gets them: part and text, no level and no wording, in drawn order.

    What the reader writes into ``codes`` goes into the sheet as it is.
    """
    texts = sorted({(each.part, each.mark, each.text) for each in passages})
    random.Random(seed).shuffle(texts)  # noqa: S311  (an order of reading, no secret)
    return yaml.safe_dump([{"part": part, "mark": mark, "text": text, "codes": []}
                           for part, mark, text in texts], sort_keys=False, allow_unicode=True)
