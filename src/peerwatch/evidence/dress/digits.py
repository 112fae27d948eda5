"""Numbers written as digits: decimals, octals and bits, in lists, tables and dumps.

Takes text, gives the bytes of the numbers that it lists: each a byte, a word, or a number of a
tensor. What lists bytes is read whatever they are; words, numbers with a point, and single columns
of a table only where a sample of them holds something of a listed item.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peerwatch.evidence.dress.allowance import Allowance, Bytes, Part
from peerwatch.evidence.dress.dumps import is_dump

_WINDOWS, _WINDOW = 4, 1 << 16
_SLICE = 1 << 22
"""Characters that are read at once."""
_LEAST = 256
"""Numbers that are worth reading."""
_DIGITS_AT_MOST = 10
_VARIED, _TWO_DIGITS = 40, 99
_COLUMNS = 8
"""Columns of a table that are tried one by one."""
_ALL, _BUT_FIRST = -1, -2
_BITS = re.compile(
    rb"(?m)^(?:[0-9a-fA-F]{6,16}:)?[ \t]*((?:[01]{8}[ \t,]{1,2}){1,15}[01]{8})\b")
_NO_NUMBER = bytes(each if each in b"0123456789.+-eE\n" else 32 for each in range(256))
_STRAY = re.compile(rb"(?<![0-9.])[eE]|[eE](?![-+]?[0-9])|[-+.](?![0-9])|(?<=[0-9])[-+]")
_STRAY_AGAIN = re.compile(rb"(?<![0-9.])[eE][-+]?")


@dataclass(frozen=True)
class _Shape:
    """How a text lists its numbers."""

    base: int
    """2, 8 or 10; 0: with a point."""
    column: int
    """``_ALL``, ``_BUT_FIRST``, or one of a table's."""
    kind: str
    """numpy's name of a number as bytes; ``bf16`` beside it."""
    a_row: int
    """Numbers in a line; 0: no two lines are alike."""


def numbers(content: Bytes, allowance: Allowance) -> Iterator[Part]:
    """What the digits of a text stand for."""
    sample = _sample(content)
    if len(sample) < _LEAST or not _may_list_numbers(sample):
        return
    shape = _shape(content, sample, allowance)
    if shape is None:
        return
    made = bytearray()
    for text in _slices(content):
        some = _as_bytes(_read(text, shape), shape.kind)
        allowance.take(len(some))
        made += some
    if len(made) >= _LEAST:
        yield Part("digits", bytes(made))


def _sample(content: Bytes) -> bytes:
    """Whole lines, or what stands between two blanks, of the middle."""
    begin = max(len(content) - _WINDOW, 0) // 2
    return _whole(bytes(content[begin: begin + _WINDOW]), inner=begin > 0)


def _whole(text: bytes, *, inner: bool) -> bytes:
    for mark in (b"\n", b",", b" "):
        if text.count(mark) > 3:
            start = text.index(mark) + 1 if inner else 0
            return text[start: text.rindex(mark) + 1]
    return text


def _may_list_numbers(sample: bytes) -> bool:
    """Mostly digits, hardly a letter: no hexadecimal, no prose, no base64."""
    letters = len(sample) - len(sample.translate(None, _LETTERS))
    digits = len(sample) - len(sample.translate(None, b"0123456789"))
    return ((digits * 4 > len(sample) and letters * 8 < len(sample))
            or _BITS.match(sample) is not None)


_LETTERS = b"abcdfghijklmnopqrstuvwxyzABCDFGHIJKLMNOPQRSTUVWXYZ/"
"""Without those of exponents."""


def _shape(content: Bytes, sample: bytes, allowance: Allowance) -> _Shape | None:
    """How a text lists numbers; None where it lists none that are worth reading."""
    rows = _BITS.findall(sample)
    if len(rows) > 3 and sum(map(len, rows)) * 3 > len(sample):
        return _Shape(2, _ALL, "<u1", 0)
    with_point = re.search(rb"[0-9]\.[0-9]|[0-9][eE][-+]?[0-9]", sample) is not None
    base = 0 if with_point else _base(sample)
    a_row = _numbers_in_a_row(sample)
    plain = _Shape(base, _BUT_FIRST if base and _counts(sample, a_row) else _ALL, "", a_row)
    windows = list(_windows(content))
    # Numbers with a point take ten times as long to read, and are read once for all columns.
    points = [] if base else [_with_point(each) for each in windows]

    def read(shape: _Shape) -> list[NDArray[Any]]:
        return ([_integers(each, shape) for each in windows] if base
                else [_column(each, shape) for each in points])

    some = read(plain)
    some = [each for each in some if each.size >= _LEAST]
    if not some:
        return None
    # Hexadecimal digits need no letters: then only what is known tells one from the other.
    if base == 8 or (base == 10 and not is_dump(content)):
        low, high = (int(each) for each in (min(s.min() for s in some), max(s.max() for s in some)))
        # Two digits each may be hexadecimal that happens to have no letters, as of text.
        bytes_all = len(np.unique(some[0])) > _VARIED and high > _TWO_DIGITS
        if bytes_all and low >= 0 and high <= 0xFF:
            return _Shape(base, plain.column, "<u1", a_row)
        if bytes_all and low >= -0x80 and high <= 0x7F:
            return _Shape(base, plain.column, "<i1", a_row)
        if base == 8 and high <= 0xFFFF:
            return _Shape(base, plain.column, "<u2", a_row)
    columns = (plain.column, *(range(a_row) if 1 < a_row <= _COLUMNS else ()))
    for column in columns:
        if column != plain.column:
            some = read(_Shape(base, column, "", a_row))
        for kind in _kinds(some, base):
            if any(allowance.known(_as_bytes(each, kind)) for each in some):
                return _Shape(base, column, kind, a_row)
    return None


