"""Which language words are in, and whether rules can read it.

Takes words, gives a ``Tongue`` or None. Plain English is known by its commonest words; the
rest goes to py3langid, which is loaded only then.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from peerwatch.evidence.prose.english import ENGLISH
from peerwatch.evidence.prose.french import FRENCH
from peerwatch.evidence.prose.german import GERMAN
from peerwatch.evidence.prose.spanish import SPANISH
from peerwatch.evidence.prose.tongue import Tongue

TONGUES: tuple[Tongue, ...] = (ENGLISH, GERMAN, FRENCH, SPANISH)
PLAIN = 0.25
"""Share of English words above which nothing else is asked."""
MARGIN = 4.0
"""By so much (natural log of likelihood) another language has to be likelier than all readable
ones. One short word alone is often a little likelier in some other language (*Proceeding.*: Dutch,
by 0.7); two words of Polish or Italian are so by 20 and more."""
_SAMPLE = 4_000
"""Characters that are looked at."""
_FEW = 3
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPT = re.compile(r"[\u0370-\u1cff\u2c80-\ud7ff\uf900-\ufdff\ufe70-\uffef]")
"""Letters of other scripts than the Latin one."""


def of(text: str) -> Tongue | None:
    """The language of some words; None where it cannot be read.

    Args:
        text: without names and places; '' and words without letters are read as English.
    """
    return _of(text[:_SAMPLE].lower())


@lru_cache(maxsize=1024)  # several rules ask about the same sentence
def _of(sample: str) -> Tongue | None:
    words = _WORD.findall(sample)
    if not words:
        return ENGLISH
    if len(_SCRIPT.findall(sample)) * 4 > sum(map(len, words)):
        return None
    shares = [sum(word in tongue.common for word in words) / len(words) for tongue in TONGUES]
    best = max(shares)
    first = TONGUES[shares.index(best)]
    # The others have neighbours that share their commonest words: Portuguese, Italian, Dutch.
    if shares.count(best) == 1 and (
            (first is ENGLISH and best >= PLAIN) or (len(words) <= _FEW and best > 0)):
        return first
    scores: dict[str, float] = dict(_identifier().rank(sample))
    likely = max(TONGUES, key=lambda tongue: scores[tongue.code])
    return likely if max(scores.values()) - scores[likely.code] < MARGIN else None


@cache
def _identifier() -> Any:
    """The identifier; it takes seconds to load."""
    import py3langid

    return py3langid
