"""The index of a set of items: their contents where they lie, and tables of all their keys.

Takes the contents of items, gives the tables by which foreign bytes are held against all of them at
once. Each table is made when it is first asked for. It looks at no foreign byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from peerwatch.evidence.numbers import narrowed, original_span
from peerwatch.evidence.prints import (
    PERIODS,
    Content,
    Form,
    Print,
    Table,
    print_of,
    table,
)
from peerwatch.evidence.spans import Span, Spans


class Source(Protocol):
    """Known bytes, and which bytes of which item they stand for."""

    @property
    def item(self) -> str:
        """Name of the item."""
        ...

    @property
    def dress(self) -> str:
        """What has to be undone to get from them to the item's bytes; '' for nothing."""
        ...

    def view(self) -> NDArray[np.uint8]:
        """The bytes. Raises OSError."""
        ...

    def original(self, begin: int, end: int) -> Span:
        """The range of the item that a range of the bytes stands for."""
        ...


@dataclass(frozen=True, eq=False)
class Placed:
    """One content where it lies in its item."""

    item: str
    number: int
    """Of the item."""
    start: int
    print: Print
    dress = ""

    def view(self) -> NDArray[np.uint8]:
        """The content."""
        return self.print.view()

    def original(self, begin: int, end: int) -> Span:
        """A range of the content, in the item."""
        return self.start + begin, self.start + end

    def units_in(self, spans: Spans) -> int:
        """How many of its tensors or records lie whole in some ranges of the item."""
        units = self.print.layout.units + self.start
        if not len(units) or not spans:
            return 0
        edges = np.array(spans, np.int64)
        nearest = np.searchsorted(edges[:, 0], units[:, 0], "right") - 1
        return int(np.count_nonzero((nearest >= 0) & (units[:, 1] <= edges[nearest, 1])))


@dataclass(frozen=True, eq=False)
class Formed:
    """One content's numbers in another format."""

    placed: Placed
    form: Form

    @property
    def item(self) -> str:
        """Name of the item."""
        return self.placed.item

    @property
    def dress(self) -> str:
        """The format."""
        return self.form.narrowing.name

    def view(self) -> NDArray[np.uint8]:
        """The numbers in that format, made anew."""
        content = self.placed.view().data
        return np.frombuffer(narrowed(content, self.form.region, self.form.narrowing), np.uint8)

    def original(self, begin: int, end: int) -> Span:
        """The bytes of the item that the numbers in a range were made of."""
        first, last = original_span(self.form.region, begin, end)
        return self.placed.start + first, self.placed.start + last


class Index:
    """Contents of items, and the tables of their keys."""

    def __init__(self, items: Mapping[str, Sequence[Content]]) -> None:
        """Errors as ``Print``."""
        placed: list[Placed] = []
        for number, (name, contents) in enumerate(items.items()):
            start = 0
            for content in contents:
                placed.append(Placed(name, number, start, print_of(content)))
                start += content.size
        self.placed = tuple(placed)

    @cached_property
    def plain(self) -> Table:
        """Keys of the contents as they are; a key's source is a place in ``placed``."""
        return table([each.print.anchors for each in self.placed],
                     [each.number for each in self.placed])

    @cached_property
    def formed(self) -> tuple[Formed, ...]:
        """Every content's numbers in every other format."""
        return tuple(Formed(each, form) for each in self.placed for form in each.print.forms)

    @cached_property
    def forms(self) -> Table:
        """Keys of the numbers in other formats; a key's source is a place in ``formed``."""
        return table([each.form.anchors for each in self.formed],
                     [each.placed.number for each in self.formed])

    @cached_property
    def differences(self) -> dict[int, Table]:
        """Keys of each period's differences; a key's source is a place in ``placed``."""
        return {period: table([each.print.differences[period] for each in self.placed],
                              [each.number for each in self.placed]) for period in PERIODS}
