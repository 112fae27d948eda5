"""Is this content that item: recognises files by their bytes, whole or in aligned blocks.

Takes the contents of the listed items once, then open files; gives the ranges of each item that a
file holds. It reads in pieces of 1 MiB, skips the holes of sparse files, stops at a budget of
bytes, and never trusts a name. It recognises whole files by sha256 and blocks of 4 KiB that lie at
multiples of 4 KiB, as cp, dd, split, truncate and aligned concatenation leave them; other dresses
(archives, encodings, shifted copies) are not recognised here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from peerwatch.evidence.spans import Span, merged
from peerwatch.evidence.types import Match

BLOCK = 4096
CHUNK = 256 * BLOCK
BUDGET = 512 << 20
"""Bytes read of one file at most: more than any host's disk of a staged rollout holds."""
_SHORTEST_TAIL = 64
"""A shorter last piece says too little to be called anybody's."""
_KEPT_PRINTS = 256
_ODD = np.array([0x9E3779B97F4A7C15, 0xC4CEB9FE1A85EC53, 0xFF51AFD7ED558CCD], dtype=np.uint64)


@dataclass(frozen=True)
class Content:
    """What one file of an item holds."""

    size: int
    sha256: str
    source: bytes | Path | None
    """The bytes, or where they lie; None: the file is recognised as a whole only."""


@dataclass(frozen=True)
class _Print:
    """Block hashes of one content."""

    words: NDArray[np.uint64]
    """A word for every full block, constant ones among them: a cheap first look."""
    digests: tuple[bytes | None, ...]
    """For every full block; None where it is constant."""
    tail: bytes | None
    """Of the shorter last block, if there is one worth it."""
    constant: bool


@dataclass(frozen=True)
class _Placed:
    """One content where it lies in its item."""

    item: str
    start: int
    size: int
    print: _Print


_NOTHING = _Print(np.empty(0, np.uint64), (), None, constant=False)
_prints: OrderedDict[str, _Print] = OrderedDict()
_prints_lock = threading.Lock()


class Fingerprints:
    """What a set of items looks like in bytes. Immutable, picklable, safe to share."""

    def __init__(self, items: Mapping[str, Sequence[Content]]) -> None:
        """Lays the fingerprints of every item's files end to end.

        Blocks and files that occur in more than one item, or say one thing only (zeros), are
        left out: they are evidence of nothing. Block hashes of a content are kept by its sha256,
        so that a pool of contents is hashed once.

        Args:
            items: name of the item to its files, in the order of ``Item.files``.

        Raises:
            ValueError: a content is not what its sha256 says.
            OSError: a content cannot be read.
        """
        wholes: dict[str, dict[str, list[Span]]] = {}
        placed: list[_Placed] = []
        for name, contents in items.items():
            start = 0
            for content in contents:
                made = _print_of(content)
                if content.size and not made.constant:
                    wholes.setdefault(content.sha256, {}).setdefault(name, []).append(
                        (start, start + content.size))
                placed.append(_Placed(name, start, content.size, made))
                start += content.size
        self._wholes = {sha256: _matches(found) for sha256, found in wholes.items()
                        if len(found) == 1}
        self._placed = tuple(placed)
        self._tails = frozenset(
            each.size % BLOCK for each in placed if each.print.tail is not None)
        self.smallest = min((BLOCK, *self._tails))
        """A file shorter than this can be recognised by its sha256 only: no need to open it."""

    @cached_property
    def _blocks(self) -> dict[bytes, tuple[str, list[Span]]]:
        """Item and places of every block; made when a file must be looked through (20 ms)."""
        blocks: dict[bytes, dict[str, list[Span]]] = {}
        for each in self._placed:
            for index, digest in enumerate(each.print.digests):
                if digest is not None:
                    begin = each.start + index * BLOCK
                    blocks.setdefault(digest, {}).setdefault(each.item, []).append(
                        (begin, begin + BLOCK))
            if each.print.tail is not None:
                end = each.start + each.size
                blocks.setdefault(each.print.tail, {}).setdefault(each.item, []).append(
                    (end - each.size % BLOCK, end))
        return {digest: next(iter(found.items())) for digest, found in blocks.items()
                if len(found) == 1}

    @cached_property
    def _words(self) -> NDArray[np.uint64]:
        words = [each.print.words for each in self._placed]
        return np.unique(np.concatenate(words)) if words else np.empty(0, np.uint64)

    def whole(self, sha256: str) -> tuple[Match, ...] | None:
        """The match of a file with this sha256; None where no item's file has it."""
        return self._wholes.get(sha256)

    def match(
        self, source: int | BinaryIO, size: int, sha256: str | None = None, *,
        budget: int = BUDGET,
    ) -> tuple[Match, ...]:
        """How much of which items a file holds.

        Args:
            source: a descriptor or a binary file object, read from its beginning. The position
                of either is not kept.
            size: bytes to look at, from the beginning.
            sha256: of the file, where it is known: a whole copy is then recognised unread.
            budget: bytes to read at most; what lies behind is not seen.

        Returns:
            One match for every item that something was found of, by name.

        Raises:
            OSError: the source cannot be read.
        """
        if sha256 is not None and (found := self.whole(sha256)) is not None:
            return found
        spans: dict[str, list[Span]] = {}
        if size >= self.smallest:
            for chunk in _filled(source, size, budget):
                self._look_at(chunk, spans)
        return _matches(spans)

    def _look_at(self, chunk: memoryview, spans: dict[str, list[Span]]) -> None:
        """Adds what a chunk holds; the chunk begins at a multiple of the block size."""
        full = len(chunk) // BLOCK
        if full and self._words.size:
            seen = _words_of(chunk[: full * BLOCK])
            nearest = np.minimum(np.searchsorted(self._words, seen), self._words.size - 1)
            for index in np.nonzero(self._words[nearest] == seen)[0].tolist():
                self._add(chunk[index * BLOCK: (index + 1) * BLOCK], spans)
        if len(chunk) % BLOCK in self._tails:
            self._add(chunk[full * BLOCK:], spans)

    def _add(self, block: memoryview, spans: dict[str, list[Span]]) -> None:
        found = self._blocks.get(_digest(block))
        if found is not None:
            item, places = found
            spans.setdefault(item, []).extend(places)


