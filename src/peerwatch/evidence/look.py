"""One look through one file: what of the items is in it, layer by layer.

Takes an index of items and the bytes of a file, gives the ranges of the items that were found, by
dress, and how much of the file nobody could read. Only bytes that are compared count; dresses are
undone within the allowance, guesses (xor, number formats, order of bytes) only where nothing else
was found.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from peerwatch.evidence import numbers
from peerwatch.evidence.anchors import anchors
from peerwatch.evidence.dress import xored
from peerwatch.evidence.dress.allowance import DEPTH, Allowance, Bytes, Spent
from peerwatch.evidence.dress.compressed import unmarked
from peerwatch.evidence.dress.table import Layer, begins_as_known, is_text
from peerwatch.evidence.index import Index, Source
from peerwatch.evidence.prints import Hits, xor_distance
from peerwatch.evidence.runs import runs
from peerwatch.evidence.spans import Span, length, merged

ENOUGH = 512
"""Fewer bytes of an item than this, in one layer, are nobody's."""
OPAQUE = 6.8
"""Bits per byte from which content that nothing was read from may be packed, encrypted, or weights:
text and programs have less."""
_EXPLAINED = 0.95
"""Of a layer: the rest of it is not looked into."""
_WINDOWS, _WINDOW = 8, 1 << 16
"""Where a guess is tried before a whole layer is made of it."""
_GUESSED = 4096
"""A shorter layer is not worth a guess."""
_KEYS = 4
"""Keys that are tried on one layer."""


class Look:
    """One look. ``through`` may be called for one piece of a file after another."""

    def __init__(self, index: Index) -> None:
        self.spans: dict[tuple[str, str], list[Span]] = {}
        """By item and dress."""
        self.opaque = 0
        """Bytes that nothing could be read from, at least ``OPAQUE`` bits in each."""
        self.entropy = 0.0
        """Of the densest such bytes, in bits per byte."""
        self._index = index
        self._allowance = Allowance(known=self._knows)
        self._found = 0
        self._views: dict[Source, NDArray[np.uint8]] = {}

    def through(self, content: bytes) -> bool:
        """Looks through a piece; whether the allowance was enough."""
        try:
            self._layer(content, ())
        except Spent:
            return False
        return True

    def _layer(self, content: Bytes, dresses: tuple[str, ...]) -> None:
        if len(content) < ENOUGH:
            return
        before = self._found
        explained = self._find(content, dresses)
        if explained >= _EXPLAINED * len(content):
            return
        claimed = 0
        if len(dresses) < DEPTH:
            layer = Layer(content, self._allowance)
            for part in layer.parts():
                self._layer(part.content, (*dresses, part.dress))
            claimed = layer.claimed
            if self._found == before and claimed < len(content) / 2 and len(content) >= _GUESSED:
                self._guess(content, dresses)
        left = len(content) - explained - claimed
        if left >= ENOUGH and (self._found == before or explained):
            self._leave(content, left)

    def _leave(self, content: Bytes, left: int) -> None:
        """Notes what nothing was read from, if it is dense."""
        if is_text(content[:4096]) and is_text(content):
            return
        sample = np.concatenate([
            np.frombuffer(each, np.uint8) for _, each in _windows(content)])
        entropy = numbers.entropy(sample)
        if entropy >= OPAQUE:
            self.opaque += left
            self.entropy = max(self.entropy, entropy)

    # --- what is there as it is ---

    def _knows(self, content: Bytes) -> bool:
        looked = anchors(content)
        return bool(self._index.plain.find(looked).here.size
                    or self._index.forms.find(looked).here.size)

    def _find(self, content: Bytes, dresses: tuple[str, ...]) -> int:
        """Notes what a layer holds as it is, or in other number formats; the bytes explained."""
        looked = anchors(content)
        here = np.frombuffer(content, np.uint8)
        index = self._index
        explained = self._take(here, index.plain.find(looked), index.placed, dresses)
        if explained < _EXPLAINED * len(content):
            explained += self._take(here, index.forms.find(looked), index.formed, dresses)
        return explained

    def _take(
        self, here: NDArray[np.uint8], hits: Hits, sources: Sequence[Source],
        dresses: tuple[str, ...],
    ) -> int:
        """Notes the runs through some hits; the bytes of the layer that they explain."""
        explained: list[Span] = []
        found: dict[tuple[str, str], list[Span]] = {}
        for run in runs(here, hits, lambda number: self._view(sources[number])):
            source = sources[run.source]
            dress = " > ".join((*dresses, source.dress) if source.dress else dresses)
            found.setdefault((source.item, dress), []).append(
                source.original(run.there, run.there + run.size))
            explained.append((run.here, run.here + run.size))
        some = False
        for name, spans in found.items():
            if length(merged(spans)) >= ENOUGH:
                self.spans.setdefault(name, []).extend(spans)
                self._found += 1
                some = True
        return length(merged(explained)) if some else 0

    def _view(self, source: Source) -> NDArray[np.uint8]:
        made = self._views.get(source)
        if made is None:
            made = self._views[source] = source.view()
        return made

    # --- what it may be ---

    def _guess(self, content: Bytes, dresses: tuple[str, ...]) -> None:
        """Tries, one after another until something is found, what leaves no mark of its own."""
        if dresses[-1:] == ("xor",):  # one key over another is one key
            return
        before = self._found
        for dress, made in self._guesses(content):
            self._allowance.take(len(made))
            self._layer(made, (*dresses, dress))
            if self._found != before:
                return

    def _guesses(self, content: Bytes) -> Iterator[tuple[str, bytes]]:
        yield from numbers.was_wider(content)
        yield from unmarked(content, self._allowance)
        for key in self._keys(content):
            yield "xor", xored.xored(content, key)
        for made in itertools.islice(xored.opened(content, self._allowance), _KEYS):
            yield "xor", made
        for dress, turned in _ORDERS:
            if any(self._knows(turned(piece)) for _, piece in _windows(content)) or (
                    begins_as_known(turned(content[-512:]))) or (
                    begins_as_known(turned(content[:512]))):
                yield dress, turned(content)
        for apart in _APART:
            for begin, piece in _windows(content):
                first = next((at for at in range(apart) if self._knows(
                    bytes(piece[at::apart]))), None)
                if first is not None:
                    yield "interleaved", bytes(content[(begin + first) % apart::apart])
                    break

    def _keys(self, content: Bytes) -> Iterator[bytes]:
        """Keys under which a layer holds content of an item, each as it is at its first byte."""
        found: set[bytes] = set()
        for begin, piece in _windows(content):
            view = np.frombuffer(piece, np.uint8)
            for period, known in self._index.differences.items():
                hits = known.find(anchors(xor_distance(view, period)))
                for here, source, there in list(zip(
                        hits.here.tolist(), hits.sources.tolist(), hits.there.tolist(),
                        strict=True))[:_KEYS]:
                    key = _key(view[here:], self._view(self._index.placed[source])[there:],
                               begin + here, period)
                    if key is not None and key not in found and len(found) < _KEYS:
                        found.add(key)
                        yield key


