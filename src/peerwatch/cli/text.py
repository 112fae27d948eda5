"""Text that is safe on a terminal.

Takes any text, gives it with control characters shown instead of obeyed. It imports nothing heavy,
so that an error message costs no second.
"""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """One line in which control and direction characters are shown, as ``\\x1b`` and the like."""
    return "".join(
        each if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else each.encode("unicode_escape", "surrogatepass").decode()
        for each in " ".join(text.splitlines()))
