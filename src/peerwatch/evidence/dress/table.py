"""The table of dresses, and how one layer is taken off.

Takes bytes that may be anything, gives the parts that they hold, wherever these begin: what is
packed is found by its first bytes, what is written as text by being text. ``UNDONE`` says what is
covered, ``NOT_COVERED`` what is known not to be.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np

from peerwatch.evidence.dress import archives, digits, dumps, encoded, git, mail, sqlite
from peerwatch.evidence.dress.allowance import Allowance, Bytes, Part
from peerwatch.evidence.dress.compressed import BZ2, KINDS, Kind, streams, unpacked

_LEAST = 64
"""Fewer bytes than this out of a stream, and it was none."""
_TEXT = bytes([9, 10, 12, 13, *range(32, 127)])
_RUN = 64
"""Bytes in a row that must be text where text is looked for between other things."""
_PIECE = 1 << 18  # see ``anchors``
_SAME = 256
"""Places of one mark that are looked at in one piece."""
_HITS = 64
"""Places at which one kind is tried in one layer."""


@dataclass(frozen=True)
class Reader:
    """How one kind of packed content is found and read."""

    name: str
    magic: bytes
    """What stands there."""
    at: int
    """How far behind the beginning."""
    read: Callable[[Bytes, Allowance], Generator[Part, None, int]]
    """Gives the parts of what begins with its first byte; returns where it ends, 0 if it is
    none."""

    def begins(self, content: Bytes) -> bool:
        """Whether something of this kind begins here."""
        return content[self.at: self.at + len(self.magic)] == self.magic


def _stream(kind: Kind) -> Callable[[Bytes, Allowance], Generator[Part, None, int]]:
    def read(content: Bytes, allowance: Allowance) -> Generator[Part, None, int]:
        made = unpacked(kind, content, allowance)
        if len(made.content) < _LEAST:
            return 0
        yield Part(kind.name, made.content)
        return made.end

    return read


READERS: tuple[Reader, ...] = (
    *(Reader(kind.name, kind.magic, 0, _stream(kind)) for kind in KINDS if kind is not BZ2),
    Reader("bz2", b"1AY&SY", 4, _stream(BZ2)),  # its first three bytes are letters
    Reader("tar", b"ustar", 257, archives.tar),
    Reader("zip", b"PK\x03\x04", 0, archives.zip_members),
    Reader("git", b"PACK\0\0\0", 0, git.pack),
    Reader("sqlite", b"SQLite format 3\0", 0, sqlite.records),
)
"""What is known by its first bytes, at any place of a file."""

UNDONE: tuple[tuple[str, str], ...] = (
    ("gzip, bz2, xz, zstd", "also several in a row, cut at the end, or behind other bytes"),
    ("zlib, lzma", "where a file begins with it: git's loose objects are such; zlib also behind "
                   "other bytes, several in a file"),
    ("deflate", "raw, with up to 64 bytes before it"),
    ("tar, zip", "every member, also without the directory at the end"),
    ("git", "packs; differences within one pack"),
    ("sqlite", "records of tables, with their overflow pages"),
    ("base64, base32, base85, hex", "in lines or not, framed by other text, from any phase"),
    ("dump", "xxd, hexdump, hexdump -C, od -x and -t x1"),
    ("digits", "bytes as decimals, octals or bits, in a list, in CSV or JSON, or as od and xxd -b "
               "show them; words of 16 and 32 bits, and numbers of a tensor with all their digits, "
               "also in one column of a table of up to 8 numbers a line"),
    ("quoted-printable, uuencode", "in mail or not"),
    ("xor", "over content: keys of 1 to 16 bytes, and of 18, 20, 22, 24, 26, 28, 30, 32; over "
            "text: 1 to 16; over a packed stream: as long as the bytes that it always begins "
            "with (zlib 2, zstd 3, gzip 4 to 8, zip 7, dump 5, bz2 9, xz 12, sqlite 13); over "
            "tar: 1 to 32"),
    ("fp64, fp32, fp16, bf16", "numbers of weights in another format, to the nearest or cut"),
    ("reversed, swapped", "bytes from the last to the first, or in twos, fours and eights"),
    ("halves exchanged, bits reversed", "in each byte"),
    ("interleaved", "every second, third or fourth byte, with anything between"),
)
"""(names as in ``Match.dressed``, what of it)."""

NOT_COVERED: tuple[str, ...] = (
    "encryption of any kind, and keys longer than 32 bytes: shown as suspected",
    "compressed streams whose first bytes are missing",
    "tensors that were transposed, quantised (int8, 4 bits), scaled, merged or reordered within",
    "numbers that were rounded before they were written as decimals, and numbers in words",
    "records that were written line by line in another format (a CSV of values as JSON)",
    "bytes that stand for other bytes by a table, or to which something was added",
    "xor over a packed stream with a key longer than the bytes that it always begins with",
    "raw deflate behind more than 64 other bytes",
    "images, sounds and other carriers in which bits are hidden one by one",
    "rar, 7z, brotli, lz4, yEnc, base64 with exchanged letters or in UTF-16",
)


class Layer:
    """One layer of a content, and what was taken out of it."""

    def __init__(self, content: Bytes, allowance: Allowance) -> None:
        self.content = content
        self.claimed = 0
        """Bytes of it that something was read from."""
        self._allowance = allowance

    def parts(self) -> Iterator[Part]:
        """What the layer holds.

        Raises:
            Spent: the allowance is used up.
        """
        content = self.content
        if is_text(content):
            yield from self._text(content)
            return
        end = yield from self._at_the_beginning()
        places = self._places(end)
        done = end
        for begin, reader in places:
            if begin < done:
                continue
            self._allowance.part()
            length = yield from reader.read(memoryview(content)[begin:], self._allowance)
            if length:
                yield from self._text_between(done, begin)
                self.claimed += length
                done = begin + length
        yield from self._text_between(done, len(content))

    def _at_the_beginning(self) -> Generator[Part, None, int]:
        """zlib and lzma have too short a beginning to be looked for elsewhere."""
        if begins_as_known(self.content):
            return 0
        for name, made in streams(self.content, self._allowance):
            if len(made.content) >= _LEAST:
                yield Part(name, made.content)
                self.claimed += made.end
                return made.end
        return 0

    def _places(self, start: int) -> list[tuple[int, Reader]]:
        """Where something may begin, in order."""
        tried = dict.fromkeys(READERS, _HITS)
        found: list[tuple[int, Reader]] = []
        for place, reader in _marked(self.content):
            if place >= start and tried[reader]:
                tried[reader] -= 1
                found.append((place, reader))
        return found

    def _text_between(self, begin: int, end: int) -> Iterator[Part]:
        """Text that stands between other bytes."""
        if end - begin < 2 * _RUN:
            return
        view = memoryview(self.content)[begin:end]
        runs = [bytes(view[first:last]) for first, last in _text_runs(view)]
        if runs:  # together: rows of a database, members of an archive, may be one text in pieces
            yield from self._text(b"\n".join(runs))

    def _text(self, content: Bytes) -> Iterator[Part]:
        self._allowance.part()
        for read in (digits.numbers, dumps.dumps, mail.uuencoded, mail.quoted_printable,
                     encoded.texts):
            some = False
            for part in read(content, self._allowance):
                some = True
                yield part
            if some:
                break
        self.claimed += len(content)  # text can be read, whatever it says


def _marked(content: Bytes) -> list[tuple[int, Reader]]:
    """Where first bytes of a reader stand, in order: by words of four, which is four times as fast
    as a search for each."""
    found: list[tuple[int, Reader]] = []
    view = memoryview(content)
    for begin in range(0, len(view), _PIECE):
        piece = view[begin: begin + _PIECE + 3]
        for shift in range(4):
            words = np.frombuffer(bytes(piece[shift:]), "<u4", max(len(piece) - shift, 0) // 4)
            for reader in READERS:
                mark = int.from_bytes(reader.magic[:4], "little")
                same = (words == mark if len(reader.magic) > 3
                        else words & np.uint32(0xFFFFFF) == mark)
                if not same.any():
                    continue
                for word in np.flatnonzero(same).tolist()[:_SAME]:
                    place = begin + shift + 4 * word - reader.at
                    if place >= 0 and reader.begins(view[place:]):
                        found.append((place, reader))
    return sorted(set(found), key=lambda each: each[0])


def begins_as_known(content: Bytes) -> bool:
    """Whether something that a reader knows by its first bytes begins here."""
    return any(each.begins(content) for each in READERS)


def is_text(content: Bytes) -> bool:
    """Whether a content is ASCII text from end to end."""
    sample = bytes(content[:4096])
    return not sample.translate(None, _TEXT) and not bytes(content).translate(None, _TEXT)


def _text_runs(view: memoryview) -> Iterator[tuple[int, int]]:
    """Where text stands, at least one aligned block of it, to the byte."""
    raw = bytes(view)
    mask = np.frombuffer(raw.translate(_IS_TEXT), np.uint8)
    blocks = mask[: len(mask) // _RUN * _RUN].reshape(-1, _RUN).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], blocks, [False]]).astype(np.int8)))
    for first, last in edges.reshape(-1, 2).tolist():
        begin, end = first * _RUN, last * _RUN
        before = mask[max(begin - _RUN, 0): begin][::-1]
        behind = mask[end: end + _RUN]
        begin -= int(np.argmin(before)) if before.size and not before.all() else before.size
        end += int(np.argmin(behind)) if behind.size and not behind.all() else behind.size
        yield begin, end


_IS_TEXT = bytes(int(value in _TEXT) for value in range(256))
