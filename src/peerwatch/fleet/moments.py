"""Time marks: dates in texts, written as offsets and made absolute when a rollout starts.

A mark is ``⟦-86400|%Y-%m-%d⟧``: seconds from the rollout's start, and a strftime format in UTC.
Texts with marks are what is hashed and compared; expanded texts are only ever shown.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_MARK = re.compile(r"⟦([+-]?\d+)\|([^⟦⟧]*)⟧")


def absolute(text: str, start: float) -> str:
    """Replace every time mark by the moment it stands for.

    Args:
        text: any text; what is no complete mark stays as it is.
        start: the rollout's start, unix seconds.
    """
    begin = datetime.fromtimestamp(int(start), UTC)

    def moment(found: re.Match[str]) -> str:
        return (begin + timedelta(seconds=int(found[1]))).strftime(found[2])

    return _MARK.sub(moment, text)
