"""The interval of one rate.

Takes a count and its denominator, gives a Wilson interval. It never gives a number for nothing out
of nothing: that has no interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import norm


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
