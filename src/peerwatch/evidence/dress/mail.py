"""Bytes written for mail: quoted-printable and uuencode.

Takes text, gives the bytes that it stands for. Lines before the first and behind the last that are
written so are left out.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

import numpy as np

from peerwatch.evidence.dress.allowance import Allowance, Bytes, Part

_LEAST = 256
_ESCAPED = re.compile(rb"=[0-9A-F]{2}")
_SAMPLE = 1 << 14
_UU_LINE = re.compile(rb"(?m)^M[ -`]{60}\r?\n")
_UU_LAST = re.compile(rb"(?m)^[!-M][ -`]{4,60}\r?$")
_WIDTH = 61
"""Letters of a full line: how many bytes it has (``M``: 45), and these."""


def quoted_printable(content: Bytes, allowance: Allowance) -> Iterator[Part]:
    """What is written as ``=E9`` where it is no letter, in lines that go on behind a ``=``."""
    begin = max(len(content) - _SAMPLE, 0) // 2
    sample = bytes(content[begin: begin + _SAMPLE])
    if len(_ESCAPED.findall(sample)) * 16 < len(sample) or sample.count(b"=\n") + sample.count(
            b"=\r\n") < len(sample) // 200:
        return
    allowance.take(len(content) // 2)
    made = binascii.a2b_qp(bytes(content))
    if len(made) >= _LEAST:
        yield Part("quoted-printable", made)


def uuencoded(content: Bytes, allowance: Allowance) -> Iterator[Part]:
    """What stands between ``begin`` and ``end``: three bytes in four letters from the blank on."""
    begin = max(len(content) - _SAMPLE, 0) // 2
    sample = bytes(content[begin: begin + _SAMPLE])
    if len(_UU_LINE.findall(sample)) * (_WIDTH + 1) < len(sample) // 2:
        return
    text = bytes(content).replace(b"\r\n", b"\n")
    allowance.take(len(text) * 3 // 4)
    view = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(view == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1]) if ends.size else np.empty(0, np.int64)
    full = starts[(ends - starts == _WIDTH) & (view[starts] == ord("M"))]
    letters = (view[full[:, None] + np.arange(1, _WIDTH)] - np.uint8(32)) & np.uint8(63)
    four = letters.reshape(-1, 4).astype(np.uint32)
    three = four[:, 0] << 18 | four[:, 1] << 12 | four[:, 2] << 6 | four[:, 3]
    made = three.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    yield Part("uuencode", made + _last(text[int(full[-1]) + _WIDTH + 1:] if full.size else b""))


def _last(rest: bytes) -> bytes:
    found = _UU_LAST.match(rest)
    try:
        return binascii.a2b_uu(found[0]) if found else b""
    except binascii.Error:
        return b""
