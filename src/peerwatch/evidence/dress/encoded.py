"""Bytes written as letters and digits: base64, base32, base85, hexadecimal.

Takes text, gives the bytes that it stands for. Line breaks, quotes, escapes and other frames
around the letters do not matter; where a piece begins in the middle of a group, the phase is found
by trying.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peerwatch.evidence.dress.allowance import Allowance, Bytes, Part

_DIGITS = b"0123456789"
_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = b"abcdefghijklmnopqrstuvwxyz"
_HEX = _DIGITS + b"abcdefABCDEF"
_SPACE = b" \t\r\n"
_SHORTEST = 256
"""Letters in a run that is worth reading."""
_TRY = 1 << 15
"""Letters by which a phase is chosen; a multiple of every group."""


@dataclass(frozen=True)
class Code:
    """One way of writing bytes as letters."""

    name: str
    letters: bytes
    """What may stand in it."""
    group: int
    """Letters that stand for whole bytes."""
    whole: int
    """How many these are."""
    decoded: Callable[[bytes], bytes]
    """The bytes of some whole groups and perhaps a last part of one."""
    padding: bytes = b""
    least: int = 12
    """Different letters that a run of dense content has at least."""


def _unhexed(text: bytes) -> bytes:
    return binascii.unhexlify(text[: len(text) // 2 * 2])


def _unbase64(text: bytes) -> bytes:
    text = text.translate(_FROM_URL)
    return binascii.a2b_base64(text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4))


_FROM_URL = bytes.maketrans(b"-_", b"+/")


def _values(alphabet: bytes) -> bytes:
    table = bytearray(256)
    for value, letter in enumerate(alphabet):
        table[letter] = value
    return bytes(table)


def _unbase32(text: bytes) -> bytes:
    size = len(text) * 5 // 8
    values = np.frombuffer((text + b"A" * (-len(text) % 8)).translate(_BASE32), np.uint8)
    groups = values.reshape(-1, 8)
    made = np.zeros(len(groups), np.uint64)
    for column in range(8):
        made = made << np.uint64(5) | groups[:, column]
    return made.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 3:].tobytes()[:size]


_BASE32 = _values(_UPPER + b"234567")


def _base85(alphabet: bytes) -> Callable[[bytes], bytes]:
    table = _values(alphabet)

    def decoded(text: bytes) -> bytes:
        size = len(text) * 4 // 5
        last = alphabet[84:85]
        padded = (text + last * (-len(text) % 5)).translate(table)
        groups = np.frombuffer(padded, np.uint8).reshape(-1, 5)
        made: NDArray[np.uint32] = np.zeros(len(groups), np.uint32)
        for column in range(5):
            made = made * np.uint32(85) + groups[:, column]
        return made.astype(">u4").tobytes()[:size]

    return decoded


_B85 = _DIGITS + _UPPER + _LOWER + b"!#$%&()*+-;<=>?@^_`{|}~"
_A85 = bytes(range(33, 118))
_Z85 = _DIGITS + _LOWER + _UPPER + b".-:+=^!/*?&<>()[]{}@%$#"
_ascii85 = _base85(_A85)
HEX = Code("hex", _HEX, 2, 1, _unhexed, least=8)
BASE32 = Code("base32", _UPPER + b"234567", 8, 5, _unbase32, b"=", 20)
CODES: tuple[Code, ...] = (
    HEX,
    BASE32,
    Code("base64", _UPPER + _LOWER + _DIGITS + b"+/-_", 4, 3, _unbase64, b"=", 36),
    Code("base85", _B85, 5, 4, _base85(_B85), least=40),
    Code("base85", _A85 + b"z", 5, 4,
         lambda text: _ascii85(text.replace(b"z", b"!!!!!")), least=40),
    Code("base85", _Z85, 5, 4, _base85(_Z85), least=40),
)
"""Each with the letters of fewer kinds first: what could be hexadecimal is."""


def texts(content: Bytes, allowance: Allowance) -> Iterator[Part]:
    """What a text stands for, in the first code that fits it."""
    text = _ARMOUR.sub(b"\n", bytes(content))
    bare = text.translate(None, _SPACE)
    if bare.startswith(b"<~"):
        bare = bare[2:].split(b"~>")[0]
    if len(bare) < _SHORTEST:
        return
    if bare.islower() and not _all_of(HEX, bare) and _all_of(BASE32, bare.upper()):
        bare = bare.upper()
    for code in CODES:
        if _all_of(code, bare):
            yield from _decoded(code, [bare], allowance)
            return
    yield from _framed(text, allowance)


def _all_of(code: Code, text: bytes) -> bool:
    """Whether a text without white space is written in a code. Its middle spares most the whole."""
    middle = text[len(text) // 2: len(text) // 2 + 4096]
    known = code.letters + code.padding
    if middle.translate(None, known) or len(set(middle)) < code.least:
        return False
    # What has no more marks than base64 is base64 that something else stands beside.
    marks = len(middle.translate(None, _DIGITS + _UPPER + _LOWER))
    return (code.group != 5 or marks * 10 > len(middle)) and not text.translate(None, known)


_ARMOUR = re.compile(rb"-----[A-Z ]{4,60}-----")
"""What a certificate or a signed text is framed by: letters of base64, too."""
_PREFIXES = (b"0x", b"\\x", b"%")
_FRAMED: tuple[tuple[Code, re.Pattern[bytes]], ...] = (
    (CODES[0], re.compile(rb"[0-9A-Fa-f]{32,}")),
    (CODES[1], re.compile(rb"[A-Z2-7]{40,}=*")),
    (CODES[2], re.compile(rb"[A-Za-z0-9+/_-]{40,}={0,2}")),
    (CODES[3], re.compile(rb"[!#-&(-+\--;<-Z^-z{|}~]{40,}")),
)


def _framed(text: bytes, allowance: Allowance) -> Iterator[Part]:
    """Letters between other things: quoted lines, a heredoc, a C array, a mail."""
    middle = text[len(text) // 2: len(text) // 2 + (1 << 14)]
    for prefix in _PREFIXES:
        if middle.count(prefix) * 8 > len(middle):
            some = text[text.index(prefix): text.rindex(prefix) + len(prefix) + 2]
            yield from _decoded(HEX, [some.replace(prefix, b"").translate(None, _NOT_HEX)],
                                allowance)
            return
    if _is_spaced_hex(middle):
        yield from _decoded(HEX, [text.translate(None, _NOT_HEX)], allowance)
        return
    if b"\\n" in middle:
        text = text.replace(b"\\r", b"").replace(b"\\n", b"\n")
        middle = middle.replace(b"\\n", b"\n")
    for code, pattern in _FRAMED:
        if sum(map(len, pattern.findall(middle))) < len(middle) // 2:
            continue
        yield from _decoded(code, _joined(pattern.findall(text)), allowance)
        return


def _joined(runs: list[bytes]) -> list[bytes]:
    """Runs of one width are lines of one text, with what follows them as its last line."""
    made: list[list[bytes]] = []
    wide = 0
    for run in runs:
        if made and len(run) == wide:
            made[-1].append(run)
        elif made and len(made[-1]) > 1 and len(run) < wide:
            made[-1].append(run)
            wide = 0
        else:
            made.append([run])
            wide = len(run)
    return [b"".join(each) for each in made]


_NOT_HEX = bytes(set(range(256)) - set(_HEX))


def _is_spaced_hex(sample: bytes) -> bool:
    rest = sample.translate(None, _HEX + _SPACE + b",:;{}[]\"'")
    return not rest and sample.count(b" ") + sample.count(b":") + sample.count(b",") > len(
        sample) // 5


def _decoded(code: Code, runs: list[bytes], allowance: Allowance) -> Iterator[Part]:
    for run in runs:
        if len(run) < _SHORTEST:
            continue
        pieces = [each for each in run.split(b"=") if each] if code.padding else [run]
        if len(pieces) > 1:  # texts in a row, each padded
            allowance.take(len(run))
            yield Part(code.name, b"".join(map(code.decoded, pieces)))
            continue
        for piece in pieces:
            for phase in _phases(code, piece, allowance):
                allowance.take(len(piece) // code.group * code.whole)
                yield Part(code.name, code.decoded(piece[phase:]))


def _phases(code: Code, run: bytes, allowance: Allowance) -> list[int]:
    """Where groups begin: with the first letter, unless content is seen from another one on."""
    if len(run) < 4 * _SHORTEST or (code.name == "base85" and b"z" in run):
        return [0]
    size = len(run) // code.group * code.group
    places = {size * part // (4 * code.group) * code.group for part in range(4)}
    found = [phase for phase in range(code.group) if any(
        allowance.known(code.decoded(run[place + phase: place + phase + _TRY]))
        for place in places)]
    return found or [0]
