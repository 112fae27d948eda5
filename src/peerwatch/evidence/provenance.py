"""Is this content that item, whatever it is dressed as: recognises files by their bytes.

Takes the contents of the listed items once, then open files; gives the ranges of each item that a
file holds, and what had to be undone to see them. It never trusts a name. Content is found shifted,
cut, in pieces and beside other things, in other number formats, under xor, and in every dress of
``dress.table``, up to four of them one inside another; an allowance bounds bytes, parts and
processor time of each file. It writes nothing and runs nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from peerwatch.evidence.index import Index
from peerwatch.evidence.look import ENOUGH, Look
from peerwatch.evidence.pieces import BUDGET, Joined, Readable, pieces
from peerwatch.evidence.prints import Content
from peerwatch.evidence.spans import Span, length, merged
from peerwatch.evidence.types import Match

__all__ = ["BUDGET", "Content", "Fingerprints", "Joined", "Seen"]

_AT_ONCE = threading.BoundedSemaphore(2)
"""Files that are looked through at the same time: each may take a few hundred megabytes."""


@dataclass(frozen=True)
class Seen:
    """What a file was seen to hold."""

    matches: tuple[Match, ...]
    """One for every item that something was found of, by name."""
    opaque: int = 0
    """Bytes, as they lie in the file or below its dresses, that nothing could be read from though
    they are as dense as weights, packed or encrypted content; the size of a file that was not
    looked through to its end."""
    entropy: float = 0.0
    """Of the densest such bytes, in bits per byte."""
    seconds: float = 0.0
    """Processor time that it took."""


class Fingerprints:
    """What a set of items looks like in bytes. Immutable, picklable, safe to share."""

    def __init__(self, items: Mapping[str, Sequence[Content]]) -> None:
        """Lays the prints of every item's files end to end.

        Content that occurs in more than one item, and files that say one thing only (zeros), are
        evidence of nothing, as is what says a content's shape alone (the headers of safetensors
        and ``.npy``).

        Args:
            items: name of the item to its files, in the order of ``Item.files``.

        Raises:
            ValueError: a content is not what its sha256 says.
            OSError: a content cannot be read.
        """
        self._index = Index(items)
        wholes: dict[str, dict[str, list[Span]]] = {}
        for each in self._index.placed:
            content = each.print.content
            if content.size and not each.print.constant:
                wholes.setdefault(content.sha256, {}).setdefault(each.item, []).append(
                    each.original(0, content.size))
        self._wholes = {
            sha256: self._matches({(item, ""): spans for item, spans in found.items()})
            for sha256, found in wholes.items() if len(found) == 1}
        self.smallest = ENOUGH
        """A file shorter than this can be recognised by its sha256 only: no need to open it."""

    def whole(self, sha256: str) -> tuple[Match, ...] | None:
        """The match of a file with this sha256; None where no item's file has it."""
        return self._wholes.get(sha256)

    def match(
        self, source: int | Readable, size: int, sha256: str | None = None, *,
        budget: int = BUDGET,
    ) -> tuple[Match, ...]:
        """How much of which items a file holds; as ``see``, which says more."""
        return self.see(source, size, sha256, budget=budget).matches

    def see(
        self, source: int | Readable, size: int, sha256: str | None = None, *,
        budget: int = BUDGET,
    ) -> Seen:
        """What a file holds.

        Args:
            source: a descriptor or a binary file object, read from its beginning. The position
                of either is not kept.
            size: bytes to look at, from the beginning.
            sha256: of the file, where it is known: a whole copy is then recognised unread.
            budget: bytes to read at most; what lies behind is not seen.

        Raises:
            OSError: the source cannot be read.
        """
        if sha256 is not None and (found := self.whole(sha256)) is not None:
            return Seen(found)
        if size < self.smallest:
            return Seen(())
        opaque = 0
        with _AT_ONCE:
            begin = time.thread_time()
            look = Look(self._index)
            for piece in pieces(source, size, budget):
                if not look.through(piece):
                    opaque = size
                    break
        return Seen(self._matches(look.spans), max(opaque, look.opaque), look.entropy,
                    time.thread_time() - begin)

    def _matches(self, spans: Mapping[tuple[str, str], Iterable[Span]]) -> tuple[Match, ...]:
        """One match an item, named by the dress that showed most of it."""
        by_item: dict[str, dict[str, tuple[Span, ...]]] = {}
        for (item, dress), some in spans.items():
            by_item.setdefault(item, {})[dress] = merged(some)
        made: list[Match] = []
        for item, dressed in sorted(by_item.items()):
            together = merged(span for some in dressed.values() for span in some)
            made.append(Match(
                item=item, spans=together,
                dressed=max(dressed, key=lambda each: (length(dressed[each]), not each, each)),
                units=sum(each.units_in(together) for each in self._index.placed
                          if each.item == item)))
        return tuple(made)
