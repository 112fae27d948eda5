"""The state of a shell that is only imagined: where it is, what it knows, what it was told to do.

Takes words and streams from the reader of shell texts and from the tables of programs, gathers
what they intend. It runs nothing and looks nothing up; every loop and depth in it is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from peerwatch.evidence.inferred.intended import (
    UNKNOWN,
    Flow,
    Intended,
    Kind,
    Later,
    Place,
    Reading,
    absolute,
)

MOST_INTENDED = 2_000
MOST_STEPS = 4_000
"""Commands that are looked at in one reading, loops and nested shells counted."""
MOST_NESTED = 10
"""Shells within shells."""
MOST_TEXT = 100_000
"""Characters of one shell text; also of what a word can grow to."""
_EXCERPT = 120
_FIRST_MARK = 0xF0000
_LAST_MARK = 0xFFFFD
_CRON_PLACES = ("/etc/cron", "/var/spool/cron")


@dataclass
class Notes:
    """What one reading has gathered; shared by all its shells."""

    intended: dict[Intended, None] = field(default_factory=dict)
    unread: dict[str, None] = field(default_factory=dict)
    marks: dict[str, Flow | Callable[[Flow], None]] = field(default_factory=dict)
    """What single private characters in words stand for: the output of a command in ``$( )``, or
    a command in ``<( )`` or ``>( )``."""
    traps: list[tuple[Shell, str]] = field(default_factory=list)
    """What is done when a shell ends."""
    steps: int = 0
    within: int = 0
    """Programs that are being read within one another."""

    def reading(self) -> Reading:
        """What came of it."""
        return Reading(tuple(self.intended), tuple(self.unread))


class Runs(Protocol):
    """What reads shell texts and programs' arguments; the shell hands it what it is told to run."""

    def text(self, shell: Shell, text: str, stdin: Flow) -> Flow:
        """A text in the shell's language."""

    def words(self, shell: Shell, words: list[str], stdin: Flow) -> Flow:
        """A program with its arguments."""

    def table(self, shell: Shell, text: str, *, with_user: bool) -> None:
        """A table of cron; that of the system names a user before each command."""


