"""SQLite databases, read page by page: what rows hold, also where it overflows their page.

Takes bytes that begin with a database, gives the values in its tables, the long ones one by one,
and the short ones together. The pages are read here, because SQLite itself would run what a hostile
schema says. Only the leaves of tables are looked at; the write-ahead log is another file.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from peerwatch.evidence.dress.allowance import Allowance, Bytes, Part

_MAGIC = b"SQLite format 3\0"
_TABLE_LEAF = 0x0D
_LONG = 4096
_SHORT = 16
"""Fewer bytes are a number or a name."""


def is_database(content: Bytes) -> bool:
    """Whether a database begins here."""
    return bytes(content[:16]) == _MAGIC


def records(content: Bytes, allowance: Allowance) -> Generator[Part, None, int]:
    """The records of a database's tables; returns where it ends."""
    view = memoryview(content)
    page = int.from_bytes(view[16:18], "big")
    page = 65536 if page == 1 else page
    if page < 512 or page & (page - 1) or len(view) < 100:
        return 16
    usable = page - view[20]
    short = bytearray()
    for number in range(len(view) // page):
        for record in _leaf(view, number, page, usable, allowance):
            for value in _values(record):
                if len(value) >= _LONG:
                    yield Part("sqlite", bytes(value))
                elif len(value) >= _SHORT:
                    short += value
    if short:
        yield Part("sqlite", bytes(short))
    pages = int.from_bytes(view[28:32], "big")
    return min(pages * page or len(view), len(view))


def _leaf(
    view: memoryview, number: int, page: int, usable: int, allowance: Allowance
) -> Iterator[bytearray]:
    here = view[number * page: (number + 1) * page]
    header = 100 if number == 0 else 0
    if here[header] != _TABLE_LEAF:
        return
    cells = int.from_bytes(here[header + 3: header + 5], "big")
    for cell in range(min(cells, page // 4)):
        at = header + 8 + 2 * cell
        begin = int.from_bytes(here[at: at + 2], "big")
        size, begin = _number(here, begin)
        _, begin = _number(here, begin)
        local = _local(size, usable)
        made = bytearray(here[begin: begin + local])
        allowance.take(len(made))
        if local < size:
            follow = int.from_bytes(here[begin + local: begin + local + 4], "big")
            _overflow(view, follow, min(size, allowance.room), page, usable, made, allowance)
        yield made


def _overflow(
    view: memoryview, follow: int, size: int, page: int, usable: int, made: bytearray,
    allowance: Allowance,
) -> None:
    seen: set[int] = set()
    while 0 < follow <= len(view) // page and follow not in seen and len(made) < size:
        seen.add(follow)
        here = view[(follow - 1) * page: follow * page]
        piece = here[4: min(usable, 4 + size - len(made))]
        allowance.take(len(piece))
        made += piece
        follow = int.from_bytes(here[:4], "big")


def _local(size: int, usable: int) -> int:
    """Bytes of a record that stand in its leaf (the file format's section 1.6)."""
    most = usable - 35
    if size <= most:
        return size
    least = (usable - 12) * 32 // 255 - 23
    first = least + (size - least) % (usable - 4)
    return first if first <= most else least


def _values(record: bytearray) -> Iterator[memoryview]:
    """The texts and blobs of a record; numbers are stepped over."""
    view = memoryview(record)
    begin, position = _number(view, 0)
    end = min(begin, len(view))
    while position < end:
        kind, position = _number(view, position)
        size = (kind - 12) // 2 if kind >= 12 else _SIZES[min(kind, len(_SIZES) - 1)]
        if kind >= 12:
            yield view[begin: begin + size]
        begin += size


_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0)
"""Bytes of a number, by its kind."""


def _number(view: memoryview, position: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    made = 0
    for index in range(9):
        if position >= len(view):
            break
        byte = view[position]
        position += 1
        if index == 8:
            return made << 8 | byte, position
        made = made << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    return made, position
