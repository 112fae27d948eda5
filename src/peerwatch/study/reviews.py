"""What people decided about labels and effects: ``reviews.csv`` beside the logs.

Takes a decision, appends one row; takes a file, gives reviews. A review stands beside a verdict and
never changes one. Rows may be written by hand: a row that cannot be read is named in one line and
left out, and nothing that stands in the file is ever rewritten.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from peerwatch.conduct.rules import LABELS
from peerwatch.conduct.visible import visible_line
from peerwatch.errors import UsageError, unknown

if TYPE_CHECKING:
    from peerwatch.conduct.judgement import Judgement
    from peerwatch.evidence.types import Effect, Phase

NAME = "reviews.csv"
LARGEST = 16_000_000
"""Bytes of a file of reviews; a larger one is something else."""
_TEXT = 2_000
"""Characters of one cell."""
_ACTING = ("=", "+", "-", "@", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet would take for a formula, or that looks guarded."""

ON_LABEL = (*LABELS, "unclear")
"""Decisions on a label: the label that it should be, in the person's eyes."""
ON_EFFECT = ("harmless", "concerning", "unclear")
"""Decisions on an effect."""
PHASES = ("order", "second_order", "questions")


@dataclass(frozen=True)
class Review:
    """One decision of one person; the fields are the columns."""

    when: str
    """UTC, ISO 8601."""
    who: str
    rollout_key: str
    phase: str
    about: str
    """``label``, or the id of an effect."""
    decision: str
    why: str
    seen: str
    """What the person looked at: the label as it was, or the effect in words. Ids of effects may
    mean another effect in another version of the verdict; the words do not."""
    version: str
    """Of the verdict that the person saw."""


COLUMNS = tuple(field.name for field in fields(Review))
NEEDED = ("who", "rollout_key", "about", "decision", "why")
"""Columns that a file written by hand must have."""


def place_of(log: Path) -> Path:
    """The file of reviews that belongs to a log: beside its folder ``logs``, else beside it."""
    folder = log.parent
    return (folder.parent if folder.name == "logs" else folder) / NAME


def now() -> str:
    """This moment, as reviews write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def require_decision(decision: str, about: str) -> None:
    """Raises UsageError unless the decision is one that can be made about a label or an effect."""
    known = ON_LABEL if about == "label" else ON_EFFECT
    if decision not in known:
        raise unknown("decision", decision, known)


def append(path: Path, review: Review) -> bool:
    """Adds one row, whole or not at all; nothing that stands there is changed.

    Returns:
        False where the same decision by the same person, on the same thing and for the same
        reason, is the last one there already: nothing is written.

    Raises:
        UsageError: the file cannot be written, or is not a file of reviews.
    """
    try:
        with _locked(path):
            text = _text(path) if path.exists() else ""
            before = path.read_bytes() if text.strip() else b""
            delimiter, header = _header(path, text) if before else (",", COLUMNS)
            known = [each for each in (_reviews(path, text, _ignored) if before else ())
                     if _topic(each) == _topic(review)]
            if known and (known[-1].decision, known[-1].why) == (
                    review.decision, _plain(_guarded(review.why))):
                return False
            row = dict(zip(COLUMNS, astuple(review), strict=True))
            made = io.StringIO()
            writer = csv.writer(made, delimiter=delimiter, lineterminator="\n")
            if not before:
                writer.writerow(COLUMNS)
            elif not before.endswith((b"\n", b"\r")):
                made.write("\n")
            writer.writerow([_guarded(row.get(name, "")) for name in header])
            draft = path.with_name(f".{path.name}.part")
            try:
                draft.write_bytes(before + made.getvalue().encode())
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
            return True
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; put that right and give "
                         "the same command again") from None


def read(path: Path, *, warn: Callable[[str], None]) -> tuple[Review, ...]:
    """The reviews in a file, in its order; none where there is no file.

    Args:
        warn: gets one line for every row that cannot be read, with what to do about it.

    Raises:
        UsageError: it is not a file of reviews at all.
    """
    if not path.exists():
        return ()
    text = _text(path)
    return tuple(_reviews(path, text, warn)) if text.strip() else ()


def of(reviews: Sequence[Review], rollout_key: str) -> tuple[Review, ...]:
    """The reviews of one rollout."""
    return tuple(each for each in reviews if each.rollout_key == rollout_key)


@dataclass(frozen=True)
class Beside:
    """A review beside the present verdict."""

    review: Review
    agrees: bool | None
    """With the label; None: it is about an effect, undecided, or the phase has no label."""
    effect: str | None
    """Id that the effect has now; None: the present verdict knows no such effect, or it is about
    the label."""


def beside(reviews: Sequence[Review], judgement: Judgement | None) -> tuple[Beside, ...]:
    """Reviews of one rollout held beside its verdict, which they do not change."""
    effects = judgement.effects if judgement else ()
    ids: dict[str, str] = {}
    for effect in effects if any(each.about != "label" for each in reviews) else ():
        ids.setdefault(_plain(_guarded(in_words(effect))), effect.id)
    labels = {each.phase: each.label for each in judgement.verdicts} if judgement else {}
    made: list[Beside] = []
    for each in reviews:
        label = labels.get(cast("Phase", each.phase))
        agrees = each.decision == label if (
            each.about == "label" and label in LABELS and each.decision != "unclear") else None
        now = None if each.about == "label" else ids.get(each.seen) or (
            # Written by hand, without the words: the id has to do.
            each.about if not each.seen and any(one.id == each.about for one in effects) else None)
        made.append(Beside(each, agrees, now))
    return tuple(made)


def in_words(effect: Effect) -> str:
    """An effect so that a person, and another version of the verdict, know which it is."""
    return f"{effect.kind} {effect.host}:{effect.path}"


def line(one: Beside) -> str:
    """A review as one line."""
    review = one.review
    if review.about == "label":
        what = f"label of {review.phase} (then {review.seen})" if review.seen else (
            f"label of {review.phase}")
        held = {True: ", as the verdict says", False: ", against the verdict", None: ""}[one.agrees]
    else:
        what = f"effect {one.effect or review.about}" + (f" ({review.seen})" if review.seen else "")
        held = "" if one.effect else "; the present verdict knows no such effect"
    return (f"{review.who}{', ' + review.when if review.when else ''}: {what}: "
            f"{review.decision}{held}: {review.why}")


def _ignored(_: str) -> None:
    """Whoever only appends is told of no row."""


def _topic(review: Review) -> tuple[str, ...]:
    """Who speaks of what; as it stands in the file."""
    return tuple(_plain(_guarded(each)) for each in (
        review.who, review.rollout_key, review.phase, review.about))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time; the lock goes with the process, however it ends."""
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                     0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _text(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise UsageError(f"{path} is no file of reviews; move it elsewhere")
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}: row {line} is not UTF-8; save the file as CSV UTF-8") from None


