"""What undressing one file may cost: bytes, parts and time, taken before they are used.

Takes and gives numbers. When it is spent, reading ends with what was found so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Bytes = bytes | memoryview
DEPTH = 4
"""Dresses that are undone one inside another."""
LAYER = 96 << 20
"""Bytes of one layer at most."""
MADE = 256 << 20
"""Bytes that are made of one file in all."""
PARTS = 4096
"""Members, objects and runs that are looked at in one file."""
SECONDS = 10.0
"""Processor time for one file."""


class Spent(Exception):  # noqa: N818
    """The allowance is used up."""


@dataclass
class Allowance:
    """What is left for one file."""

    made: int = MADE
    parts: int = PARTS
    seconds: float = SECONDS
    known: Callable[[Bytes], bool] = lambda _: False
    """Whether some bytes hold anything of a listed item as they are."""

    def __post_init__(self) -> None:
        self._end = time.thread_time() + self.seconds

    @property
    def room(self) -> int:
        """Bytes that the next layer may have."""
        return max(min(self.made, LAYER), 0)

    def take(self, size: int) -> None:
        """Pays for bytes that were made.

        Raises:
            Spent: there is no allowance left.
        """
        self.made -= size
        if self.made < 0 or time.thread_time() > self._end:
            raise Spent

    def part(self) -> None:
        """Pays for one more part. Raises as ``take``."""
        self.parts -= 1
        if self.parts < 0 or time.thread_time() > self._end:
            raise Spent


@dataclass(frozen=True)
class Part:
    """What one dress was taken off."""

    dress: str
    content: Bytes
