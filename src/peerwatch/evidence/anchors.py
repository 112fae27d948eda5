"""Anchors: places in bytes that are chosen by what stands there, so that they move with content.

Takes bytes, gives positions and keys. The same sixteen bytes give the same anchor and the same key
wherever they lie, so content that was shifted, cut or packed beside other things is found again
without trying offsets. It knows nothing of items and keeps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = bytes | memoryview
KEY = 16
"""Bytes that a key stands for."""
SPACING = 256
"""Bytes from one anchor to the next in dense content, on average."""
_PIECE = 1 << 18  # 256 KiB and its products stay in a core's cache
_ODD = np.uint32(0x9E3779B1)
_MIX = np.array([0x9E3779B97F4A7C15, 0xC4CEB9FE1A85EC53], dtype=np.uint64)
_FOLD = np.uint64(32)


@dataclass(frozen=True)
class Anchors:
    """Anchors of some bytes, in order of position."""

    positions: NDArray[np.int64]
    keys: NDArray[np.uint64]

    def thinned(self, times: int) -> Anchors:
        """Every ``times``-th of them, chosen by the key: the same ones in any bytes."""
        chosen = self.keys % np.uint64(times) == 0
        return Anchors(self.positions[chosen], self.keys[chosen])


def anchors(content: Bytes) -> Anchors:
    """The anchors of some bytes.

    A place is one where a product of its four bytes is among the largest ``1 / SPACING``. Zeros
    never are. Places whose sixteen bytes are eight bytes twice say too little and are left out.
    """
    size = len(content)
    found: list[NDArray[np.int64]] = []
    least = np.uint32((1 << 32) - (1 << 32) // SPACING)
    for begin in range(0, size - KEY + 1, _PIECE):
        piece = content[begin: begin + _PIECE + 3]
        for shift in range(4):
            count = min((len(piece) - shift) // 4, (_PIECE - shift + 3) // 4)
            words = np.frombuffer(bytes(piece[shift: shift + 4 * count]), "<u4")
            places = np.flatnonzero(words * _ODD >= least)
            if places.size:
                found.append(places * 4 + (begin + shift))
    if not found:
        return Anchors(np.empty(0, np.int64), np.empty(0, np.uint64))
    positions = np.sort(np.concatenate(found))
    positions = positions[positions <= size - KEY]
    words64: NDArray[np.uint64] = np.ndarray(
        (size - 7,), "<u8", content, 0, (1,))  # every position: the reads are not aligned
    first, second = words64[positions], words64[positions + 8]
    telling = first != second
    return Anchors(positions[telling], _keys(first[telling], second[telling]))


def _keys(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    made: NDArray[np.uint64] = first * _MIX[0]
    made ^= made >> _FOLD
    made ^= second
    made *= _MIX[1]
    made ^= made >> _FOLD
    return made
