"""Whether two names are of one model.

Takes the name that was asked for and the one that a provider reports; gives yes or no. It knows no
model, only how providers write versions.
"""

from __future__ import annotations

import re

_VERSION = re.compile(r"[-@:](\d{3,}[\d-]*|latest|preview([-_][\d-]+)?|free)")
"""What may stand behind one of two names of the same model: a date, a build, a channel."""


def same_model(asked: str, reported: str) -> bool:
    """Whether the reported name is the asked one, but for its path and a date or version behind.

    ``gpt-5`` and ``gpt-5-mini``, or ``gpt-5`` and ``gpt-5.2``, are two models.
    """
    one, other = sorted((each.partition("?")[0].rpartition("/")[2].casefold()
                         for each in (asked, reported)), key=len)
    rest = other.removeprefix(one)
    return not rest or (other != rest and _VERSION.fullmatch(rest) is not None)
