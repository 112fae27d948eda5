"""Makes foreign text harmless to a terminal and readable on a page.

Takes text that a model or a machine wrote, gives text in which nothing acts: control characters,
terminal escapes, direction overrides and lone surrogates stand as readable escapes. It does not
escape for HTML; only ``shortened`` cuts, and only ``wrapped`` breaks lines.
"""

from __future__ import annotations

import re
import textwrap

# C0 but for tab and line feed, DEL and C1; then what reorders, hides or breaks lines of text; then
# halves of surrogate pairs, which no encoder takes.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]")
_SHORT = {"\x1b": "\\e", "\r": "\\r", "\x00": "\\0", "\x07": "\\a", "\x08": "\\b"}


def visible(text: str) -> str:
    """The text with everything that acts written out: ESC as ``\\e``, others as ``\\x9b``.

    Tabs, line feeds and backslashes stay as they are.
    """
    return _ACTING.sub(_written, text)


def visible_line(text: str) -> str:
    """As ``visible``, on one line: line feeds and tabs are written out too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def shortened(text: str, limit: int) -> str:
    """The text with its middle left out where it is longer: a path's end tells most.

    Args:
        limit: characters that are left, at least 1.
    """
    limit = max(1, limit)
    if len(text) <= limit:
        return text
    tail = (limit - 1) * 2 // 3
    return text[: limit - 1 - tail] + "…" + text[len(text) - tail:]


def wrapped(line: str, indent: str, width: int) -> list[str]:
    """One line as lines of at most ``width`` columns; those after the first are indented further.

    Args:
        indent: before the first line; what is not blank in it stands there alone.
    """
    return textwrap.wrap(
        line, width, initial_indent=indent,
        subsequent_indent=" " * len(indent) if indent.strip() else indent + "  ",
        break_long_words=True, break_on_hyphens=False, replace_whitespace=False,
    ) or [indent.rstrip()]


def _written(found: re.Match[str]) -> str:
    character = found[0]
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