def _kinds(some: list[NDArray[Any]], base: int) -> tuple[str, ...]:
    if not base:
        return "<f2", "<f4", "bf16", "<f8"
    low, high = min(each.min() for each in some), max(each.max() for each in some)
    if low >= 0 and high <= 0xFF:
        return ("<u1",)
    if low >= 0 and high <= 0xFFFF:
        return "<u2", ">u2"
    if low >= -0x8000 and high <= 0x7FFF:
        return "<i2", ">i2"
    return ("<u4", ">u4") if low >= 0 else ("<i4", ">i4")


def _base(sample: bytes) -> int:
    """Octal numbers have leading zeros and are all of one width."""
    tokens = re.findall(rb"[0-9]+", sample)[:4096]
    widths = Counter(map(len, tokens))
    width, often = widths.most_common(1)[0] if widths else (0, 0)
    octal = width in (3, 6) and often * 10 > len(tokens) * 8 and not re.search(
        rb"[89]", b"".join(each for each in tokens if len(each) == width))
    return 8 if octal and any(each.startswith(b"0") for each in tokens) else 10


def _numbers_in_a_row(sample: bytes) -> int:
    counts = Counter(
        len(re.findall(rb"[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?", line))
        for line in sample.split(b"\n")[1:-1][:256])
    if not counts:
        return 0
    most, often = counts.most_common(1)[0]
    return most if often * 10 > sum(counts.values()) * 8 else 0


def _counts(sample: bytes, a_row: int) -> bool:
    """Whether the first number of each line is an offset or a line's number."""
    if a_row < 2:
        return False
    first = [found[0] for line in sample.split(b"\n")[1:-1][:64]
             if (found := re.findall(rb"[0-9]{1,15}", line))]
    for base in (8, 10):  # od's offsets are octal, whatever its numbers are
        if len(first) > 3 and not (base == 8 and re.search(rb"[89]", b"".join(first))):
            steps = {int(later, base) - int(earlier, base) for earlier, later in pairwise(first)}
            if len(steps) == 1 and steps.pop() > 0:
                return True
    return False


def _windows(content: Bytes) -> Iterator[bytes]:
    last = max(len(content) - _WINDOW, 0)
    for begin in sorted({last * number // (_WINDOWS - 1) for number in range(_WINDOWS)}):
        yield _whole(bytes(content[begin: begin + _WINDOW]), inner=begin > 0)


def _slices(content: Bytes) -> Iterator[bytes]:
    """All of a text, cut where a line ends, or else between two numbers."""
    begin = 0
    while begin < len(content):
        text = bytes(content[begin: begin + _SLICE])
        if begin + len(text) < len(content):
            text = _whole(text, inner=False) or text
        yield text
        begin += len(text)


def _read(text: bytes, shape: _Shape) -> NDArray[Any]:
    """The numbers of some text."""
    if shape.base == 2:
        bits = b"".join(_BITS.findall(text)).translate(None, b" \t,")
        return np.packbits(np.frombuffer(bits, np.uint8) & np.uint8(1))
    if shape.base:
        return _integers(text, shape)
    return _column(_with_point(text), shape)


def _column(values: NDArray[np.float64], shape: _Shape) -> NDArray[np.float64]:
    if shape.column == _ALL:
        return values
    whole = values[: len(values) // shape.a_row * shape.a_row].reshape(-1, shape.a_row)
    return whole[:, shape.column]


def _with_point(text: bytes) -> NDArray[np.float64]:
    bare = text.translate(_NO_NUMBER)
    for _ in range(2):
        try:
            return np.array(bare.split(), "S").astype(np.float64)
        except ValueError:  # a date, a name: looked for only now, for it takes three times as long
            bare = _STRAY_AGAIN.sub(b" ", _STRAY.sub(b" ", bare))
    return np.empty(0)


def _integers(text: bytes, shape: _Shape) -> NDArray[np.int64]:
    view = np.frombuffer(text, np.uint8)
    digit = view - np.uint8(48)
    is_digit = np.concatenate([[False], digit < 10, [False]])
    edges = np.flatnonzero(is_digit[1:] != is_digit[:-1])
    starts, ends = edges[::2], edges[1::2]
    if shape.column != _ALL:
        lines = np.concatenate([[0], np.flatnonzero(view == 10) + 1])
        line = np.searchsorted(lines, starts, "right") - 1
        place = np.arange(len(starts)) - np.searchsorted(starts, lines)[line]
        chosen = place > 0 if shape.column == _BUT_FIRST else place == shape.column
        starts, ends = starts[chosen], ends[chosen]
    if not len(starts):
        return np.empty(0, np.int64)
    width = ends - starts
    made = np.zeros(len(starts), np.int64)
    for back in range(min(int(width.max()), _DIGITS_AT_MOST)):
        value = digit[np.maximum(ends - 1 - back, 0)].astype(np.int64)
        made += np.where(width > back, value, 0) * shape.base ** back
    negative = (starts > 0) & (view[np.maximum(starts - 1, 0)] == ord("-"))
    return np.where(negative, -made, made)


def _as_bytes(values: NDArray[Any], kind: str) -> bytes:
    with np.errstate(over="ignore", invalid="ignore"):
        if kind != "bf16":
            return values.astype(kind).tobytes()
        raw = values.astype("<f4").view(np.uint32)
    return (((raw + np.uint32(0x7FFF) + ((raw >> np.uint32(16)) & np.uint32(1)))
             >> np.uint32(16)).astype("<u2")).tobytes()