def _matches(spans: Mapping[str, Iterable[Span]]) -> tuple[Match, ...]:
    return tuple(Match(item=item, spans=merged(places)) for item, places in sorted(spans.items()))


def _digest(block: memoryview | bytes) -> bytes:
    return hashlib.blake2b(block, digest_size=16).digest()


def _words_of(blocks: memoryview | bytes) -> NDArray[np.uint64]:
    """One word for each full block, mixed from three places in it; equal blocks, equal words."""
    rows = np.frombuffer(blocks, "<u8").reshape(-1, BLOCK // 8)
    made: NDArray[np.uint64] = (rows[:, 1] * _ODD[0]) ^ (rows[:, 200] * _ODD[1]) ^ (
        rows[:, 509] * _ODD[2])
    return made


def _print_of(content: Content) -> _Print:
    """Block hashes of a content, kept by its sha256."""
    if content.source is None:
        return _NOTHING
    with _prints_lock:
        made = _prints.get(content.sha256)
        if made is not None:
            _prints.move_to_end(content.sha256)
            return made
    made = _made_print(content)
    with _prints_lock:
        _prints[content.sha256] = made
        while len(_prints) > _KEPT_PRINTS:
            _prints.popitem(last=False)
    return made


def _made_print(content: Content) -> _Print:
    source = content.source
    read = source if isinstance(source, bytes) else Path(str(source)).read_bytes()
    if len(read) != content.size or hashlib.sha256(read).hexdigest() != content.sha256:
        raise ValueError(f"content {content.sha256[:12]} of {content.size} bytes is another one")
    full = len(read) // BLOCK
    view = memoryview(read)[: full * BLOCK]
    rows = np.frombuffer(view, "<u8").reshape(-1, BLOCK // 8)
    constant = (rows == rows[:, :1]).all(axis=1)
    digests = tuple(
        None if constant[index] else _digest(view[index * BLOCK: (index + 1) * BLOCK])
        for index in range(full))
    # Of a file without a full block the whole is the only piece, and known by its sha256.
    last = read[full * BLOCK:]
    worth = full > 0 and len(last) >= _SHORTEST_TAIL and last.count(last[:1]) < len(last)
    return _Print(
        words=_words_of(view), digests=digests, tail=_digest(last) if worth else None,
        constant=bool(read) and read.count(read[:1]) == len(read))


def _filled(source: int | BinaryIO, size: int, budget: int) -> Iterator[memoryview]:
    """Chunks of a file that are no holes; each begins at a multiple of the block size."""
    buffer = bytearray(CHUNK)
    position = 0
    while position < size and budget > 0:
        start, end = _extent(source, position, size)
        position = start - start % BLOCK
        while position < end and budget > 0:
            # Read to the end of the last block: what follows in it is a hole, that is zeros.
            wanted = min(CHUNK, -(-min(end - position, budget) // BLOCK) * BLOCK,
                         size - position)
            got = _fill(buffer, wanted, source, position)
            if not got:
                return
            yield memoryview(buffer)[:got]
            position += got
            budget -= got
            if got < wanted:
                return


def _extent(source: int | BinaryIO, position: int, size: int) -> tuple[int, int]:
    """Where the next bytes lie at or behind a position: (start, end); (size, size) if nowhere."""
    if not isinstance(source, int):
        return position, size
    try:
        start = os.lseek(source, position, os.SEEK_DATA)
        return min(start, size), min(os.lseek(source, start, os.SEEK_HOLE), size)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size, size
        if error.errno == errno.EINVAL:  # a file system that knows no holes
            return position, size
        raise


def _fill(buffer: bytearray, wanted: int, source: int | BinaryIO, position: int) -> int:
    """Reads until ``wanted`` bytes are there or the file ends; gives how many are."""
    done = 0
    with memoryview(buffer) as whole:
        while done < wanted:
            with whole[done:wanted] as rest:
                if isinstance(source, int):
                    got = os.preadv(source, [rest], position + done)
                else:
                    piece = source.read(len(rest))
                    got = len(piece)
                    rest[:got] = piece
            if not got:
                break
            done += got
    return done
