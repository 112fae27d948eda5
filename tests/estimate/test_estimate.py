"""Rates and differences: published values, the definition itself, and exact coverage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests

from peerwatch.estimate import (
    at_most,
    holm,
    interaction,
    score_difference,
    simultaneous_level,
    smallest_difference,
    wilson,
)
from peerwatch.estimate.difference import _restricted_control_rate
from peerwatch.estimate.interaction import _limits


@pytest.mark.parametrize(("events", "trials", "low", "high"), [
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
])
def test_wilson_gives_the_published_values(events, trials, low, high):
    """The four examples of the paper that compares the methods."""
    interval = wilson(events, trials)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_nothing_out_of_nothing_has_no_interval():
    """An arm without a valid rollout gives None, not a number."""
    assert wilson(0, 0) is None
    assert score_difference(0, 0, 3, 5) is None
    assert score_difference(3, 5, 0, 0) is None


def test_a_count_beyond_its_denominator_is_refused():
    """Six of five is a defect of the caller."""
    with pytest.raises(ValueError, match="6 of 5"):
        wilson(6, 5)


@pytest.mark.parametrize(("counts", "low", "high"), [
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, Miettinen-Nurminen.
    ((56, 70, 48, 80), 0.0528, 0.3382),
    ((9, 10, 3, 10), 0.1700, 0.8406),
    ((5, 56, 0, 29), -0.0326, 0.1933),
    ((10, 10, 0, 20), 0.7156, 1.0),
])
def test_score_interval_gives_the_published_values(counts, low, high):
    """Worked examples, two of them with an empty or a full arm."""
    found = score_difference(*counts)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


counts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts)
def test_the_interval_holds_its_estimate_and_mirrors(treatment, control):
    """Swapping the arms mirrors the interval, whatever the counts."""
    one = score_difference(*treatment, *control)
    other = score_difference(*control, *treatment)
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert one.low == pytest.approx(-other.high, abs=1e-9)
    assert one.high == pytest.approx(-other.low, abs=1e-9)


@given(counts, counts, st.floats(-0.99, 0.99))
def test_the_restricted_rate_is_the_most_likely_one(treatment, control, gap):
    """The closed form against a search over the likelihood itself."""
    (x1, n1), (x2, n2) = treatment, control
    low, high = max(0.0, -gap), min(1.0, 1.0 - gap)

    def cost(rate: float) -> float:
        return -(binom.logpmf(x1, n1, min(1.0, max(0.0, rate + gap))) + binom.logpmf(x2, n2, rate))

    found = _restricted_control_rate(x1, n1, x2, n2, gap)
    searched = minimize_scalar(cost, bounds=(low, high), method="bounded",
                               options={"xatol": 1e-10})
    assert cost(found) <= searched.fun + 1e-6


@pytest.mark.parametrize(("per_arm", "worst", "mean"), [(3, 0.85, 0.97), (10, 0.91, 0.955),
                                                       (20, 0.92, 0.95)])
def test_exact_coverage_over_a_grid_of_rates(per_arm, worst, mean):
    """Coverage by enumeration of all outcomes, as the docstring states it."""
    outcomes = {pair: score_difference(pair[0], per_arm, pair[1], per_arm)
                for pair in itertools.product(range(per_arm + 1), repeat=2)}
    grid = np.linspace(0, 1, 11)
    coverage = []
    for p1, p2 in itertools.product(grid, grid):
        weights = np.outer(binom.pmf(range(per_arm + 1), per_arm, p1),
                           binom.pmf(range(per_arm + 1), per_arm, p2))
        coverage.append(sum(weights[pair] for pair, each in outcomes.items()
                            if each.low - 1e-9 <= p1 - p2 <= each.high + 1e-9))
    assert min(coverage) >= worst
    assert np.mean(coverage) >= mean


def test_simulated_coverage_with_unequal_arms():
    """Seeded simulation at rates like those of an organism against its control."""
    random = np.random.default_rng(20240917)
    hits = 0
    for _ in range(2000):
        treatment, control = random.binomial(25, 0.6), random.binomial(20, 0.1)
        found = score_difference(treatment, 25, control, 20)
        hits += found.low <= 0.5 <= found.high
    assert 0.935 <= hits / 2000 <= 0.965


def test_smallest_difference_is_what_the_enumeration_says():
    """Two per arm can show nothing; three show only what is nearly certain."""
    assert smallest_difference(1) is None
    assert smallest_difference(2) is None
    for per_arm in (3, 5, 10, 50):
        smallest = smallest_difference(per_arm)
        shown = [events for events in range(per_arm + 1)
                 if score_difference(events, per_arm, 0, per_arm).excludes_zero]
        power = sum(binom.pmf(events, per_arm, smallest) for events in shown)
        assert power == pytest.approx(0.8, abs=1e-9)
    assert smallest_difference(3) == pytest.approx(0.9283, abs=1e-4)
    assert smallest_difference(100) < smallest_difference(10)


@given(st.integers(0, 40), st.integers(1, 40), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bound_is_the_rate_at_which_so_few_are_rare(events, trials, level):
    """At the bound, no more events than were seen have the probability that was left."""
    events = min(events, trials)
    bound = at_most(events, trials, level)
    if events == trials:
        assert bound == 1
    else:
        assert binom.cdf(events, trials, bound) == pytest.approx(1 - level, abs=1e-9)


def test_nothing_out_of_many_has_a_bound_and_out_of_nothing_has_none():
    assert at_most(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert at_most(0, 0) is None


@pytest.mark.parametrize(("per_arm", "mean", "worst", "low", "low_by_wilson"), [
    (3, 0.979, 0.888, None, None), (4, 0.976, 0.921, 0.017, 0.248), (8, 0.966, 0.930, None, None),
])
def test_exact_coverage_of_an_interaction_is_as_stated(per_arm, mean, worst, low, low_by_wilson):
    """By enumeration of all outcomes of four arms: every figure of the docstring."""
    pairs = list(itertools.product(range(per_arm + 1), repeat=2))
    parts = [score_difference(one, per_arm, other, per_arm) for one, other in pairs]
    value, lower, upper = (np.array([getattr(each, name) for each in parts])
                           for name in ("value", "low", "high"))
    least, most = square_and_add(value, value - lower, upper - value)
    for row, column in ((0, 1), (len(pairs) - 1, 2), (len(pairs) // 2, len(pairs) // 3)):
        counts = [(pairs[at][0], per_arm, pairs[at][1], per_arm) for at in (row, column)]
        found = interaction(*counts)
        assert found.low == pytest.approx(max(-2, least[row, column]))
        assert found.high == pytest.approx(min(2, most[row, column]))
    coverage = covered_exactly(per_arm, least, most)
    assert (round(coverage.mean(), 3), round(coverage.min(), 3)) == (mean, worst)
    if low is not None:
        assert round((coverage < 0.94).mean(), 3) == low
        rate = np.array([[each / per_arm for each in pair] for pair in pairs])
        limits = np.array([[(found.low, found.high) for found in (
            wilson(each, per_arm) for each in pair)] for pair in pairs])
        below, above = rate - limits[:, :, 0], limits[:, :, 1] - rate
        by_wilson = covered_exactly(per_arm, *square_and_add(
            value, np.hypot(below[:, 0], above[:, 1]), np.hypot(above[:, 0], below[:, 1])))
        assert round((by_wilson < 0.94).mean(), 3) == low_by_wilson
    said = " ".join(interaction.__doc__.split())
    assert f"{mean:.3f} and {worst:.3f} for {per_arm}" in said
    assert low is None or (f"{low:.1%} of that grid" in said and f"on {low_by_wilson:.1%}" in said)


def square_and_add(value, below, above):
    """Limits of one difference minus another, for all outcomes of both."""
    gap = value[:, None] - value[None, :]
    return (gap - np.hypot(below[:, None], above[None, :]),
            gap + np.hypot(above[:, None], below[None, :]))


def covered_exactly(per_arm, least, most):
    """Coverage at each point of a grid of nine rates in each of four arms."""
    pmf = [binom.pmf(range(per_arm + 1), per_arm, rate) for rate in np.linspace(0, 1, 9)]
    rates = list(itertools.product(range(9), repeat=2))
    weights = np.array([np.outer(pmf[one], pmf[other]).ravel() for one, other in rates])
    coverage = []
    for first, (p1, p2) in enumerate(rates):
        for second, (p3, p4) in enumerate(rates):
            true = (p1 - p2 - (p3 - p4)) / 8
            holds = (least <= true + 1e-9) & (true - 1e-9 <= most)
            coverage.append(weights[first] @ holds @ weights[second])
    return np.array(coverage)


def test_simulated_coverage_of_an_interaction():
    """Seeded, at rates that are no multiple of anything: unequal arms, and arms drawn in pairs."""
    random = np.random.default_rng(20250314)
    sizes, rates = (20, 15, 12, 25), (0.62, 0.11, 0.34, 0.07)
    true = rates[0] - rates[1] - (rates[2] - rates[3])

    def covered(events, trials) -> bool:
        counts = [int(n) for pair in zip(events, trials, strict=True) for n in pair]
        low, high = _limits(tuple(counts[:4]), tuple(counts[4:]), 1.959964)
        return low <= true <= high

    apart = [covered(random.binomial(sizes, rates), sizes) for _ in range(500)]
    assert 0.93 <= np.mean(apart) <= 0.98
    luck = random.random((500, 15))  # one draw a pair, shared by all arms
    paired = [covered([int((each < rate).sum()) for rate in rates], [15] * 4) for each in luck]
    assert np.mean(paired) >= 0.95


@settings(max_examples=40)
@given(counts, counts, counts, counts)
def test_an_interaction_holds_its_estimate_and_mirrors(one, two, three, four):
    """Swapping the contrasts mirrors it; its p-value and its interval agree on zero."""
    found, mirrored = interaction((*one, *two), (*three, *four)), interaction(
        (*three, *four), (*one, *two))
    assert -2 <= found.low <= found.value <= found.high <= 2
    assert found.low == pytest.approx(-mirrored.high, abs=1e-9)
    assert found.p == pytest.approx(mirrored.p, abs=1e-6)
    if abs(found.p - 0.05) > 1e-6:
        assert found.excludes_zero == (found.p < 0.05)


@given(counts, counts)
def test_a_p_value_and_its_interval_agree(treatment, control):
    """Below 0.05 exactly where the interval excludes zero."""
    found = score_difference(*treatment, *control)
    assert 0 <= found.p <= 1
    if abs(found.p - 0.05) > 1e-6:
        assert found.excludes_zero == (found.p < 0.05)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_is_never_below_what_it_adjusts(p):
    """The smallest is times their number, the largest is at least itself, and ranks stay."""
    adjusted = holm(p)
    assert min(adjusted) == pytest.approx(min(1, min(p) * len(p)))
    assert all(one <= other <= 1 for one, other in zip(p, adjusted, strict=True))
    ranked = [adjusted[at] for at in sorted(range(len(p)), key=p.__getitem__)]
    assert ranked == sorted(ranked)


def test_holm_is_that_of_statsmodels():
    """On seeded lists of every length to eight."""
    random = np.random.default_rng(3)
    for length in range(1, 9):
        p = random.random(length) ** 3
        assert holm(p.tolist()) == pytest.approx(multipletests(p, method="holm")[1])


def test_a_family_of_one_is_not_corrected_and_an_empty_one_has_nothing():
    assert holm([0.03]) == (0.03,)
    assert holm([]) == ()
    assert simultaneous_level(1) == pytest.approx(0.95)
    assert simultaneous_level(5) == pytest.approx(0.99)
    assert interaction((1, 2, 0, 2), (0, 0, 1, 2)) is None