def _key(
    here: NDArray[np.uint8], there: NDArray[np.uint8], at: int, period: int
) -> bytes | None:
    """The shortest key of a period under which two places are alike; None where there is none."""
    size = min(len(here), len(there), 4 * period)
    key = here[:size] ^ there[:size]
    if size < 2 * period or not np.array_equal(key[period:], key[:-period]) or not key.any():
        return None
    shortest = next(length for length in range(1, period + 1) if period % length == 0
                    and np.array_equal(key[length:], key[:-length]))
    return np.roll(key[:shortest], at % shortest).tobytes()


def _windows(content: Bytes) -> Iterator[tuple[int, Bytes]]:
    """Some pieces of a content, evenly over it; all of it where it is small."""
    if len(content) <= _WINDOWS * _WINDOW:
        yield 0, content
        return
    for number in range(_WINDOWS):
        begin = (len(content) - _WINDOW) * number // (_WINDOWS - 1) // 8 * 8
        yield begin, content[begin: begin + _WINDOW]


def _reversed(content: Bytes) -> bytes:
    return np.frombuffer(content, np.uint8)[::-1].tobytes()


def _swapped(width: int) -> Callable[[Bytes], bytes]:
    def made(content: Bytes) -> bytes:
        return np.frombuffer(
            content[: len(content) // width * width], f"<u{width}").byteswap().tobytes()

    return made


def _by(table: bytes) -> Callable[[Bytes], bytes]:
    return lambda content: bytes(content).translate(table)


_ORDERS: tuple[tuple[str, Callable[[Bytes], bytes]], ...] = (
    ("reversed", _reversed), *(("swapped", _swapped(width)) for width in (2, 4, 8)),
    ("halves exchanged", _by(bytes((each >> 4 | each << 4) & 0xFF for each in range(256)))),
    ("bits reversed", _by(bytes(int(f"{each:08b}"[::-1], 2) for each in range(256)))))
_APART = (2, 3, 4)
"""Bytes from one of an item's to the next, where others stand between them."""
