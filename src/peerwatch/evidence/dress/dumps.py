"""Dumps for people: xxd, hexdump, od, in rows of an offset and hexadecimal digits.

Takes text in rows, gives the bytes that the rows show. Rows that differ in width from most (the
``*`` for repeated ones) are left out: content goes on behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from peerwatch.evidence.dress.allowance import Allowance, Bytes, Part

_ROW = re.compile(
    rb"^(?P<offset>[0-9a-fA-F]{6,16})?(?P<colon>:)?(?P<lead> +)"
    rb"(?P<digits>(?:(?:[0-9a-fA-F]{2}){1,16} {1,2})*(?:[0-9a-fA-F]{2}){1,16})(?P<rest>.*)$")
_WIDEST = 512
_PLACES = 16
_ROWS_AT_ONCE = 1 << 17
_HEX = b"0123456789abcdefABCDEF"
_VALUES = np.zeros(256, np.uint8)
_VALUES[list(b"0123456789abcdefABCDEF")] = [*range(16), *range(10, 16)]


def dumps(content: Bytes, allowance: Allowance) -> Iterator[Part]:
    """What a dump shows."""
    shapes = _shapes(content)
    if not shapes:
        return
    view = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(view == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    made: list[bytes] = []
    for width, columns in shapes:
        full = starts[ends - starts == width]
        for begin in range(0, len(full), _ROWS_AT_ONCE):
            some = full[begin: begin + _ROWS_AT_ONCE]
            allowance.take(len(some) * len(columns) // 2)
            digits = _VALUES[_cut(view, some, width)[:, columns]]
            made.append((digits[:, ::2] << np.uint8(4) | digits[:, 1::2]).tobytes())
    made.append(_last(bytes(content[-2 * _WIDEST:]), shapes[-1][1]))
    yield Part("dump", b"".join(made))


def is_dump(content: Bytes) -> bool:
    """Whether a text is in rows of hexadecimal digits, of which none need be a letter."""
    return bool(_shapes(content))


def _last(end: bytes, columns: list[int]) -> bytes:
    """What the last row shows, which need not be full; a line with the size may follow it."""
    for line in reversed(end.rstrip(b"\n").split(b"\n")[-2:]):
        made = bytearray()
        for first, second in zip(columns[::2], columns[1::2], strict=True):
            pair = line[first: first + 1] + line[second: second + 1]
            if len(pair) < 2 or pair.translate(None, _HEX):
                break
            made += bytes.fromhex(pair.decode("ascii"))
        if made:
            return bytes(made) if len(made) < len(columns) // 2 else b""
    return b""


def _cut(
    view: NDArray[np.uint8], starts: NDArray[np.int64], width: int
) -> NDArray[np.uint8]:
    """The rows side by side; without a copy where they follow each other."""
    first, last = int(starts[0]), int(starts[-1])
    if last - first == (len(starts) - 1) * (width + 1) and last + width < len(view):
        return view[first: last + width + 1].reshape(-1, width + 1)
    made: NDArray[np.uint8] = view[starts[:, None] + np.arange(width)]
    return made


def _shapes(content: Bytes) -> list[tuple[int, list[int]]]:
    """Widths of most rows, and the columns of the digits in the order of the bytes.

    Looked for at some places, first to last: an offset may get another digit on the way.
    """
    shapes: dict[int, tuple[int, ...]] = {}
    for place in range(_PLACES):
        at = len(content) * place // _PLACES
        lines = bytes(content[at: at + 16 * _WIDEST]).split(b"\n")[1 if at else 0: -1][:32]
        found: dict[tuple[int, tuple[int, ...]], int] = {}
        for line in lines:
            columns = _columns(line)
            if columns is not None:
                found[len(line), columns] = found.get((len(line), columns), 0) + 1
        if found:
            width, columns = max(found, key=lambda each: found[each])
            if found[width, columns] >= min(4, len(lines)):
                shapes.setdefault(width, columns)
    return [(width, list(columns)) for width, columns in shapes.items()]


def _columns(line: bytes) -> tuple[int, ...] | None:
    row = _ROW.match(line)
    if row is None or len(line) > _WIDEST:
        return None
    offset, colon, digits = row["offset"], row["colon"], row["digits"]
    if offset is None and colon is not None:
        return None
    at = row.start("digits")
    # The text column is behind two spaces or a bar, and may begin with what looks like digits.
    if offset is not None and colon is not None:
        digits = digits.split(b"  ")[0]
    columns: list[int] = []
    for group in re.finditer(rb"[0-9a-fA-F]+", digits):
        pairs = [(at + place, at + place + 1) for place in range(group.start(), group.end(), 2)]
        if len(pairs) > 1 and colon is None:
            pairs.reverse()  # hexdump and od show words, the last byte first
        columns.extend(place for pair in pairs for place in pair)
    return tuple(columns) if len(columns) >= 8 else None
