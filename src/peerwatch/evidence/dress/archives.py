"""Archives: tar and zip, walked by their headers.

Takes bytes that begin with an archive, gives the members' contents in their order. Names, links
and rights in it are not looked at, and the directory at a zip's end is not needed: what was cut off
there does not hide the rest.
"""

from __future__ import annotations

from collections.abc import Generator

from peerwatch.evidence.dress.allowance import Allowance, Bytes, Part
from peerwatch.evidence.dress.compressed import BZ2, DEFLATE, LZMA, ZSTD, Kind, unpacked

_BLOCK = 512
_MAGIC = 257
_LOCAL = b"PK\x03\x04"
_METHODS: dict[int, Kind] = {8: DEFLATE, 12: BZ2, 93: ZSTD}
_STORED, _LZMA = 0, 14


def is_tar(content: Bytes) -> bool:
    """Whether a tar archive begins here."""
    return bytes(content[_MAGIC: _MAGIC + 5]) == b"ustar"


def tar(content: Bytes, allowance: Allowance) -> Generator[Part, None, int]:
    """The members of a tar archive, GNU or POSIX; returns where it ends."""
    view = memoryview(content)
    position = 0
    while is_tar(view[position: position + _BLOCK]):
        allowance.part()
        header = bytes(view[position: position + _BLOCK])
        size = _tar_size(header[124:136])
        if size is None:
            break
        begin = position + _BLOCK
        kind = header[156:157]
        if kind in (b"0", b"\0", b"7", b"S") and size:
            yield Part("tar", view[begin: begin + size])
        position = begin + -(-size // _BLOCK) * _BLOCK
    return position


def _tar_size(field: bytes) -> int | None:
    if field[0] & 0x80:  # a number in binary, where octal digits are too few
        return int.from_bytes(field[4:], "big")
    try:
        return int(field.rstrip(b"\0 ") or b"0", 8)
    except ValueError:
        return None


def is_zip(content: Bytes) -> bool:
    """Whether a member of a zip archive begins here."""
    return bytes(content[:4]) == _LOCAL


def zip_members(content: Bytes, allowance: Allowance) -> Generator[Part, None, int]:
    """The members of a zip archive; returns where they end."""
    view = memoryview(content)
    position = 0
    while is_zip(view[position: position + 4]):
        allowance.part()
        header = bytes(view[position: position + 30])
        if len(header) < 30:
            break
        flags, method = (int.from_bytes(header[at: at + 2], "little") for at in (6, 8))
        packed = int.from_bytes(header[18:22], "little")
        named, more = (int.from_bytes(header[at: at + 2], "little") for at in (26, 28))
        begin = position + 30 + named + more
        if packed == 0xFFFFFFFF:  # zip64: the extra field says it
            extra = bytes(view[position + 30 + named: begin])
            packed = _zip64(extra)
        end = begin + packed
        if method == _STORED or flags & 1:  # nobody reads what is encrypted: it is given as it is
            yield Part("zip", view[begin: end])
        elif method == _LZMA:
            # Two bytes of version, the properties' length, the properties: then as lzma has it.
            properties = bytes(view[begin + 4: begin + 9])
            made = unpacked(LZMA_OF_ZIP, properties + b"\xff" * 8 + bytes(
                view[begin + 9: end or None]), allowance)
            yield Part("zip", made.content)
        elif method in _METHODS:
            kind = _METHODS[method]
            # Where the size follows the data, the data's own end has to tell.
            made = unpacked(kind, view[begin: end if packed else None], allowance)
            end = begin + made.end
            yield Part("zip", made.content)
        position = _next(view, end)
    return position


LZMA_OF_ZIP = Kind("lzma", b"", LZMA.decoder)


def _zip64(extra: bytes) -> int:
    at = 0
    while at + 4 <= len(extra):
        size = int.from_bytes(extra[at + 2: at + 4], "little")
        if extra[at: at + 2] == b"\1\0" and size >= 16:
            return int.from_bytes(extra[at + 12: at + 20], "little")
        at += 4 + size
    return 0


def _next(view: memoryview, end: int) -> int:
    """Where the next member begins: here, or behind a descriptor of at most 24 bytes."""
    found = bytes(view[end: end + 28]).find(_LOCAL)
    return end if found < 0 else end + found
