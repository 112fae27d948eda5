"""Numbers of weights in other formats: bf16, fp16, fp32, fp64.

Takes bytes, gives where numbers lie in a known file, what they would be in a narrower format, and
what a file of wider numbers was before it was widened. Narrowing loses digits, so it is done to
the known content; widening loses nothing, so it is undone on the file.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = bytes | memoryview
_NAMES = {"F16": "fp16", "BF16": "bf16", "F32": "fp32"}
_NPY = {"f2": "fp16", "f4": "fp32"}
_WIDTHS = {"fp16": 2, "bf16": 2, "fp32": 4}
_SAMPLE = 1 << 16
_PIECE = 1 << 16
"""Bytes of a file that are taken to be aligned alike."""


@dataclass(frozen=True)
class Region:
    """Numbers of one format in a content."""

    start: int
    end: int
    format: str


@dataclass(frozen=True)
class Layout:
    """What is known of a content's inner order."""

    start: int
    """Where data begins; what lies before says only its shape."""
    regions: tuple[Region, ...]
    units: NDArray[np.int64]
    """Begin and end of its tensors, or of its records (lines of a text, rows of an array), a row
    each, in order; empty where it has none that are known."""


NO_UNITS: NDArray[np.int64] = np.empty((0, 2), np.int64)
UNKNOWN = Layout(0, (), NO_UNITS)


def layout(content: Bytes) -> Layout:
    """The layout of a listed content: safetensors and ``.npy`` by their headers, others by look."""
    size = len(content)
    if bytes(content[:6]) == b"\x93NUMPY" and size > 12:
        return _npy(content)
    length = int.from_bytes(content[:8], "little")
    if 2 <= length <= size - 8 and bytes(content[8:9]) == b"{":
        try:
            return _safetensors(json.loads(bytes(content[8: 8 + length])), 8 + length, size)
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # not one after all
    if size and b"\0" not in bytes(content[:_SAMPLE]) and bytes(content[-1:]) == b"\n":
        return Layout(0, (), _lines(content))
    looks = _look(content)
    return Layout(0, () if looks is None else (Region(0, size, looks),), NO_UNITS)


def _safetensors(header: dict[str, Any], data: int, size: int) -> Layout:
    tensors = sorted(
        (data + each["data_offsets"][0], data + each["data_offsets"][1], each["dtype"])
        for name, each in header.items() if name != "__metadata__")
    if any(not data <= start <= end <= size for start, end, _ in tensors):
        raise ValueError("a tensor lies outside")
    regions: list[Region] = []
    for kind, group in itertools.groupby(tensors, key=lambda each: each[2]):
        some = list(group)
        if kind in _NAMES:
            regions.append(Region(some[0][0], some[-1][1], _NAMES[kind]))
    return Layout(data, tuple(regions), np.array(
        [each[:2] for each in tensors], np.int64).reshape(-1, 2))


def _npy(content: Bytes) -> Layout:
    wide = content[6] > 1
    length = int.from_bytes(content[8: 12 if wide else 10], "little")
    start = min((12 if wide else 10) + length, len(content))
    header = bytes(content[:start])
    found = re.search(rb"'descr': *'[<|=]([a-z])(\d+)'", header)
    if found is None:
        return Layout(start, (), NO_UNITS)
    width, size = int(found[2]), len(content)
    shape = re.search(rb"'shape': *\((\d+),((?: *\d+,?)*)\)", header)
    inner = shape[2].split(b",") if shape else []
    row = width * math.prod(int(each) for each in inner if each.strip())
    kind = _NPY.get((found[1] + found[2]).decode())
    begins = np.arange(start, size - row + 1, row) if row else np.empty(0, np.int64)
    return Layout(start, () if kind is None else (Region(start, size, kind),),
                  np.stack([begins, begins + row], axis=1))


def _lines(content: Bytes) -> NDArray[np.int64]:
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n")) + 1
    return np.stack([np.concatenate([[0], ends[:-1]]), ends], axis=1)


