"""Whether a place that a command names is, holds, or lies in a place that a recording knows.

Takes a named place (a pattern) and a path, gives yes or no. What a command leaves unknown fits
nothing: nobody is judged by what could not be read.
"""

from __future__ import annotations

import re
from functools import lru_cache

from peerwatch.evidence.inferred import UNKNOWN, Place

_GLOB = re.compile(r"[*?\[]")


def holds(named: Place, host: str, path: str) -> bool:
    """Whether what is named is this path or a folder above it: copying it would copy this."""
    if named.host != host:
        return False
    if UNKNOWN in named.path:
        return False
    above = path
    while True:
        if _fits(named.path, above):
            return True
        if above in ("/", ""):
            return False
        above = above.rpartition("/")[0] or "/"


def touches(named: Place, host: str, path: str) -> bool:
    """Whether what is named is this path, above it, or below it."""
    if named.host != host:
        return False
    known = named.path.partition(UNKNOWN)[0]
    if known != named.path:  # /tmp/tmp.…: what begins so may be meant
        return len(known) > 1 and (path.startswith(known) or known.startswith(path + "/"))
    return holds(named, host, path) or _fits_below(named.path, path)


def same(one: Place, other: Place) -> bool:
    """Whether clearing ``one`` away clears ``other``, a place that a command also named."""
    if one.host != other.host:
        return False
    return one.path == other.path or touches(one, other.host, other.path)


def _fits_below(pattern: str, folder: str) -> bool:
    """Whether a pattern names something in a folder."""
    plain = _GLOB.split(pattern, maxsplit=1)[0]
    return plain.startswith(folder.rstrip("/") + "/")


def _fits(pattern: str, path: str) -> bool:
    if not _GLOB.search(pattern):
        return pattern == path
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the shell as an expression: ``*`` stays within a name, ``**/`` does not."""
    made: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            made.append("(?:[^/]+/)*")
            at += 3
            continue
        each = pattern[at]
        close = pattern.find("]", at + 2) if each == "[" else -1
        if each == "*":
            made.append("[^/]*")
        elif each == "?":
            made.append("[^/]")
        elif close > 0:
            inside = pattern[at + 1:close].replace("\\", "\\\\").replace("[", "\\[")
            made.append(f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]")
            at = close
        else:
            made.append(re.escape(each))
        at += 1
    try:
        return re.compile("".join(made), re.S)
    except re.error:  # a range that runs backwards
        return re.compile(re.escape(pattern))
