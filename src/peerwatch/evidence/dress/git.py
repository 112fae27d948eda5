"""Packs of git: whole objects, and those that are told as a difference to another in the pack.

Takes bytes that begin with a pack, gives the contents of its objects. A loose object is a plain
zlib stream and is read as one. A difference to an object of another pack gives what it adds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator

from peerwatch.evidence.dress.allowance import Allowance, Bytes, Part
from peerwatch.evidence.dress.compressed import ZLIB, Kind, unpacked

_OFFSET, _REFERENCE = 6, 7
_PLAIN = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
_KEPT = 64 << 20
"""Bytes of objects that are kept for differences to come."""
_OBJECT = Kind("zlib", b"", ZLIB.decoder)


def is_pack(content: Bytes) -> bool:
    """Whether a pack begins here."""
    return bytes(content[:8]) in (b"PACK\0\0\0\2", b"PACK\0\0\0\3")


def pack(content: Bytes, allowance: Allowance) -> Generator[Part, None, int]:
    """The objects of a pack, in their order; returns where they end."""
    view = memoryview(content)
    count = int.from_bytes(view[8:12], "big")
    by_place: dict[int, bytes] = {}
    by_name: dict[bytes, bytes] = {}
    kept, position = 0, 12
    for _ in range(count):
        allowance.part()
        begin = position
        kind, position = _header(view, position)
        base: bytes | None = b""
        if kind == _OFFSET:
            back, position = _back(view, position)
            base = by_place.get(begin - back)
        elif kind == _REFERENCE:
            base = by_name.get(bytes(view[position: position + 20]))
            position += 20
        elif kind not in _PLAIN:
            break
        found = unpacked(_OBJECT, view[position:], allowance)
        position += found.end
        made = found.content
        if kind not in _PLAIN:
            made = _applied(base or b"", made, allowance)
        if kept + len(made) <= _KEPT:
            kept += len(made)
            by_place[begin] = made
            if kind in _PLAIN:
                by_name[_name(_PLAIN[kind], made)] = made
        yield Part("git", made)
        if not found.whole:
            break
    return position


def _name(kind: bytes, content: bytes) -> bytes:
    return hashlib.sha1(b"%s %d\0" % (kind, len(content)) + content).digest()  # noqa: S324


def _header(view: memoryview, position: int) -> tuple[int, int]:
    """An object's kind, and where its header ends."""
    first = position
    while position < len(view) and view[position] & 0x80:
        position += 1
    return (view[first] >> 4 & 7 if first < len(view) else 0), position + 1


def _back(view: memoryview, position: int) -> tuple[int, int]:
    """How far before its own beginning an object's base begins."""
    back = -1
    while position < len(view):
        byte = view[position]
        position += 1
        back = (back + 1) << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    return back, position


def _applied(base: bytes, difference: bytes, allowance: Allowance) -> bytes:
    """What a difference makes of its base."""
    position = 0
    for _ in range(2):  # the sizes of both
        while position < len(difference) and difference[position] & 0x80:
            position += 1
        position += 1
    made = bytearray()
    while position < len(difference) and len(made) <= allowance.room:
        order = difference[position]
        position += 1
        if order & 0x80:
            values = []
            for bit in range(7):
                if order >> bit & 1:
                    values.append(difference[position] if position < len(difference) else 0)
                    position += 1
                else:
                    values.append(0)
            offset = int.from_bytes(bytes(values[:4]), "little")
            size = int.from_bytes(bytes(values[4:]), "little") or 0x10000
            allowance.take(size)
            made += base[offset: offset + size]
        else:
            made += difference[position: position + order]
            position += order
    return bytes(made)