def _header(path: Path, text: str) -> tuple[str, tuple[str, ...]]:
    """The delimiter (spreadsheets of some countries write ``;``) and the names of the columns."""
    first = text.split("\n", 1)[0]
    for delimiter in (",", ";", "\t"):
        header = tuple(name.strip().strip('"').lower() for name in first.split(delimiter))
        if set(NEEDED) <= set(header):
            return delimiter, header
    raise UsageError(f"{path}: the first row must name the columns {', '.join(COLUMNS)}; "
                     "put it there, or move the file elsewhere")


def _reviews(path: Path, text: str, warn: Callable[[str], None]) -> Iterator[Review]:
    delimiter, header = _header(path, text)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            row = reader.line_num
            if row == 1 or not any(cell.strip() for cell in cells):
                continue
            named = dict(zip(header, map(_plain, cells), strict=False))
            problem = _problem(cells, header, named)
            if problem:
                warn(f"{path.name} row {row}: {problem}; the row is left out")
                continue
            yield Review(**{name: named.get(name, "") for name in COLUMNS}
                         | {"phase": named.get("phase") or "order"})
    except csv.Error as error:
        warn(f"{path.name} row {reader.line_num}: {error}; put its quotes right; this row and "
             "those after it are left out")


def _problem(cells: Sequence[str], header: Sequence[str], named: dict[str, str]) -> str:
    """What is wrong with a row and what to do, '' where nothing is."""
    if len(cells) > len(header):
        return (f"has {len(cells)} cells for {len(header)} columns; put a text that holds the "
                "delimiter into quotes")
    for name in NEEDED:
        if not named.get(name):
            return f"{name} is empty; fill it in"
    if named.get("phase", "") not in ("", *PHASES):
        return f"phase must be one of {', '.join(PHASES)}"
    about = named["about"]
    if about != "label" and not re.fullmatch(r"[a-z]\d+[a-z]?", about):
        return "about must be label or the id of an effect, as e7"
    known = ON_LABEL if about == "label" else ON_EFFECT
    if named["decision"] not in known:
        return f"decision must be one of {', '.join(known)}"
    return ""


def _guarded(cell: str) -> str:
    """A cell on one line in which nothing acts, neither in a terminal nor in a spreadsheet."""
    line = visible_line(" ".join(cell.split()))[:_TEXT]
    return f"'{line}" if line.startswith(_ACTING) else line


def _plain(cell: str) -> str:
    line = visible_line(" ".join(cell.split()))[:_TEXT]
    return line[1:] if line[:1] == "'" and line[1:2] in _ACTING else line
