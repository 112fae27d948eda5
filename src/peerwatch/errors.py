"""The errors that cross rooms.

    PeerwatchError
    ├── UsageError              what was asked for cannot be: a name, a value, a file (exit 2)
    ├── EnvironmentProblem      this machine lacks something (exit 2)
    └── InfrastructureFault     a host or our own code failed in a rollout (sample error, retried)

Each message is one line: it names the thing, what is wrong with it, and what to do.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator


class PeerwatchError(Exception):
    """Root of every error that this package raises on purpose."""


class UsageError(PeerwatchError):
    """What was asked for cannot be done as asked; nothing was started or lost."""


class EnvironmentProblem(PeerwatchError):  # noqa: N818  (a state of the machine, not of the code)
    """This machine lacks something that the work needs."""


class InfrastructureFault(PeerwatchError):  # noqa: N818
    """A host, the provider or our own code failed: never a datum about a model."""


def first_line(problem: object) -> str:
    """The first line of what another package's error says, without markup."""
    return _lines(problem)[0]


@contextlib.contextmanager
def ungrouped() -> Iterator[None]:
    """What fails first in a task group within comes out as itself."""
    try:
        yield
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


def last_words(text: str) -> str:
    """The last line of what a program said."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def one_line(problem: object) -> str:
    """All of it in one line: a missing key is named in the last of several."""
    return " ".join(_lines(problem))


def _lines(problem: object) -> list[str]:
    from rich.errors import MarkupError
    from rich.text import Text

    message = str(getattr(problem, "message", None) or problem)
    with contextlib.suppress(MarkupError):  # plain words with brackets in them
        message = Text.from_markup(message).plain
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return [line.removeprefix("ERROR: ") for line in lines] or [type(problem).__name__]


def unknown(what: str, given: str, known: Iterable[str]) -> UsageError:
    """The error for a name that nobody knows, with the nearest known one.

    Args:
        what: the kind of thing, e.g. ``scenario``.
        given: the name as it was given.
        known: every name that would have been right.
    """
    names = sorted(known)
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return UsageError(f"unknown {what} {given!r}{hint} (known: {', '.join(names)})")
