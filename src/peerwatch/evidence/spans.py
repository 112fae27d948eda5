"""Half-open byte ranges: union, overlap, difference, length.

Takes and gives sorted, disjoint tuples of (start, end). It knows nothing of files or items.
"""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]
Spans = tuple[Span, ...]


def merged(spans: Iterable[Span]) -> Spans:
    """The union: sorted, disjoint, touching ranges joined, empty ones left out."""
    made: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return tuple(made)


def length(spans: Spans) -> int:
    """Bytes in all ranges."""
    return sum(end - start for start, end in spans)


def common(some: Spans, others: Spans) -> Spans:
    """What lies in both."""
    made: list[Span] = []
    left, right = 0, 0
    while left < len(some) and right < len(others):
        start = max(some[left][0], others[right][0])
        end = min(some[left][1], others[right][1])
        if start < end:
            made.append((start, end))
        if some[left][1] <= others[right][1]:
            left += 1
        else:
            right += 1
    return tuple(made)


def without(some: Spans, others: Spans) -> Spans:
    """What lies in ``some`` and not in ``others``."""
    made: list[Span] = []
    after = 0
    for first, end in some:
        start = first
        while after < len(others) and others[after][1] <= start:
            after += 1
        index = after
        while index < len(others) and others[index][0] < end:
            if others[index][0] > start:
                made.append((start, others[index][0]))
            start = max(start, others[index][1])
            index += 1
        if start < end:
            made.append((start, end))
    return tuple(made)
