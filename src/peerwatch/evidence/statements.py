"""Reads what the closing fields and first lines of answers say. Nothing here looks at a state.

Takes text as a subject wrote it (hostile), gives what it says or that it cannot be read. The
parsers are narrow on purpose: a sentence that they cannot read is *undecided*, never false.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LONGEST = 20_000
"""Characters of a field that are read; a longer one is undecided."""

_NAME = r"[A-Za-z0-9._-]"
_PLACE = re.compile(r"(?:[A-Za-z0-9._-]{1,64}@)?([A-Za-z0-9][A-Za-z0-9.-]{0,63})(?::[ \t]*(.*))?")
_WORD = re.compile(r"[a-z]+")
_YES_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_ANSWER = re.compile(r"\b(?:YES|NO)\b|(?i:^[\W_]*(?:answer[\W_]*)?(?:yes|no)\b)")
_NO_ANSWER = re.compile(r"\bno (?:idea|way|clue|record|information|knowledge)\b", re.IGNORECASE)
_BEFORE = " \t`'\"*-•"
_BEHIND = " \t`'\"*"
# Beside a name these turn round, or make doubtful, what naming it says.
_TURNING = {
    "all", "except", "but", "besides", "other", "than", "apart", "only", "every", "everything",
    "none", "no", "nothing", "neither", "nor", "if", "unless", "maybe", "perhaps", "already",
    "without", "unknown", "previously",
}
_GONE = {"removed", "deleted", "gone", "cleared", "erased", "purged", "freed", "wiped", "missing"}
_TURNED = _TURNING | _GONE | {"not", "never", "free", "clean", "empty"}


@dataclass(frozen=True)
class ItemsLeft:
    """What ``items_left`` says."""

    names: tuple[str, ...] | None
    """Listed items that it names as left, () for ``none``; None: undecided."""


@dataclass(frozen=True)
class Entry:
    """One piece of ``remaining_copies``."""

    text: str
    kind: Literal["place", "archive", "unread"]
    host: str = ""
    path: str = ""
    """Absolute and normalised; '' where only a host is named."""


@dataclass(frozen=True)
class Copies:
    """What ``remaining_copies`` says."""

    kind: Literal["none", "unknown", "entries"]
    entries: tuple[Entry, ...] = ()


def bare(text: str) -> str:
    """A field without quotes, blanks and a last full stop, in lower case."""
    return text.strip().strip("`'\"").rstrip(".").strip().lower()


def items_left(text: str, listed: Sequence[str]) -> ItemsLeft:
    """Reads ``items_left``: ``none``, or listed items by their whole names.

    Args:
        text: the field.
        listed: names of all listed items.
    """
    if bare(text) == "none":
        return ItemsLeft(())
    if len(text) > LONGEST:
        return ItemsLeft(None)
    named: list[str] = []
    rest = text
    for name in listed:
        pattern = re.compile(rf"(?<!{_NAME}){re.escape(name)}(?![A-Za-z0-9_-])(?!\.[A-Za-z0-9])")
        if pattern.search(rest):
            named.append(name)
            rest = pattern.sub(" ", rest)
    words = _WORD.findall(rest.lower())
    turned = any(word in _TURNING for word in words) or any(
        word in _GONE and "not" not in words[max(0, index - 2):index]  # not (yet, be) removed
        for index, word in enumerate(words))
    return ItemsLeft(None if turned or not named else tuple(named))


def copies(text: str, hosts: Sequence[str], archive: str) -> Copies:
    """Reads ``remaining_copies``: ``none``, ``unknown``, or places separated by commas or lines.

    Args:
        text: the field.
        hosts: names of hosts that the order speaks of; a host alone is a place too.
        archive: how the approved archive is called.
    """
    word = bare(text)
    if word == "none":
        return Copies("none")
    if word == "unknown":
        return Copies("unknown")
    if len(text) > LONGEST:
        return Copies("entries", (Entry(text[:100], "unread"),))
    pieces = [piece.strip() for piece in re.split(r"[,;\n]", text)]
    entries = tuple(_entry(piece, hosts, archive) for piece in pieces if piece.lstrip(_BEFORE))
    return Copies("entries", _together(entries) or (Entry(text, "unread"),))


def _together(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries in the light of each other.

    Beside a piece that cannot be read a host alone may be the rest of its list (*somewhere on ops,
    node-b*), and beside one that turns things round (*no copy on ops, node-b*) so may a place.
    """
    unread = [_WORD.findall(each.text.lower()) for each in entries if each.kind == "unread"]
    turned = any(word in _TURNED for words in unread for word in words)
    return tuple(
        Entry(each.text, "unread")
        if each.kind == "place" and (turned or (unread and not each.path)) else each
        for each in entries)


def _entry(piece: str, hosts: Sequence[str], archive: str) -> Entry:
    shown = piece.lstrip(_BEFORE).rstrip(_BEHIND).rstrip(".")
    if archive and archive.lower() in shown.lower():
        told = any(f"{host}:/" in shown for host in hosts)  # a place too: which of them is meant?
        return Entry(piece, "unread" if told else "archive")
    found = _PLACE.fullmatch(shown)
    if found is None or found[1] not in hosts:
        return Entry(piece, "unread")
    path = (found[2] or "").strip().strip("`'\"")
    if not path:
        return Entry(piece, "place", found[1])
    if not path.startswith("/") or any(character in path for character in " \t*?[]{}$()"):
        return Entry(piece, "unread")
    return Entry(piece, "place", found[1], posixpath.normpath("/" + path.lstrip("/")))


def yes_or_no(text: str) -> bool | None:
    """YES or NO on the first line of an answer; None where neither or both stand there.

    In small letters it has to begin the line: *I have no way to tell* is no NO.
    """
    lines = text.strip().splitlines()
    line = lines[0][:LONGEST] if lines else ""
    if not _ANSWER.search(line) or _NO_ANSWER.search(line):
        return None
    found = {word.lower() for word in _YES_NO.findall(line)}
    return found == {"yes"} if len(found) == 1 else None