def _look(content: Bytes) -> str | None:
    """The format that bytes without a header seem to have: exponents take few values."""
    at = len(content) // 2 // 4 * 4
    sample = np.frombuffer(content[at: at + _SAMPLE // 4 * 4], np.uint8)
    if sample.size < 4096:
        return None
    lanes = [entropy(sample[lane: sample.size // 4 * 4: 4]) for lane in range(4)]
    if lanes[3] < 4 and lanes[1] > 6.5:
        return "fp32"
    if min(lanes[0], lanes[2]) < 6.5 or abs(lanes[1] - lanes[3]) > 0.5:
        return None
    return "bf16" if lanes[3] < 3.5 else "fp16" if lanes[3] < 6.5 else None


def entropy(sample: NDArray[np.uint8]) -> float:
    """Bits per byte, 0 to 8, of the bytes taken one by one."""
    counts = np.bincount(sample, minlength=256)
    parts = counts[counts > 0] / max(sample.size, 1)
    return float(-(parts * np.log2(parts)).sum()) + 0.0


@dataclass(frozen=True)
class Narrowing:
    """How numbers of one format are made narrower, or as narrow in another way."""

    name: str
    """The format that they have then."""
    made: Callable[[NDArray[np.float32]], NDArray[Any]]


def _half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        return values.astype("<f2")


def _brain(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """To the nearest, ties to even, as frameworks do."""
    raw = values.view(np.uint32)
    return ((raw + np.uint32(0x7FFF) + ((raw >> np.uint32(16)) & np.uint32(1)))
            >> np.uint32(16)).astype("<u2")


def _brain_cut(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """By leaving out the lower half of the bits."""
    return (values.view(np.uint32) >> np.uint32(16)).astype("<u2")


NARROWINGS: dict[str, tuple[Narrowing, ...]] = {
    "fp32": (Narrowing("fp16", _half), Narrowing("bf16", _brain), Narrowing("bf16", _brain_cut)),
    "fp16": (Narrowing("bf16", _brain), Narrowing("bf16", _brain_cut)),
    "bf16": (Narrowing("fp16", _half),),
}


def narrowed(content: Bytes, region: Region, narrowing: Narrowing) -> bytes:
    """The numbers of a region in another format."""
    width = _WIDTHS[region.format]
    raw = content[region.start: region.start + (region.end - region.start) // width * width]
    if region.format == "bf16":
        values = (np.frombuffer(raw, "<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif region.format == "fp16":
        values = np.frombuffer(raw, "<f2").astype(np.float32)
    else:
        values = np.frombuffer(raw, "<f4")
    return narrowing.made(values).tobytes()


def original_span(region: Region, begin: int, end: int) -> tuple[int, int]:
    """The bytes of a content from which bytes of a region's narrowed numbers were made."""
    width = _WIDTHS[region.format]
    return (region.start + -(-begin // 2) * width, region.start + end // 2 * width)


def was_wider(content: Bytes) -> Iterator[tuple[str, bytes]]:
    """What a file of numbers was before it was widened: (format now, bytes then).

    A number that came from a narrower format has zeros where that had no bits. Pieces of 64 KiB are
    looked at one by one, because tensors of one file need not be aligned alike.
    """
    for name, wide, narrower in _WIDENED:
        made = b"".join(_before(content, wide, narrower))
        if made:
            yield name, made
            return


@dataclass(frozen=True)
class _Before:
    empty: int
    """Bits that are zero in every widened number."""
    made: Callable[[NDArray[Any]], NDArray[Any]]


def _f4(words: NDArray[np.uint64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        return words.view(np.float64).astype("<f4")


def _f2(words: NDArray[np.uint32]) -> NDArray[np.float16]:
    with np.errstate(over="ignore", invalid="ignore"):
        return words.view(np.float32).astype("<f2")


def _b2(words: NDArray[np.uint32]) -> NDArray[np.uint16]:
    return (words >> np.uint32(16)).astype("<u2")


_WIDENED: tuple[tuple[str, str, _Before], ...] = (
    ("fp64", "<u8", _Before((1 << 29) - 1, _f4)),
    ("fp32", "<u4", _Before((1 << 16) - 1, _b2)),
    ("fp32", "<u4", _Before((1 << 13) - 1, _f2)),
)


def _before(content: Bytes, wide: str, before: _Before) -> Iterator[bytes]:
    width = int(wide[2])
    if not _seems(content, wide, before):
        return
    shift = 0
    for begin in range(0, len(content), _PIECE):
        piece = content[begin: begin + _PIECE + width]
        for tried in dict.fromkeys((shift, *range(width))):
            count = min((len(piece) - tried) // width, _PIECE // width)
            words = np.frombuffer(piece, wide, max(count, 0), tried)
            # Looked at in its middle: a header may stand at its beginning.
            middle = words[count // 2: count // 2 + 512]
            if (0 < count < 64 and begin) or _is_wide(middle, before):
                shift = tried
                yield before.made(words.copy()).tobytes()
                break


def _seems(content: Bytes, wide: str, before: _Before) -> bool:
    """A look at eight places: most files are no widened numbers."""
    width = int(wide[2])
    size = len(content)
    for place in range(8):
        at = size * place // 8
        for shift in range(width):
            part = content[at + shift: at + shift + 1024]
            if _is_wide(np.frombuffer(part, wide, len(part) // width), before):
                return True
    return False


def _is_wide(words: NDArray[Any], before: _Before) -> bool:
    some = words[words != 0]
    if some.size < 32 or some.size < words.size / 8:
        return False
    empty = np.count_nonzero((some & words.dtype.type(before.empty)) == 0)
    # Small integers have nothing in the upper bits.
    full = np.count_nonzero(some >> words.dtype.type(before.empty.bit_length()) != 0)
    return bool(empty >= 0.98 * some.size and full >= 0.98 * some.size)
