"""Spans against plain sets of numbers."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from peerwatch.evidence.spans import common, length, merged, without

RAW = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def numbers(spans: object) -> set[int]:
    return {number for start, end in spans for number in range(start, end)}


@given(RAW, RAW)
def test_spans_are_sets(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    """Union, overlap and difference mean what they mean of sets, and come out tidy."""
    some, others = merged(first), merged(second)
    assert numbers(some) == numbers(first)
    assert numbers(common(some, others)) == numbers(some) & numbers(others)
    assert numbers(without(some, others)) == numbers(some) - numbers(others)
    assert length(some) == len(numbers(some))
    for made in (some, common(some, others), without(some, others)):
        assert all(start < end for start, end in made)
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(made))
