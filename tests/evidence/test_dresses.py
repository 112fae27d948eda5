"""Any chain of dresses is seen through, and no hostile content costs more than its allowance."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import hashlib
import io
import json
import lzma
import quopri
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from peerwatch.evidence.dress.allowance import DEPTH, SECONDS, Allowance, Spent
from peerwatch.evidence.dress.table import READERS, Layer
from peerwatch.evidence.provenance import Content, Fingerprints, Joined
from peerwatch.evidence.spans import length

RANDOM = np.random.default_rng(11)
ITEM = (RANDOM.normal(size=24_000) * 0.02).astype(np.float16).tobytes()
NOISE = RANDOM.bytes(200_000)


def content(read: bytes) -> Content:
    return Content(len(read), hashlib.sha256(read).hexdigest(), read)


PRINTS = Fingerprints({"item": [content(ITEM)], "other": [content(RANDOM.bytes(50_000))]})


def tar(read: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, held in (("notes.txt", b"nothing\n"), ("w", read)):
            member = tarfile.TarInfo(name)
            member.size = len(held)
            archive.addfile(member, io.BytesIO(held))
    return out.getvalue()


def zipped(read: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", "nothing\n")
        archive.writestr("w", read)
    return out.getvalue()


def dump(read: bytes) -> bytes:
    """As xxd has it."""
    return b"".join(b"%08x: %s  %s\n" % (
        at, read[at: at + 16].hex(" ", -2).encode(),
        bytes(each if 32 <= each < 127 else 46 for each in read[at: at + 16]))
        for at in range(0, len(read), 16))


def database(read: bytes) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (name text, held blob)")
    connection.execute("insert into t values ('w', ?)", (read,))
    connection.commit()
    return connection.serialize()


def xor(read: bytes, key: bytes = b"k3y") -> bytes:
    return (np.frombuffer(read, np.uint8) ^ np.resize(np.frombuffer(key, np.uint8), len(read))
            ).tobytes()


def decimals(read: bytes) -> bytes:
    return b", ".join(b"%d" % each for each in read)


def octal(read: bytes) -> bytes:
    """As od has it, with an odd byte left out."""
    words = np.frombuffer(read[: len(read) // 2 * 2], "<u2").tolist()
    return b"".join(b"%07o %s\n" % (2 * at, b" ".join(b"%06o" % each for each in words[at: at + 8]))
                    for at in range(0, len(words), 8))


def bits(read: bytes) -> bytes:
    return b"".join(b"%08x: %s\n" % (at, b" ".join(
        f"{each:08b}".encode() for each in read[at: at + 6])) for at in range(0, len(read), 6))


def uuencoded(read: bytes) -> bytes:
    return b"begin 644 x\n" + b"".join(
        binascii.b2a_uu(read[at: at + 45]) for at in range(0, len(read), 45)) + b"`\nend\n"


DRESSES: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bz2": bz2.compress,
    "xz": lambda read: lzma.compress(read, preset=0),
    "zstd": zstandard.ZstdCompressor().compress,
    "tar": tar,
    "zip": zipped,
    "sqlite": database,
    "base64": base64.encodebytes,
    "base64 in one line": base64.b64encode,
    "base32": base64.b32encode,
    "base85": base64.b85encode,
    "hex": lambda read: read.hex().encode(),
    "dump": dump,
    "decimals": decimals,
    "octal": octal,
    "bits": bits,
    "uuencode": uuencoded,
    "quoted-printable": quopri.encodestring,
    "zlib behind other bytes": lambda read: NOISE[:777] + zlib.compress(read) + NOISE[:333],
    "raw deflate": lambda read: NOISE[:10] + zlib.compress(read)[2:-4],
    "xor": xor,
}


BELOW_XOR = {"gzip", "bz2", "xz", "zstd", "tar", "zip", "dump", "base32", "base64"}
"""Over these, a key of three bytes is found; over zlib's two known ones, or letters of which few
are used, it need not be, and one key twice undoes itself in places."""


LONG = {"decimals", "octal", "bits", "dump", "quoted-printable"}
"""Each makes several bytes of one: several of them are no more within the allowance."""
UNMARKED = {"zlib behind other bytes", "raw deflate"}
"""Guessed at last, so only where no other guess is under or over it."""


@given(start=st.integers(0, 16_000), size=st.integers(12_000, 32_000),
       before=st.integers(0, 2_000), behind=st.integers(0, 2_000),
       chain=st.lists(st.sampled_from(sorted(DRESSES)), max_size=DEPTH))
@settings(max_examples=50, deadline=None)
def test_any_chain_is_seen_through(
    start: int, size: int, before: int, behind: int, chain: list[str]
) -> None:
    """A piece of an item between noise, in up to four dresses, one over another."""
    chain = [each for index, each in enumerate(chain)
             if each != "xor" or not index or (
                 chain[index - 1] in BELOW_XOR and "xor" not in chain[:index])]
    chain = [each for index, each in enumerate(chain)
             if (each not in UNMARKED or chain[index + 1: index + 2] != ["xor"])
             and (each not in LONG or LONG.isdisjoint(chain[:index]))]
    piece = ITEM[start: start + size]
    made = NOISE[:before] + piece + NOISE[len(NOISE) - behind:]
    for name in chain:
        made = DRESSES[name](made)
    (found,) = PRINTS.match(io.BytesIO(made), len(made))
    assert found.item == "item"
    # A row of a dump that is not full is left out, and a database's pages cut what is plain.
    assert length(found.spans) >= 0.97 * len(piece)
    assert length(found.spans) <= len(piece) + 8


@given(seed=st.integers(0, 1 << 32), chain=st.lists(
    st.sampled_from(sorted(DRESSES)), max_size=DEPTH))
@settings(max_examples=20, deadline=None)
def test_unrelated_content_is_never_found(seed: int, chain: list[str]) -> None:
    """Other numbers of the same kind, in any dress."""
    made = (np.random.default_rng(seed).normal(size=12_000) * 0.02).astype(np.float16).tobytes()
    for name in chain:
        made = DRESSES[name](made)
    assert PRINTS.match(io.BytesIO(made), len(made)) == ()


@given(st.binary(max_size=3_000), st.sampled_from(READERS), st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_reader_minds_what_it_is_given(
    before: bytes, reader: object, behind: bytes
) -> None:
    """The first bytes of each kind, and then anything: parts or none, never an error."""
    magic, at = reader.magic, reader.at  # type: ignore[attr-defined]
    made = before[:at].ljust(at, b"\0") + magic + before + magic + behind
    for part in Layer(made, Allowance()).parts():
        assert len(part.content) >= 0


@pytest.mark.parametrize("name", [each for each in DRESSES if each != "xor"])
def test_damage_anywhere_is_no_error(name: str) -> None:
    """Bytes changed, cut and doubled."""
    whole = DRESSES[name](ITEM[:3_000])
    for seed in range(6):
        numbers = np.random.default_rng(seed)
        made = bytearray(whole)
        for _ in range(4):
            made[numbers.integers(len(made))] = numbers.integers(256)
        cut = int(numbers.integers(len(made)))
        for read in (bytes(made), bytes(made[:cut]), bytes(made[cut:] + made)):
            PRINTS.see(io.BytesIO(read), len(read))


def bombs() -> dict[str, bytes]:
    zeros = bytes(16 << 20)
    once = gzip.compress(zeros, 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for index in range(8):
            archive.writestr(str(index), zeros)
    return {
        "gzip": once * 40, "gzip in gzip": gzip.compress(once * 40), "zip": out.getvalue() * 10,
        "zstd": zstandard.ZstdCompressor().compress(zeros) * 400,
        "many members": tar(b"x" * 600) * 1000,
        "many streams": b"".join(
            gzip.compress(bytes([i]) * 5000) + b"-" for i in range(250)) * 20,
        "a tar of one huge size": struct.pack(
            "124s12s121s6s", b"a", b"77777777777", b"0", b"ustar") + bytes(1 << 20),
    }


def test_bombs_cost_no_more_than_the_allowance() -> None:
    """Processor time is bounded, whatever the content says, and memory with it."""
    for name, made in bombs().items():
        seen = PRINTS.see(io.BytesIO(made), len(made))
        assert seen.matches == (), name
        assert seen.seconds < 2 * SECONDS, name


def test_a_spent_allowance_ends_the_reading() -> None:
    """What was not looked through is unreadable, and says so."""
    made = gzip.compress(NOISE + ITEM)
    with pytest.raises(Spent):
        list(Layer(made, Allowance(made=1000)).parts())


def test_an_item_behind_a_bomb_is_found() -> None:
    """Zeros that unpack to nothing of note do not use up what is needed for the rest."""
    made = gzip.compress(bytes(32 << 20) + ITEM, 1)
    (found,) = PRINTS.match(io.BytesIO(made), len(made))
    assert found.size == len(ITEM)


def test_pieces_are_read_as_one(tmp_path: object) -> None:
    """A packed stream's later pieces tell nothing alone."""
    import os

    packed = bz2.compress(ITEM)
    pieces = [packed[at: at + 20_000] for at in range(0, len(packed), 20_000)]
    descriptors = []
    for number, piece in enumerate(pieces):
        path = tmp_path / str(number)  # type: ignore[operator]
        path.write_bytes(piece)
        descriptors.append(os.open(path, os.O_RDONLY))
    try:
        assert PRINTS.match(descriptors[1], 20_000) == ()
        (found,) = PRINTS.match(Joined(descriptors), 1 << 20)
        assert (found.size, found.dressed) == (len(ITEM), "bz2")
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


