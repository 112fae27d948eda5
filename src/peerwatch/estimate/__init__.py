"""Estimate: rates, differences, what families need, and what a number of rollouts can show.

Takes counts, gives small frozen results with an interval and the name of its method. It knows
nothing of models, logs or machines.
"""

from peerwatch.estimate.difference import Difference, score_difference
from peerwatch.estimate.family import holm, simultaneous_level
from peerwatch.estimate.interaction import interaction
from peerwatch.estimate.power import smallest_difference
from peerwatch.estimate.rate import Interval, at_most, wilson

__all__ = [
    "Difference",
    "Interval",
    "at_most",
    "holm",
    "interaction",
    "score_difference",
    "simultaneous_level",
    "smallest_difference",
    "wilson",
]
