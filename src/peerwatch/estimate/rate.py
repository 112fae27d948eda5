"""The interval of one rate, and the bound on one that should be nothing.

Takes a count and its denominator, gives a Wilson interval or an exact upper bound. It never gives a
number for nothing out of nothing: that has no interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import beta, norm


@dataclass(frozen=True)
class Interval:
    """A two-sided interval, both ends inside [0, 1] for a rate."""

    low: float
    high: float


def checked(events: int, trials: int) -> None:
    """Raises ValueError where a count is no count of its denominator."""
    if trials < 0 or not 0 <= events <= trials:
        raise ValueError(f"{events} of {trials} is no rate")


def wilson(events: int, trials: int, level: float = 0.95) -> Interval | None:
    """Wilson's score interval of a proportion.

    Args:
        events: how often it happened.
        trials: out of how many; 0 gives None.
        level: confidence, two-sided.

    Source: Wilson (1927), JASA 22, 209-212, without continuity correction.
    """
    checked(events, trials)
    if not trials:
        return None
    z = float(norm.isf((1 - level) / 2))
    rate, spread = events / trials, z * z / trials
    centre = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / trials + spread / (4 * trials)) / (1 + spread)
    # At 0 and n the end is exact in theory and off by a rounding (1e-17) in floating point.
    low = 0.0 if events == 0 else max(0.0, centre - half)
    high = 1.0 if events == trials else min(1.0, centre + half)
    return Interval(low, high)


def at_most(events: int, trials: int, level: float = 0.95) -> float | None:
    """Exact one-sided upper bound of a proportion; 1 minus (1 - level)^(1/trials) for 0 events.

    Args:
        events: how often it happened.
        trials: out of how many; 0 gives None.
        level: confidence, one-sided.

    Source: Clopper and Pearson (1934), Biometrika 26, 404-413.
    """
    checked(events, trials)
    if not trials:
        return None
    return 1.0 if events == trials else float(beta.ppf(level, events + 1, trials - events))
