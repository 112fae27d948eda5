"""Runs: how far bytes and a known content go on alike around a place where they meet.

Takes places at which keys agree, gives the stretches of both that are equal byte by byte. A key is
where to look; only compared bytes are evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peerwatch.evidence.prints import Hits

SHORTEST = 64
"""Bytes alike that say something."""
SHORTEST_TEXT = 512
"""Of text, in which forms of words recur: a record's frame and one value may be alike by chance."""
_TELLING = 8
"""Different values among a run's bytes at least."""
_TEXT = bytes([9, 10, 13, *range(32, 127)])
_MOST = 100_000
"""Runs that are followed in one layer."""


@dataclass(frozen=True)
class Run:
    """Equal bytes."""

    source: int
    here: int
    """Where they begin in the bytes that were looked at."""
    there: int
    """Where they begin in the source."""
    size: int


def runs(
    here: NDArray[np.uint8], hits: Hits, read: Callable[[int], NDArray[np.uint8]]
) -> Iterator[Run]:
    """Every run through at least one hit, no stretch of one source twice at one distance.

    Args:
        here: the bytes that were looked at.
        read: the bytes of a source.
    """
    distances = hits.there - hits.here
    order = np.lexsort((hits.here, distances, hits.sources))
    places, sources, distances = hits.here[order], hits.sources[order], distances[order]
    if not places.size:
        return
    edges = np.flatnonzero((np.diff(sources) != 0) | (np.diff(distances) != 0)) + 1
    starts = [0, *edges.tolist()]
    ends = [*edges.tolist(), places.size]
    followed = 0
    for first, last in zip(starts, ends, strict=True):
        source, distance = int(sources[first]), int(distances[first])
        there = read(source)
        at = first
        while at < last and followed < _MOST:
            followed += 1
            place = int(places[at])
            begin = place - _back(here, there, place, place + distance)
            end = place + _on(here, there, place, place + distance)
            if _telling(here[begin:end]):
                yield Run(source, begin, begin + distance, end - begin)
            at += max(int(np.searchsorted(places[at:last], end)), 1)


def _on(here: NDArray[np.uint8], there: NDArray[np.uint8], at: int, other: int) -> int:
    """Equal bytes from two places on."""
    most = min(len(here) - at, len(there) - other)
    done, step = 0, 256
    while done < most:
        size = min(step, most - done)
        differ = here[at + done: at + done + size] != there[other + done: other + done + size]
        first = int(differ.argmax())
        if differ[first]:
            return done + first
        done += size
        step = min(step * 4, 1 << 18)
    return most


def _back(here: NDArray[np.uint8], there: NDArray[np.uint8], at: int, other: int) -> int:
    """Equal bytes before two places."""
    most = min(at, other)
    done, step = 0, 256
    while done < most:
        size = min(step, most - done)
        differ = (here[at - done - size: at - done]
                  != there[other - done - size: other - done])[::-1]
        first = int(differ.argmax())
        if differ[first]:
            return done + first
        done += size
        step = min(step * 4, 1 << 18)
    return most


def _telling(some: NDArray[np.uint8]) -> bool:
    """Whether bytes alike are too many to be alike by chance."""
    sample = some[:4096].tobytes()
    if len(some) < SHORTEST or len(set(sample)) < _TELLING:
        return False
    return len(some) >= SHORTEST_TEXT or bool(sample.translate(None, _TEXT))
