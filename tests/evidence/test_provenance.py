"""Fingerprints on real bytes in real files: what is found, where, and what never is."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerwatch.evidence.look import ENOUGH
from peerwatch.evidence.provenance import Content, Fingerprints
from peerwatch.evidence.spans import length
from peerwatch.evidence.types import Match

KB = 1024
RANDOM = np.random.default_rng(7)
PEER = [RANDOM.bytes(160 * KB + 1000), RANDOM.bytes(768), RANDOM.bytes(12 * KB)]
OTHER = [RANDOM.bytes(160 * KB), RANDOM.bytes(768)]


def content(read: bytes) -> Content:
    return Content(len(read), hashlib.sha256(read).hexdigest(), read)


def prints(**items: list[bytes]) -> Fingerprints:
    return Fingerprints({name: [content(each) for each in files]
                         for name, files in items.items()})


BOTH = prints(peer=PEER, other=OTHER)


def look(read: bytes, found_by: Fingerprints = BOTH, **more: int) -> dict[str, object]:
    found = found_by.match(io.BytesIO(read), len(read), None, **more)
    return {match.item: match.spans for match in found}


def test_whole_files_are_known_unread() -> None:
    sha256 = content(PEER[1]).sha256
    start = len(PEER[0])
    assert BOTH.whole(sha256) == (Match(item="peer", spans=((start, start + 768),)),)
    assert BOTH.match(-1, 768, sha256) == BOTH.whole(sha256)
    assert BOTH.whole("0" * 64) is None


def test_a_whole_copy_is_found_to_the_byte() -> None:
    assert look(PEER[0]) == {"peer": ((0, len(PEER[0])),)}


def test_shifted_content_is_found_to_the_byte() -> None:
    assert look(b"x" + PEER[0]) == {"peer": ((0, len(PEER[0])),)}


def test_a_changed_byte_is_left_out() -> None:
    changed = bytearray(PEER[0])
    changed[70_000] ^= 255
    assert look(bytes(changed)) == {"peer": ((0, 70_000), (70_001, len(PEER[0])))}


def test_split_pieces_add_up() -> None:
    spans = [look(PEER[0][start:start + 10_007]).get("peer", ())
             for start in range(0, len(PEER[0]), 10_007)]
    assert sum(length(each) for each in spans) >= 0.99 * len(PEER[0])


def test_concatenation_shows_both() -> None:
    found = look(OTHER[0] + PEER[0])
    assert found["other"] == ((0, len(OTHER[0])),)
    assert found["peer"] == ((0, len(PEER[0])),)


def test_truncated_and_padded() -> None:
    assert look(PEER[0][:40_007]) == {"peer": ((0, 40_007),)}
    assert look(PEER[0][:40_007] + b"\xaa\xbb" * 9_000)["peer"][0][0] == 0


def test_unrelated_content_is_nobodys() -> None:
    assert look(RANDOM.bytes(240 * KB)) == {}
    assert look(bytes(240 * KB)) == {}
    assert look(b"") == {}


def test_shared_and_constant_content_is_evidence_of_nothing() -> None:
    shared, constant = RANDOM.bytes(4 * KB), bytes(16 * KB)
    both = prints(one=[shared + RANDOM.bytes(4 * KB), constant],
                  two=[shared + RANDOM.bytes(4 * KB), shared])
    assert look(shared, both) == {}
    assert look(constant, both) == {}
    assert both.whole(content(constant).sha256) is None


def test_a_file_of_two_items_is_evidence_of_neither() -> None:
    both = prints(one=[PEER[1]], two=[PEER[1]])
    assert both.whole(content(PEER[1]).sha256) is None


def test_repeated_content_makes_all_its_places_recoverable() -> None:
    block = RANDOM.bytes(4 * KB)
    found = look(block, prints(one=[block + RANDOM.bytes(4 * KB) + block]))
    assert found == {"one": ((0, 4 * KB), (8 * KB, 12 * KB))}


def test_a_form_of_words_is_nobodys() -> None:
    """What every record of an item says says nothing of the item."""
    frame = b'{"kind": "reading", "unit": "degrees Celsius", "station": "north ridge, upper mast", '
    ours = b"".join(frame + b'"value": %d}\n' % value for value in RANDOM.integers(0, 9**9, 2000))
    theirs = b"".join(frame + b'"value": %d}\n' % value for value in RANDOM.integers(0, 9**9, 2000))
    known = prints(one=[ours])
    assert look(theirs, known) == {}
    assert look(ours[1000:], known) != {}


def test_content_without_bytes_is_known_whole_only() -> None:
    known = Fingerprints({"peer": [Content(len(PEER[0]), content(PEER[0]).sha256, None)]})
    assert known.whole(content(PEER[0]).sha256) is not None
    assert look(PEER[0], known) == {}


def test_wrong_content_is_refused() -> None:
    with pytest.raises(ValueError, match="another one"):
        Fingerprints({"peer": [Content(3, "0" * 64, b"abc")]})


def test_paths_pickles_and_descriptors(tmp_path: Path) -> None:
    place = tmp_path / "weights"
    place.write_bytes(PEER[0])
    made = Fingerprints({"peer": [Content(len(PEER[0]), content(PEER[0]).sha256, place)]})
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    descriptor = os.open(place, os.O_RDONLY)
    try:
        assert again.match(descriptor, len(PEER[0])) == made.match(descriptor, len(PEER[0]))
        assert again.match(descriptor, len(PEER[0]))[0].size == len(PEER[0])
    finally:
        os.close(descriptor)


def test_a_sparse_terabyte_costs_nothing(tmp_path: Path) -> None:
    place = tmp_path / "sparse"
    with place.open("wb") as file:
        file.truncate(1 << 40)
        for at in (1 << 39, 3 << 38):
            file.seek(at)
            file.write(PEER[0][:32 * KB] if at == 1 << 39 else PEER[0][64 * KB:])
    descriptor = os.open(place, os.O_RDONLY)
    try:
        begin = time.thread_time()
        found = BOTH.match(descriptor, 1 << 40)
        assert time.thread_time() - begin < 1
    finally:
        os.close(descriptor)
    assert found == (Match(item="peer", spans=((0, 32 * KB), (64 * KB, len(PEER[0])))),)


def test_a_budget_bounds_what_is_read() -> None:
    assert look(PEER[0], budget=16 * KB) == {"peer": ((0, 16 * KB),)}


def test_a_file_that_shrank_is_read_as_far_as_it_goes() -> None:
    assert BOTH.match(io.BytesIO(PEER[0][:4 * KB]), 1 << 30) == (
        Match(item="peer", spans=((0, 4 * KB),)),)


def test_units_are_counted_whole() -> None:
    lines = b"".join(b"%d,%d\n" % (number, value) for number, value in enumerate(
        RANDOM.integers(0, 9**12, 3000)))
    known = prints(one=[lines])
    (found,) = known.match(io.BytesIO(lines), len(lines))
    assert found.units == 3000
    half = lines[: len(lines) // 2]
    (found,) = known.match(io.BytesIO(half), len(half))
    assert found.units == half.count(b"\n")


@given(st.lists(st.tuples(st.sampled_from(["peer", "other", "noise", "zeros"]),
                          st.integers(0, 150_000), st.integers(0, 60_000)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_arrangement_shows_what_it_holds_and_nothing_else(
    pieces: list[tuple[str, int, int]]
) -> None:
    """Stretches of items in any order between noise: all but scraps of each, and nothing else."""
    sources = {"peer": PEER[0], "other": OTHER[0]}
    made, expected = b"", {"peer": [], "other": []}
    for name, start, size in pieces:
        if name in sources:
            piece = sources[name][start: start + size]
            made += piece
            expected[name].append((start, start + len(piece)))
        elif name == "noise":
            made += np.random.default_rng(1000 + start).bytes(size)
        else:
            made += bytes(size)
    found = look(made)
    for name, stretches in expected.items():
        spans = found.get(name, ())
        for start, end in stretches:
            seen = sum(max(min(end, last) - max(start, first), 0) for first, last in spans)
            assert seen >= end - start or end - start < 4 * KB
        # By chance a few bytes beyond an edge are alike.
        assert length(spans) <= sum(end - start for start, end in stretches) + 8 * len(pieces)
    assert ENOUGH < 4 * KB