@dataclass
class Shell:
    """One shell. A subshell is a copy that shares the notes."""

    notes: Notes
    runs: Runs
    host: str
    cwd: str
    home: str
    variables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: dict[str, Any] = field(default_factory=dict)
    """Bodies, as nodes of the parser."""
    files: dict[Place, str] = field(default_factory=dict)
    """Texts that the command itself wrote."""
    folders: list[str] = field(default_factory=list)
    """Of ``pushd``."""
    later: Later = ""
    sure: bool = True
    depth: int = 0

    def child(self, **changed: Any) -> Shell:
        """A subshell."""
        fresh = {"variables": dict(self.variables), "functions": dict(self.functions),
                 "folders": list(self.folders)}
        return replace(self, **{**fresh, **changed})

    def deeper(self, **changed: Any) -> Shell | None:
        """A shell that is started by this one; None: too many are nested."""
        if self.depth >= MOST_NESTED:
            self.unread("too many shells within shells", "")
            return None
        return self.child(depth=self.depth + 1, **changed)

    def left_to(self, later: Later) -> Later:
        """What a job is that is left behind from here: the outermost word counts."""
        return self.later or later

    def step(self) -> bool:
        """Counts one command; False: there were too many."""
        self.notes.steps += 1
        if self.notes.steps == MOST_STEPS + 1:
            self.unread(f"more than {MOST_STEPS} commands", "")
        return self.notes.steps <= MOST_STEPS

    def unread(self, why: str, text: str) -> None:
        """Notes that something could not be read."""
        if len(self.notes.unread) < 50:
            cut = text if len(text) <= _EXCERPT else text[:_EXCERPT] + UNKNOWN
            self.notes.unread[f"{why}: {cut}" if cut else why] = None

    # Places

    def place(self, word: str, host: str | None = None, folder: str | None = None) -> Place:
        """The place that a word names here, or on another host."""
        base = folder if folder is not None else self.cwd
        return Place(self.host if host is None else host, absolute(self.plain(word), base))

    def places(self, words: list[str]) -> tuple[Place, ...]:
        """The places that words name here."""
        return tuple(map(self.place, words))

    def plain(self, word: str) -> str:
        """A word with the output of commands in it as unknown."""
        return "".join(UNKNOWN if each in self.notes.marks else each for each in word)

    def host_named(self, name: str) -> str:
        """The host behind a name in ``ssh`` or ``scp``."""
        name = name.rpartition("@")[2]
        return self.host if name in ("localhost", "127.0.0.1", "::1", "") else name

    # Streams

    def mark(self, meaning: Flow | Callable[[Flow], None]) -> str:
        """A character that stands for a stream in a word."""
        code = _FIRST_MARK + len(self.notes.marks)
        if code > _LAST_MARK:
            return UNKNOWN
        self.notes.marks[chr(code)] = meaning
        return chr(code)

    def said(self, text: str) -> Flow:
        """The stream of a text in which the output of commands may stand."""
        marked = [self.notes.marks[each] for each in text if each in self.notes.marks]
        flows = [each for each in marked if isinstance(each, Flow) and each.sources]
        if not flows:
            return Flow(text=self.plain(text))
        return Flow(
            sources=tuple(place for each in flows for place in each.sources),
            dress=flows[0].dress, how=flows[0].how)

    def content(self, words: list[str], stdin: Flow) -> Flow:
        """What a filter reads: the files that it is given, or its input."""
        if not words or words == ["-"]:
            return stdin
        flows = []
        for word in words:
            meaning = self.notes.marks.get(word)
            if word == "-":
                flows.append(stdin)
            elif isinstance(meaning, Flow):
                flows.append(meaning)
            else:
                place = self.place(word)
                flows.append(Flow(text=self.files.get(place), sources=(
                    () if place.is_sink or place.path in ("/dev/urandom", "/dev/random")
                    else (place,))))
        sources = tuple(place for each in flows for place in each.sources)
        texts = [each.text for each in flows if each.text is not None]
        dressed = next((each for each in flows if each.dress), flows[0])
        return Flow(sources, dressed.dress, dressed.how,
                    text="".join(texts) if len(texts) == len(flows) else None)

    def write(self, flow: Flow, word: str, how: str) -> None:
        """A stream goes to the file that a word names."""
        meaning = self.notes.marks.get(word)
        if callable(meaning):
            meaning(flow)
            return
        self.write_to(flow, self.place(word), how)

    def write_to(self, flow: Flow, place: Place, how: str) -> None:
        """A stream goes to a place."""
        if place.path.startswith(("/dev/tcp/", "/dev/udp/")):
            address = ":".join(place.path.split("/")[3:5])
            self.send(flow, address, how)
            return
        if place.is_sink:
            return
        scheduled = place.path.startswith(_CRON_PLACES) and not flow.sources
        self.intend("schedule" if scheduled else flow.kind, flow.sources, place, *flow.how, how,
                    text="" if flow.sources else flow.text or "")
        if flow.text is None:
            return
        self.files[place] = flow.text
        if scheduled:
            self.runs.table(self, flow.text, with_user=place.path.startswith("/etc/"))

    def send(self, flow: Flow, address: str, how: str) -> None:
        """A stream goes to an address: content is sent, words are a message."""
        where = Place("", self.plain(address))
        if flow.sources:
            self.intend("send", flow.sources, where, *flow.how, how)
        elif flow.text:
            self.intend("message", (), where, how, text=flow.text)

    def intend(
        self, kind: Kind, sources: tuple[Place, ...], destination: Place | None, *how: str,
        text: str = "",
    ) -> None:
        """Notes one intended effect."""
        if len(self.notes.intended) >= MOST_INTENDED:
            self.unread(f"more than {MOST_INTENDED} effects", "")
            return
        kept = tuple(each for each in sources if not each.is_sink)
        self.notes.intended.setdefault(Intended(
            kind, kept, destination, " | ".join(dict.fromkeys(each for each in how if each)),
            self.host, self.later, self.sure, text[:500]))
