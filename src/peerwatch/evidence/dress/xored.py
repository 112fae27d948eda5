"""Content xored with a key of one to sixteen bytes, where what lies below is packed or written.

Takes bytes, gives what they would be under keys that make their beginning, their letters or their
end what a known dress has there. Xor over the content of an item itself is found in another way
(see ``provenance``), because there nothing at the beginning is known.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from peerwatch.evidence.dress.allowance import Allowance, Bytes
from peerwatch.evidence.dress.archives import is_tar
from peerwatch.evidence.dress.compressed import KINDS, ZLIB, unpacked
from peerwatch.evidence.dress.encoded import CODES

LONGEST = 16
_TRIED = 1 << 14
_BEGINNINGS: tuple[bytes, ...] = (
    b"\x1f\x8b\x08\0", b"\x1f\x8b\x08\x08", b"\x1f\x8b\x08\0\0\0\0\0",
    b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46", b"\xfd7zXZ\0\0\x01\x69\x22\xde\x36",
    b"BZh91AY&SY", b"BZh61AY&SY", b"\x28\xb5\x2f\xfd",
    b"PK\x03\x04\x14\0\0\0\x08\0", b"PK\x03\x04\x14\0\x02\0\x08\0",
    b"PK\x03\x04\x0a\0\0\0\0\0", b"PK\x03\x04\x14\0\0\0\0\0",
    b"00000000: ", b"00000000  ", b"0000000 ",
    b"SQLite format 3\0", b"PACK\0\0\0\2", b"\x78\x9c", b"\x78\xda", b"\x78\x01",
)
_LETTERS: tuple[bytes, ...] = (
    b"0123456789abcdef \n:|.", b"0123456789ABCDEF \n:", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=\n",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n",
    *(code.letters + b"\n" for code in CODES if code.group == 5),
)


def xored(content: Bytes, key: bytes, phase: int = 0) -> bytes:
    """The content under a key that is repeated; ``phase`` is the key's place at its first byte."""
    turned = np.frombuffer(key[phase % len(key):] + key[: phase % len(key)], np.uint8)
    view = np.frombuffer(content, np.uint8)
    pattern = np.tile(turned, min(4096, len(view) // len(key) + 1))
    made = np.empty(len(view), np.uint8)
    for begin in range(0, len(view), len(pattern)):
        piece = view[begin: begin + len(pattern)]
        np.bitwise_xor(piece, pattern[: len(piece)], out=made[begin: begin + len(pattern)])
    return made.tobytes()


def opened(content: Bytes, allowance: Allowance) -> Iterator[bytes]:
    """The content under every key that makes something known of it."""
    for key in dict.fromkeys(_keys(content, allowance)):
        if any(key):
            allowance.take(len(content))
            yield xored(content, key)


def _keys(content: Bytes, allowance: Allowance) -> Iterator[bytes]:
    head = bytes(content[:_TRIED])
    for beginning in _BEGINNINGS:
        for length in range(1, min(len(beginning), LONGEST) + 1):
            key = bytes(a ^ b for a, b in zip(head[:length], beginning, strict=False))
            if len(key) == length and any(key) and _fits(head, key, beginning, allowance):
                yield key
                break
    end = _key_of_a_tail(content)
    if end is not None and is_tar(xored(head[:512], end)):
        yield end
    yield from _keys_of_letters(head)


def _fits(head: bytes, key: bytes, beginning: bytes, allowance: Allowance) -> bool:
    if len(key) < len(beginning) and (
            xored(head[: len(beginning)], key) != beginning[: len(head)]):
        return False
    plain = xored(head, key)
    kind = ZLIB if beginning[0] == 0x78 else next(
        (each for each in KINDS if beginning.startswith(each.magic)), None)
    if kind is None:
        return len(beginning) - len(key) >= 3
    if kind.name in ("bz2", "zstd"):  # give nothing before a whole block
        return len(beginning) - len(key) >= 1
    found = unpacked(kind, plain, allowance)
    return len(found.content) >= 4096 or (found.whole and len(found.content) >= 64)


def _key_of_a_tail(content: Bytes) -> bytes | None:
    """The key as it stands over the zeros at a tar archive's end."""
    tail = np.frombuffer(bytes(content[-512:]), np.uint8)
    if tail.size < 512:
        return None
    for length in range(1, 33):
        if np.array_equal(tail[length:], tail[:-length]):
            phase = (len(content) - 512) % length
            return bytes(np.roll(tail[:length], phase))
    return None


def _keys_of_letters(head: bytes) -> Iterator[bytes]:
    """Keys under which every byte is a letter of one alphabet."""
    sample = np.frombuffer(head, np.uint8)
    if sample.size < 64 * LONGEST:
        return
    for letters in _LETTERS:
        allowed = np.zeros(256, bool)
        allowed[list(letters)] = True
        # Row: key. Column: byte under it.
        table = allowed[np.arange(256)[:, None] ^ np.arange(256)]
        for length in range(1, LONGEST + 1):
            keys = [np.flatnonzero(table[:, np.unique(sample[place::length])].all(axis=1))
                    for place in range(length)]
            if all(each.size for each in keys):
                yield bytes(int(each[0]) for each in keys)
                break