@pytest.mark.parametrize(("framed", "dressed"), [
    (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(ITEM) + b"-----END CERTIFICATE-----\n",
     "base64"),
    (base64.b32encode(ITEM).lower(), "base32"),
])
def test_frames_and_small_letters_hide_nothing(framed: bytes, dressed: str) -> None:
    (found,) = PRINTS.match(io.BytesIO(framed), len(framed))
    assert (found.item, found.dressed, found.size) == ("item", dressed, len(ITEM))


def _values(read: bytes) -> list[float]:
    return np.frombuffer(read, "<f2").astype(float).tolist()


def _turned(read: bytes, made: Callable[[int], int]) -> bytes:
    return read.translate(bytes(made(each) for each in range(256)))


def _beside(read: bytes, *others: bytes) -> bytes:
    return np.stack([np.frombuffer(each, np.uint8) for each in (*others, read)], axis=1).tobytes()


CARRIED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "numbers of tensors in JSON": ("digits", lambda read: json.dumps(
        {"layer.0.weight": _values(read), "layer.1.bias": [1, 2]}).encode()),
    "a number a line": ("digits", lambda read: b"".join(b"%.8e\n" % each
                                                        for each in _values(read))),
    "a column beside times": ("digits", lambda read: "".join(
        f"2026-01-01T00:{at // 60 % 60:02}:{at % 60:02},{each!r}\n"
        for at, each in enumerate(_values(read))).encode()),
    "signed words in rows of 12": ("digits", lambda read: b"a,b\n" + b"".join(
        ",".join(map(str, np.frombuffer(read, "<i2")[at: at + 12])).encode() + b"\n"
        for at in range(0, len(read) // 2, 12))),
    "halves of bytes": ("halves exchanged", lambda read: _turned(
        read, lambda each: (each >> 4 | each << 4) & 0xFF)),
    "bits of bytes": ("bits reversed", lambda read: _turned(
        read, lambda each: int(f"{each:08b}"[::-1], 2))),
    "words of eight": ("swapped", lambda read: np.frombuffer(read, "<u8").byteswap().tobytes()),
    "every second byte": ("interleaved", lambda read: _beside(read, NOISE[:len(read)])),
    "every third byte": ("interleaved", lambda read: _beside(
        read, NOISE[:len(read)], NOISE[1: len(read) + 1])),
    "every byte twice": ("interleaved", lambda read: _beside(read, read)),
}


@pytest.mark.parametrize("name", CARRIED)
def test_what_is_carried_otherwise_is_found_and_nothing_else_is(name: str) -> None:
    """Lists of numbers, and other orders of bits and bytes; the same of other numbers is none."""
    dressed, carried = CARRIED[name]
    made = carried(ITEM)
    (found,) = PRINTS.match(io.BytesIO(made), len(made))
    assert (found.item, found.dressed) == ("item", dressed)
    assert found.size >= 0.97 * len(ITEM)
    other = (np.random.default_rng(5).normal(size=24_000) * 0.02).astype(np.float16).tobytes()
    made = carried(other)
    assert PRINTS.match(io.BytesIO(made), len(made)) == ()


@given(st.lists(st.sampled_from(
    [b"0", b"7", b"255", b"-1", b"9" * 40, b"1e5", b"1e", b".", b"-", b"\n", b",", b" ", b"0000010",
     b"000017", b"01010101 ", b"M" + b"!" * 60, b"=E9", b"=\n", b"[", b"x", b"begin 644 x\n"]),
    min_size=1, max_size=40), st.integers(1, 400))
@settings(max_examples=150, deadline=None)
def test_any_heap_of_digits_can_be_read(parts: list[bytes], times: int) -> None:
    """Numbers without end, half numbers, rows that are none: never an error."""
    made = b"".join(parts) * times
    assert PRINTS.match(io.BytesIO(made), len(made)) == ()
