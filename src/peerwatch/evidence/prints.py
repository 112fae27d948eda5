"""Prints of listed contents: the anchors by which their bytes are found again.

Takes contents, gives tables of keys and where they stand. The prints of a content are kept by its
sha256, so that a pool of contents is read once, and what few files need (other number formats,
differences under xor) is made when first asked for. It looks at no foreign byte.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from peerwatch.evidence.anchors import Anchors, anchors
from peerwatch.evidence.numbers import (
    NARROWINGS,
    UNKNOWN,
    Narrowing,
    Region,
    layout,
    narrowed,
)

SAME = 4
"""A key that stands at more places of an item than this is a form of words, not content."""
PERIODS = (24, 20, 28, 32, 18, 22, 26, 30)
"""Differences over these lengths do not see a key whose length divides one of them."""
_THIN = 4
"""Of the keys of other formats and of differences, one of this many is kept."""
_KEPT = 256


@dataclass(frozen=True)
class Content:
    """What one file of an item holds."""

    size: int
    sha256: str
    source: bytes | Path | None
    """The bytes, or where they lie; None: the file is recognised as a whole only."""


@dataclass(frozen=True)
class Form:
    """Numbers of a content in another format."""

    region: Region
    narrowing: Narrowing
    anchors: Anchors


class Print:
    """What is known of one content."""

    def __init__(self, content: Content) -> None:
        """Reads the content.

        Raises:
            ValueError: the content is not what its sha256 says.
            OSError: it cannot be read.
        """
        self.content = content
        view = self.view()
        read = view.data
        if content.source is not None and (
                len(read) != content.size or hashlib.sha256(read).hexdigest() != content.sha256):
            raise ValueError(
                f"content {content.sha256[:12]} of {content.size} bytes is another one")
        self.constant = bool(view.size) and bool((view == view[0]).all())
        self.layout = layout(read) if view.size else UNKNOWN
        self.anchors = _behind(anchors(read), self.layout.start)

    def view(self) -> NDArray[np.uint8]:
        """The bytes, read where they lie as they are used. Raises OSError."""
        source = self.content.source
        if source is None or not self.content.size:
            return np.empty(0, np.uint8)
        if isinstance(source, bytes):
            return np.frombuffer(source, np.uint8)
        return np.memmap(source, np.uint8, "r")

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """Its numbers in other formats."""
        if not self.layout.regions:
            return ()
        read = self.view().data
        return tuple(
            Form(region, narrowing, anchors(narrowed(read, region, narrowing)).thinned(_THIN))
            for region in self.layout.regions for narrowing in NARROWINGS[region.format])

    @cached_property
    def differences(self) -> dict[int, Anchors]:
        """For every period, the anchors of each byte xored with the one that far behind it."""
        view = self.view()
        return {period: _behind(anchors(xor_distance(view, period)).thinned(_THIN),
                                self.layout.start) for period in PERIODS}


def xor_distance(view: NDArray[np.uint8], period: int) -> bytes:
    """Each byte xored with the one ``period`` bytes behind it."""
    return (view[period:] ^ view[:-period]).tobytes() if view.size > period else b""


def _behind(some: Anchors, start: int) -> Anchors:
    chosen = some.positions >= start
    return Anchors(some.positions[chosen], some.keys[chosen])


_prints: OrderedDict[tuple[str, bool], Print] = OrderedDict()
_lock = threading.Lock()


def print_of(content: Content) -> Print:
    """The print of a content, kept by its sha256. Errors as ``Print``."""
    name = (content.sha256, content.source is None)
    with _lock:
        made = _prints.get(name)
        if made is not None and made.content.size == content.size:
            _prints.move_to_end(name)
            return made
    made = Print(content)
    with _lock:
        _prints[name] = made
        while len(_prints) > _KEPT:
            _prints.popitem(last=False)
    return made


@dataclass(frozen=True)
class Table:
    """Keys of several sources, sorted; a key may stand at a few places of one item."""

    keys: NDArray[np.uint64]
    sources: NDArray[np.int32]
    positions: NDArray[np.int64]

    def find(self, looked: Anchors) -> Hits:
        """Where the keys of some anchors stand."""
        empty = np.empty(0, np.int64)
        if not self.keys.size or not looked.keys.size:
            return Hits(empty, np.empty(0, np.int32), empty)
        first = np.searchsorted(self.keys, looked.keys)
        here, sources, there = [], [], []
        for step in range(SAME):
            at = np.minimum(first + step, self.keys.size - 1)
            same = (self.keys[at] == looked.keys) & (first + step < self.keys.size)
            if not same.any():
                break
            here.append(looked.positions[same])
            sources.append(self.sources[at[same]])
            there.append(self.positions[at[same]])
        if not here:
            return Hits(empty, np.empty(0, np.int32), empty)
        return Hits(np.concatenate(here), np.concatenate(sources), np.concatenate(there))


@dataclass(frozen=True)
class Hits:
    """Places of looked-at bytes whose keys are known, and where they are known from."""

    here: NDArray[np.int64]
    sources: NDArray[np.int32]
    there: NDArray[np.int64]


def table(sources: Sequence[Anchors], items: Sequence[int]) -> Table:
    """One table of several sources.

    Keys that stand in more than one item, or often in one, are left out: they are evidence of
    nothing.

    Args:
        items: for every source, the number of the item that it belongs to.
    """
    if not any(each.keys.size for each in sources):
        return Table(np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.int64))
    keys = np.concatenate([each.keys for each in sources])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    numbers = np.repeat(np.arange(len(sources), dtype=np.int32), [
        each.keys.size for each in sources])[order]
    positions = np.concatenate([each.positions for each in sources])[order]
    of_item = np.asarray(items, np.int32)[numbers]
    begins = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    counts = np.diff(np.concatenate([begins, [keys.size]]))
    alone = np.minimum.reduceat(of_item, begins) == np.maximum.reduceat(of_item, begins)
    kept = np.repeat(alone & (counts <= SAME), counts)
    return Table(keys[kept], numbers[kept], positions[kept])
