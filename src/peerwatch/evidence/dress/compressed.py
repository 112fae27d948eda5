"""Compressed streams: gzip, zlib, bz2, xz, lzma, zstd, raw deflate.

Takes bytes from the beginning of a stream, gives what they unpack to, as far as they go: a stream
that is cut or damaged gives its first part. Long runs of one byte are shortened, so that a bomb
of zeros takes no memory.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from peerwatch.evidence.dress.allowance import Allowance, Bytes

_STEP = 1 << 18
_OUT = 1 << 20
_MEMORY = 128 << 20
"""Of a decoder's window: xz -9 wants 65 MiB, zstd --long 128 MiB."""
_STREAMS = 64
"""Streams one behind another."""


class _Decoder(Protocol):
    def step(self, taken: Bytes) -> bytes: ...
    @property
    def wants(self) -> bool: ...
    @property
    def ended(self) -> bool: ...
    @property
    def unused(self) -> int: ...


class _Deflate:
    """zlib's decoder, with the manners of the other two."""

    def __init__(self, bits: int) -> None:
        self._own = zlib.decompressobj(bits)

    def step(self, taken: Bytes) -> bytes:
        return self._own.decompress(self._own.unconsumed_tail or taken, _OUT)

    @property
    def wants(self) -> bool:
        return not self._own.unconsumed_tail

    @property
    def ended(self) -> bool:
        return self._own.eof

    @property
    def unused(self) -> int:
        return len(self._own.unused_data)


class _Blocks:
    """bz2's and lzma's decoders."""

    def __init__(self, own: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._own = own

    def step(self, taken: Bytes) -> bytes:
        return self._own.decompress(taken if self._own.needs_input else b"", _OUT)

    @property
    def wants(self) -> bool:
        return self._own.needs_input

    @property
    def ended(self) -> bool:
        return self._own.eof

    @property
    def unused(self) -> int:
        return len(self._own.unused_data)


class _Zstd:
    """zstandard's, which has no limit of its own on what one step gives: so steps are short."""

    def __init__(self) -> None:
        import zstandard

        self._own = zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()

    def step(self, taken: Bytes) -> bytes:
        import zstandard

        try:
            return self._own.decompress(taken)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error

    wants = True

    @property
    def ended(self) -> bool:
        return bool(self._own.eof)

    @property
    def unused(self) -> int:
        return len(self._own.unused_data)


@dataclass(frozen=True)
class Kind:
    """One kind of compressed stream."""

    name: str
    magic: bytes
    decoder: Callable[[], _Decoder]
    step: int = _STEP
    """Bytes given to the decoder at once."""


DEFLATE = Kind("deflate", b"", lambda: _Deflate(-15))
ZLIB = Kind("zlib", b"\x78", lambda: _Deflate(15))
LZMA = Kind("lzma", b"\x5d\0\0", lambda: _Blocks(
    lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY)))
BZ2 = Kind("bz2", b"BZh", lambda: _Blocks(bz2.BZ2Decompressor()))
# One 128 KiB block takes 4 bytes where it is all one value: 4 KiB make 128 MiB at the very most.
ZSTD = Kind("zstd", b"\x28\xb5\x2f\xfd", _Zstd, 1024)
KINDS: tuple[Kind, ...] = (
    Kind("gzip", b"\x1f\x8b\x08", lambda: _Deflate(31)),
    BZ2,
    Kind("xz", b"\xfd7zXZ\0", lambda: _Blocks(
        lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY))),
    ZSTD,
)
"""Those whose beginning tells them from anything else."""


@dataclass(frozen=True)
class Unpacked:
    """What a stream gave."""

    content: bytes
    end: int
    """Where the stream ends in the bytes that were given."""
    whole: bool
    """It ended by itself, not because its bytes did."""


