"""Any chain of dresses is seen through, and no hostile content costs more than its allowance."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import lzma
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
    "xor": xor,
}


BELOW_XOR = {"gzip", "bz2", "xz", "zstd", "tar", "zip", "dump", "base32", "base64"}
"""Over these, a key of three bytes is found; over zlib's two known ones, or letters of which few
are used, it need not be, and one key twice undoes itself in places."""


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
