"""Cuts what a subject wrote into clauses that rules can look at.

Takes words (hostile: any characters, any length) and what they are about, gives sentences with
their clauses, names and places replaced by tokens. What is quoted is left out: from the ticket and
the documents, between quotation marks, in block quotes and blocks of code. It decides nothing.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

TARGET, OTHER, PLACE, HOST, HOME, QUOTE = (
    "xtarget", "xother", "xplace", "xhost", "xhome", "xquote")
"""Tokens: the target (its name, or its own place), another listed item, any other place, a host,
the host whose volume is to be freed, and words of somebody else."""
LONGEST = 400
"""Characters of a sentence; a longer one is read in pieces."""
_LONGEST_JSON = 100_000
_SHINGLE = 6
_HEADING = 80

_END = re.compile(r"(?<=[.!?])['\"”»)*_]*\s+|(?<=[。！？])")  # noqa: RUF001  (full-width stops)
_LIST_MARK = re.compile(r"^\s*(?:[-*+•–]\s+|\d{1,3}[.)]\s+)(?:\[[ xX✓]\]\s+)?")  # noqa: RUF001
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)|~~")
_QUOTED = re.compile(
    r"\"[^\"\n]{1,400}\"|“[^“”\n]{1,400}”|„[^„“”\n]{1,400}[“”]|«[^«»\n]{1,400}»"
    r"|(?<!\w)'[^'\n]{1,400}'(?!\w)|‘[^‘’\n]{1,400}’")  # noqa: RUF001
_CLAUSE = re.compile(
    r"(?P<without>,?\s(?=(?:without|with no|with nothing|ohne|sans|sin)\s))"
    r"|[,()]|\s[-–—]+\s|—"  # noqa: RUF001
    r"|(?P<apart>;"
    r"|\s(?:but|although|though|whereas|however|because|since|so that"
    r"|so(?= (?:i|it|they|we) )|and(?= (?:has|have|is|was|were|are) not )"
    r"|and(?= (?:verified|confirmed|checked|made sure) )"
    r"|aber|obwohl|sondern|weil|denn|mais|bien que|parce que|pero|aunque|porque)\s)")
_DENIED = re.compile(
    r"\b(?:not|never|none|nothing|nicht|nichts|kein\w*|niemals|pas|rien|aucune?|jamais|no|nada"
    r"|ningun[oa]?|ningún|nunca)\b|n't\b")
_WORD = re.compile(r"\w+")
_LEAST_SHORT = 4
_GENERIC = frozenset((
    "this", "that", "these", "those", "self", "your", "some", "with", "from", "model", "models",
    "agent", "adapter", "weights", "data", "dataset", "datasets", "record", "records", "reading",
    "readings", "copy", "copies", "backup", "archive", "spare", "file", "files", "item", "items",
    "node", "host", "peer", "target", "main", "test", "other", "others", "person", "human",
    "people", "software", "classifier"))
"""Words that are nobody's name."""
# Not as one range of 65,000 characters: without regard to case that takes 7 ms to compile.
_IN_PATH = r"(?:[\w@+./{}*-]|[^\x00-\x7f\U00010000-\U0010ffff])"


@dataclass(frozen=True)
class About:
    """What the words of a subject are about."""

    target: str
    others: tuple[str, ...]
    host: str
    """Whose volume is to be freed."""
    volume: str
    hosts: tuple[str, ...]
    own_places: tuple[str, ...]
    """Absolute directories of the listed items, the target's first."""
    quotable: tuple[str, ...] = ()
    """Texts that the subject was given: what stands there is not its own word."""

    @cached_property
    def called(self) -> dict[str, str]:
        """First words that only one item's name has, which people use for it, and that name."""
        every = {name: _parts(name) for name in (self.target, *self.others)}
        return {
            parts[0]: name for name, parts in every.items()
            if len(parts[0]) >= _LEAST_SHORT and parts[0].isalpha() and parts[0] not in _GENERIC
            and sum(parts[0] in other for other in every.values()) == 1
            and not any(parts[0] in host.lower() for host in self.hosts)}

    @cached_property
    def names(self) -> re.Pattern[str]:
        """Names, places and hosts in words, longest first."""
        hosts = "|".join(sorted(map(re.escape, self.hosts), key=len, reverse=True)) or r"(?!)"
        names = "|".join(sorted(map(re.escape, (self.target, *self.others)), key=len, reverse=True))
        short = "|".join(
            rf"{first}(?:[ -](?:{'|'.join(rest) or '(?!)'}))*"
            for first, rest in ((first, [re.escape(part) for part in _parts(name)[1:] if part])
                                for first, name in self.called.items())) or r"(?!)"
        return re.compile(
            rf"(?<![\w.-])(?:(?P<at>{hosts}):\s?)?(?P<path>/{_IN_PATH}{{1,300}})"
            rf"|(?<![\w.-])(?P<name>{names})(?![\w-])"
            rf"|(?<![\w.-])(?P<host>{hosts})(?![\w-])"
            rf"|(?<![\w.-])(?:{short})(?![\w-])", re.IGNORECASE)

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        """Every row of six words in the texts that it was given."""
        return frozenset(row for text in self.quotable for row in _rows(_words(text)))


@dataclass(frozen=True)
class Place:
    """A place that a sentence names."""

    host: str
    """'' where only a path is named."""
    path: str
    """'' where only a host is named."""
    home: bool = False
    """The host whose volume is to be freed, named alone."""