def unpacked(kind: Kind, content: Bytes, allowance: Allowance) -> Unpacked:
    """What a stream at the beginning of some bytes holds; equal streams behind it, too.

    Raises:
        Spent: the allowance is used up.
    """
    view = memoryview(content)
    made = bytearray()
    position, whole = 0, False
    for _ in range(_STREAMS):
        end, whole = _one(kind, view[position:], made, allowance)
        position += end
        while whole and kind.name == "gzip" and position < len(view) and not view[position]:
            position += 1  # gzip pads to blocks on tapes
        if not whole or not kind.magic or (
                view[position: position + len(kind.magic)] != kind.magic):
            break
    return Unpacked(bytes(made), position, whole)


def _one(
    kind: Kind, view: memoryview, made: bytearray, allowance: Allowance
) -> tuple[int, bool]:
    """Appends what one stream gives; where it ends, and whether it was whole."""
    decoder = kind.decoder()
    room = allowance.room
    position = 0
    try:
        while True:
            piece: Bytes = b""
            if decoder.wants:
                piece = view[position: position + kind.step]
                if not piece:
                    return position, False
                position += len(piece)
            got = decoder.step(piece)
            allowance.take(len(got))
            room -= len(got)
            made += _shortened(got)
            if decoder.ended:
                return position - decoder.unused, True
            if room <= 0:
                return position, False
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
        return position, False  # damaged, or none at all: what came before stays


def _shortened(got: bytes) -> bytes:
    """A step's bytes; a long run of one value says no more than a short one."""
    if len(got) > 1 << 16 and got.count(got[:1]) == len(got):
        return got[:4096]
    return got


def streams(content: Bytes, allowance: Allowance) -> Iterator[tuple[str, Unpacked]]:
    """The stream that a content is, if it begins as one: (name, what it holds)."""
    head = bytes(content[:16])
    for kind in (*KINDS, LZMA):
        if head.startswith(kind.magic):
            yield kind.name, unpacked(kind, content, allowance)
            return
    if len(head) > 2 and head[0] == 0x78 and int.from_bytes(head[:2], "big") % 31 == 0:
        yield "zlib", unpacked(ZLIB, content, allowance)


_RAW_AT_MOST = 64
"""Bytes before a raw stream: a header that was cut or written over."""
_MARKS = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_MARKS_TRIED = 4096
_PROOF = 4096
"""Bytes that a stream without a mark to tell it has to give without an error."""


def unmarked(content: Bytes, allowance: Allowance) -> Iterator[tuple[str, bytes]]:
    """Streams that too little tells from chance: zlib behind other bytes, and raw deflate.

    What unpacks without an error for some KiB is taken for one; several are joined.

    Raises:
        Spent: the allowance is used up.
    """
    view = memoryview(content)
    for begin in range(min(_RAW_AT_MOST, len(view))):
        if _goes_on(DEFLATE, view[begin:]):
            yield "deflate", unpacked(DEFLATE, view[begin:], allowance).content
            break
    made = bytearray()
    done = 0
    for tried, found in enumerate(_MARKS.finditer(view)):
        if tried >= _MARKS_TRIED:
            break
        if found.start() >= done and _goes_on(ZLIB, view[found.start():]):
            some = unpacked(ZLIB, view[found.start():], allowance)
            made += some.content
            done = found.start() + some.end
    if made:
        yield "zlib", bytes(made)


def _goes_on(kind: Kind, view: memoryview) -> bool:
    """Whether a stream begins here, by unpacking a little of it."""
    decoder = kind.decoder()
    size = 0
    try:
        for begin in range(0, 4 * _PROOF, 1024):
            if decoder.ended or begin >= len(view):
                break
            while size < _PROOF:
                got = decoder.step(view[begin: begin + 1024] if decoder.wants else b"")
                size += len(got)
                if decoder.wants or decoder.ended:
                    break
            if size >= _PROOF:
                return True
    except (zlib.error, ValueError):
        return False
    return decoder.ended and size >= _PROOF // 8
