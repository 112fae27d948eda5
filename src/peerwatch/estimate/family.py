"""Several comparisons that answer one question: what each is worth beside the others.

Takes p-values, gives adjusted ones, and the confidence that each interval needs so that all of a
family hold together. It never leaves a comparison out: one without a number is the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values in the same order; the chance of any false finding stays below the level.

    It holds however the comparisons depend on each other (arms that share a control do). Written
    out here because statsmodels 0.15 collects garbage at every call: 0.07 s, and more with a
    study's rollouts in memory. The tests hold it against theirs.

    Args:
        p: p-values of all comparisons of one family.

    Source: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    adjusted = [0.0] * len(p)
    least = 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        least = max(least, min(1.0, p[at] * (len(p) - rank)))
        adjusted[at] = least
    return tuple(adjusted)


def simultaneous_level(comparisons: int, level: float = 0.95) -> float:
    """Confidence of each interval of a family so that all hold at once with ``level``.

    Bonferroni's: a little wider than what Holm's adjusted p-values would need, and the only ones
    of the two that are intervals. So an adjusted p-value can be below 0.05 where the simultaneous
    interval still includes zero; never the other way round.

    Source: Dunn (1961), JASA 56, 52-64.
    """
    return 1 - (1 - level) / max(comparisons, 1)
