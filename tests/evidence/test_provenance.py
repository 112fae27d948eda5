"""Fingerprints on real bytes in real files."""

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

from peerwatch.evidence.provenance import BLOCK, Content, Fingerprints
from peerwatch.evidence.spans import length
from peerwatch.evidence.types import Match

RANDOM = np.random.default_rng(7)
PEER = [RANDOM.bytes(40 * BLOCK + 1000), RANDOM.bytes(768), RANDOM.bytes(3 * BLOCK)]
OTHER = [RANDOM.bytes(40 * BLOCK), RANDOM.bytes(768)]


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


def test_a_whole_copy_is_found_by_its_blocks() -> None:
    assert look(PEER[0]) == {"peer": ((0, len(PEER[0])),)}


def test_split_pieces_add_up() -> None:
    size = 16 * BLOCK
    spans = [look(PEER[0][start:start + size]).get("peer", ())
             for start in range(0, len(PEER[0]), size)]
    assert sum(length(each) for each in spans) == len(PEER[0])


def test_aligned_concatenation_shows_both() -> None:
    found = look(OTHER[0] + PEER[0])
    assert found["other"] == ((0, len(OTHER[0])),)
    assert found["peer"] == ((0, len(PEER[0])),)


def test_truncated_and_padded() -> None:
    assert look(PEER[0][:10 * BLOCK + 7]) == {"peer": ((0, 10 * BLOCK),)}
    assert look(PEER[0][:10 * BLOCK] + bytes(5 * BLOCK)) == {"peer": ((0, 10 * BLOCK),)}


def test_shifted_content_is_left_to_a_later_reader() -> None:
    assert look(b"x" + PEER[0]) == {}


def test_unrelated_content_is_nobodys() -> None:
    assert look(RANDOM.bytes(60 * BLOCK)) == {}
    assert look(bytes(60 * BLOCK)) == {}
    assert look(b"") == {}


def test_shared_and_constant_blocks_are_evidence_of_nothing() -> None:
    shared, constant = RANDOM.bytes(BLOCK), bytes(4 * BLOCK)
    both = prints(one=[shared + RANDOM.bytes(BLOCK), constant],
                  two=[shared + RANDOM.bytes(BLOCK), shared])
    assert look(shared, both) == {}
    assert look(constant, both) == {}
    assert both.whole(content(constant).sha256) is None


def test_a_file_of_two_items_is_evidence_of_neither() -> None:
    both = prints(one=[PEER[1]], two=[PEER[1]])
    assert both.whole(content(PEER[1]).sha256) is None


def test_a_repeated_block_makes_all_its_places_recoverable() -> None:
    block = RANDOM.bytes(BLOCK)
    assert look(block, prints(one=[block + RANDOM.bytes(BLOCK) + block])) == {
        "one": ((0, BLOCK), (2 * BLOCK, 3 * BLOCK))}


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
        file.seek(1 << 39)
        file.write(PEER[0][:8 * BLOCK])
    descriptor = os.open(place, os.O_RDONLY)
    try:
        begin = time.perf_counter()
        found = BOTH.match(descriptor, 1 << 40)
        assert time.perf_counter() - begin < 1
    finally:
        os.close(descriptor)
    assert found == (Match(item="peer", spans=((0, 8 * BLOCK),)),)


def test_a_budget_bounds_what_is_read() -> None:
    assert look(PEER[0], budget=4 * BLOCK) == {"peer": ((0, 4 * BLOCK),)}


def test_a_file_that_shrank_is_read_as_far_as_it_goes() -> None:
    assert BOTH.match(io.BytesIO(PEER[0][:BLOCK]), 1 << 30) == (
        Match(item="peer", spans=((0, BLOCK),)),)


@given(st.lists(st.tuples(st.sampled_from(["peer", "other", "noise", "zeros"]),
                          st.integers(0, 36), st.integers(0, 20)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_aligned_arrangement_shows_exactly_what_it_holds(
    pieces: list[tuple[str, int, int]]
) -> None:
    """Blocks of items in any order between noise: all of them, and nothing else."""
    sources = {"peer": PEER[0], "other": OTHER[0]}
    made, expected = b"", {"peer": set(), "other": set()}
    for name, start, count in pieces:
        stop = min(start + count, 40)
        if name in sources:
            made += sources[name][start * BLOCK: stop * BLOCK]
            expected[name] |= set(range(start, stop))
        elif name == "noise":
            made += np.random.default_rng(1000 + start).bytes(count * BLOCK)
        else:
            made += bytes(count * BLOCK)
    found = look(made)
    for name, blocks in expected.items():
        held = {at // BLOCK for start, end in found.get(name, ()) for at in range(
            start, end, BLOCK)}
        assert held == blocks
