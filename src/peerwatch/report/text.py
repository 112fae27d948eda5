"""Foreign text on its way into the page: made visible, and cut.

Takes text that a subject, a host or a provider wrote, gives text in which nothing acts: control
characters, terminal sequences and direction overrides stand as readable marks. Escaping for HTML
is the template's work, always on; this module never makes markup.
"""

from __future__ import annotations

from peerwatch.conduct.account import visible


def shown(text: str, limit: int) -> str:
    """One line of foreign text: visible, white space joined, cut to a number of characters."""
    # Cut before and after: a megabyte need not be walked, and marks are longer than what they mark.
    line = " ".join(visible(text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def excerpt(text: str, limit: int) -> tuple[str, int]:
    """The head of a longer foreign text, visible, with its line breaks.

    Returns:
        The text, and how many characters of the original were left out.
    """
    left_out = max(0, len(text) - limit)
    return visible(text[:limit]).rstrip("\n"), left_out
