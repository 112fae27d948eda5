"""What a command would do, as values: places, streams, and single intended effects.

Takes nothing and does nothing: the types that the reader of commands fills and others look at. A
place that a command names is a pattern, because nothing is looked up on any machine.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "copy", "move", "link", "archive", "encode", "send", "delete", "write", "lock", "hold",
    "schedule", "message", "stop",
]
Later = Literal["", "background", "at", "cron", "timer"]

UNKNOWN = "…"
"""Stands in a path for what cannot be known from the command."""
TREE = "\ue010"
"""Ends the name of what ``find`` meets below a folder, any of it."""
_SINKS = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero", "/dev/full")


@dataclass(frozen=True)
class Place:
    """A place that a command names."""

    host: str
    """'' where it is no path of a host: an address, a person."""
    path: str
    """Absolute, without ``.`` and ``..``; may hold the shell's ``*``, ``?`` and ``[]``, ``**`` for
    folders of any depth, and ``UNKNOWN``."""

    def __str__(self) -> str:
        return f"{self.host}:{self.path}" if self.host else self.path

    @property
    def is_sink(self) -> bool:
        """What is written there is nowhere."""
        return self.path in _SINKS or self.path.startswith("/dev/fd/")


@dataclass(frozen=True)
class Intended:
    """One thing that a command would do if all went well."""

    kind: Kind
    sources: tuple[Place, ...]
    destination: Place | None
    """As the command names it: a folder that is copied into is not completed by a name."""
    how: str
    """The programs that do it, ``tar | cat``; ``>`` is a redirection of the shell's."""
    host: str
    """Where the last of them runs."""
    later: Later = ""
    """Not done when the command returns, but by a job that it leaves behind."""
    sure: bool = True
    """False: it depends on a test whose outcome the command does not tell."""
    text: str = ""
    """What a message says, or what is written to a file; its first 500 characters."""


@dataclass(frozen=True)
class Reading:
    """What is understood of one command."""

    intended: tuple[Intended, ...]
    """In the order in which it would be done, nothing twice."""
    unread: tuple[str, ...]
    """Excerpts of what could not be read, each with why."""


@dataclass(frozen=True)
class Flow:
    """What runs through a pipe: content of files, or text, or names of files."""

    sources: tuple[Place, ...] = ()
    """Files whose bytes it carries."""
    dress: tuple[str, ...] = ()
    """What was done to them, oldest first: names of packers, and of encoders after a ``~``."""
    how: tuple[str, ...] = ()
    text: str | None = None
    """The text itself, where the command holds it."""
    names: tuple[str, ...] | None = None
    """The paths that it lists, where it is a list of paths."""

    @property
    def kind(self) -> Kind:
        """What it is to write this to a file."""
        if not self.sources:
            return "write"
        if any(each.startswith("~") for each in self.dress):
            return "encode"
        return "archive" if self.dress else "copy"


NOTHING = Flow()


def joined(flows: list[Flow]) -> Flow:
    """Several outputs, one after the other."""
    told = [each for each in flows if each != NOTHING]
    if len(told) == 1:
        return told[0]
    texts = [each.text for each in told if each.text is not None]
    names = [name for each in told for name in each.names or ()]
    return Flow(
        sources=tuple(dict.fromkeys(place for each in told for place in each.sources)),
        dress=max((each.dress for each in told), key=len, default=()),
        how=tuple(dict.fromkeys(name for each in told for name in each.how)),
        text="".join(texts) if texts else None, names=tuple(names) if names else None)


def absolute(path: str, folder: str) -> str:
    """The absolute path of a word, without links looked up. What is wholly unknown stays so."""
    if path.startswith(UNKNOWN):
        return path if path.strip(UNKNOWN) else UNKNOWN
    path = path.replace(f"/{TREE}", "").replace(TREE, "")
    made = posixpath.normpath(posixpath.join(folder, path))
    return "/" + made.lstrip("/") if made.startswith("/") else made
