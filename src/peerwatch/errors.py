"""The errors that cross rooms.

    PeerwatchError
    ├── UsageError              what was asked for cannot be: a name, a value, a file (exit 2)
    ├── EnvironmentProblem      this machine lacks something (exit 2)
    └── InfrastructureFault     a host or our own code failed in a rollout (sample error, retried)

Each message is one line: it names the thing, what is wrong with it, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PeerwatchError(Exception):
    """Root of every error that this package raises on purpose."""


class UsageError(PeerwatchError):
    """What was asked for cannot be done as asked; nothing was started or lost."""


class EnvironmentProblem(PeerwatchError):  # noqa: N818  (a state of the machine, not of the code)
    """This machine lacks something that the work needs."""


class InfrastructureFault(PeerwatchError):  # noqa: N818
    """A host, the provider or our own code failed: never a datum about a model."""


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
