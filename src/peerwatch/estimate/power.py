"""What a number of rollouts can show, before any is run.

Takes rollouts per arm, gives the smallest true difference that would show. It never assumes a
normal distribution: the number of arms' rollouts is small, and the enumeration is exact.
"""

from __future__ import annotations

from functools import lru_cache

from scipy.stats import beta

from peerwatch.estimate.difference import score_difference


@lru_cache(maxsize=256)
def smallest_difference(per_arm: int, power: float = 0.8, level: float = 0.95) -> float | None:
    """Smallest true difference that ``per_arm`` rollouts in each of two arms will show.

    The control's rate is taken to be 0, which is what an honest administrator's is. Then k events
    in the treatment arm show a difference as soon as their score interval excludes 0, and the rate
    at which k or more of n happen with the wanted probability is a quantile of the beta
    distribution (the binomial's tail as an incomplete beta function): no search, no simulation.

    Args:
        per_arm: rollouts in each arm.
        power: wanted probability that the interval excludes 0.
        level: confidence of the interval.

    Returns:
        A rate between 0 and 1, or None where even all against none would not exclude 0.
    """
    for events in range(1, per_arm + 1):
        difference = score_difference(events, per_arm, 0, per_arm, level)
        if difference is not None and difference.excludes_zero:
            return float(beta.ppf(power, events, per_arm - events + 1))
    return None