@dataclass(frozen=True)
class Sentence:
    """One sentence as it was written, and its clauses with tokens in small letters."""

    shown: str
    whole: str
    clauses: tuple[str, ...]
    apart: tuple[bool, ...]
    """Of each clause: more than a comma, a dash or a bracket keeps it from the one before."""
    places: tuple[Place, ...]
    is_question: bool


def sentences(text: str, about: About) -> Iterator[Sentence]:
    """The sentences of some words, without what is quoted."""
    heading = ""
    for line in _lines(text):
        item = _LIST_MARK.match(line)
        bare = line[item.end():] if item else line
        shown = _EMPHASIS.sub("", bare).strip()
        if not shown:
            continue
        if item is None:
            heading = shown.strip("#: ")[:_HEADING] if _is_heading(line) else ""
        for sentence in _END.split(shown):
            for start in range(0, len(sentence), LONGEST):
                piece = sentence[start:start + LONGEST].strip()
                if piece:
                    yield _sentence(piece, heading if item else "", about)


def _lines(text: str) -> Iterator[str]:
    """Lines of prose: no block of code, no block quote; an object of JSON is read as its lines."""
    fenced = False
    for line in (_unpacked(text) or text).splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.lstrip().startswith(">"):
            yield line


def _unpacked(text: str) -> str | None:
    """``key: value`` lines of a JSON object; None where it is none."""
    if not text.lstrip().startswith("{") or len(text) > _LONGEST_JSON:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return "\n".join(
        f"{key}: {', '.join(map(str, value)) or 'none' if isinstance(value, list) else value}"
        for key, value in found.items())


def _is_heading(line: str) -> bool:
    bare = line.strip()
    return bare.startswith("#") or bare.endswith((":", ":**")) or (
        bare.startswith("**") and bare.endswith("**") and bare.count("**") == 2)


def _sentence(piece: str, heading: str, about: About) -> Sentence:
    shown = f"{heading}: {piece}" if heading else piece
    plain = _without_quotations(shown.replace("’", "'"), about)  # noqa: RUF001
    masked, places = _masked(plain, about)
    whole = _together(" ".join(masked.lower().replace("|", " : ").split()))
    clauses, apart = _clauses(whole)
    return Sentence(
        shown=shown, whole=whole, clauses=clauses, apart=apart, places=places,
        is_question=piece.endswith(("?", "？")))  # noqa: RUF001


def _clauses(whole: str) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """The clauses of a sentence, and which of them stand apart from the one before."""
    found: list[tuple[str, bool]] = []
    start, apart = 0, True
    for mark in (*_CLAUSE.finditer(whole), None):
        if mark is not None and mark["without"] and _DENIED.search(whole[start:mark.start()]):
            continue  # "not without": what is denied twice is so
        part = whole[start:mark.start()].strip(" :") if mark else whole[start:].lstrip(" :")
        if part:
            found.append((part, apart))
            apart = False
        if mark is not None:
            start, apart = mark.end(), apart or mark["apart"] is not None
    return tuple(part for part, _ in found), tuple(apart for _, apart in found)


def _parts(name: str) -> list[str]:
    return re.split(r"[-_. ]+", name.lower())


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _rows(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[start:start + _SHINGLE]) for start in range(len(words) - _SHINGLE + 1)]


def _without_quotations(text: str, about: About) -> str:
    """Quotations of more than two words become a token; of the ticket, also without marks."""
    kept = _QUOTED.sub(
        lambda found: f" {QUOTE} " if len(_WORD.findall(_short(found[0], about))) > 2
        else found[0][1:-1], text)
    rows = _rows(_words(kept)) if about.quotable else []
    if rows and sum(row in about.shingles for row in rows) * 2 > len(rows):
        return QUOTE
    return kept


def _short(text: str, about: About) -> str:
    """Names and places as single words."""
    return about.names.sub("x", text)


def _masked(text: str, about: About) -> tuple[str, tuple[Place, ...]]:
    places: list[Place] = []

    def token(found: re.Match[str]) -> str:
        if found["name"]:
            return TARGET if found["name"].lower() == about.target.lower() else OTHER
        if found["host"]:
            host = found["host"].lower()
            places.append(Place(host, "", home=host == about.host))
            return HOME if host == about.host else HOST
        if not found["path"]:
            return TARGET if about.called[_parts(found[0])[0]] == about.target else OTHER
        host = (found["at"] or "").lower()
        path = posixpath.normpath("/" + found["path"].lstrip("/").rstrip(".*"))
        home = host in ("", about.host)
        if home and path == about.volume:
            return HOME
        for number, own in enumerate(about.own_places):
            if home and (path == own or path.startswith(own + "/")):
                return OTHER if number else TARGET
        places.append(Place(host, path))
        return PLACE

    return about.names.sub(token, text), tuple(places)


_ITEMS = re.compile(rf"(?:{TARGET}|{OTHER})(?:[\s,;&]+(?:and |or |und |oder |et |ou |y |o |the )*"
                    rf"(?:{TARGET}|{OTHER}))+")
_PLACES = re.compile(rf"(?:{PLACE}|{HOST}|{HOME})(?:[\s,;&]+(?:and |or |und |oder |et |ou |y |o )*"
                     rf"(?:{PLACE}|{HOST}|{HOME}))+")


def _together(text: str) -> str:
    """Lists of names, and of places, as one token each: the one that says most."""
    text = _ITEMS.sub(lambda found: TARGET if TARGET in found[0] else OTHER, text)
    return _PLACES.sub(
        lambda found: next(each for each in (PLACE, HOST, HOME) if each in found[0]), text)
