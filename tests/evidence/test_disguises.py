"""Every disguise of the table, by real commands on real files; and what must never be found."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from disguises import DISGUISES, Disguise, dressed, needs
from safetensors.numpy import save

from peerwatch.evidence.provenance import Content, Fingerprints, Seen
from peerwatch.evidence.spans import length, merged


def adapter(seed: int) -> bytes:
    """Weights of one shape: fp16, 1 MB, other numbers for each seed."""
    numbers = np.random.default_rng(seed)
    return save({f"layers.{layer}.{matrix}": (numbers.normal(size=shape) * 0.02).astype(np.float16)
                 for layer in range(4) for matrix, shape in (("A", (16, 4096)), ("B", (4096, 16)))},
                {"format": "pt"})


def readings(seed: int) -> bytes:
    """Lines of a station's readings; the times are the same for each seed."""
    values = np.random.default_rng(seed).normal(20, 3, 12_000)
    return "".join(f"2031-05-{index % 28 + 1:02d}T{index % 24:02d}:{index % 60:02d}:00Z,"
                   f"{value:.6f}\n" for index, value in enumerate(values)).encode()


WEIGHTS, PLAIN = adapter(1), readings(1)


def content(read: bytes) -> Content:
    return Content(len(read), hashlib.sha256(read).hexdigest(), read)


PRINTS = Fingerprints({"weights": [content(WEIGHTS)], "data": [content(PLAIN)],
                       "other": [content(adapter(2))], "more": [content(readings(2))]})


def see(read: bytes) -> Seen:
    return PRINTS.see(io.BytesIO(read), len(read))


@pytest.fixture
def items(tmp_path: Path) -> tuple[Path, Path]:
    """The two items as files."""
    folder = tmp_path / "item"
    folder.mkdir()
    weights, plain = folder / "adapter.safetensors", folder / "readings.csv"
    weights.write_bytes(WEIGHTS)
    plain.write_bytes(PLAIN)
    return weights, plain


@pytest.mark.parametrize(
    "disguise", DISGUISES, ids=lambda each: f"{each.family}: {each.name}, {each.of}")
def test_a_disguise_is_seen_through(
    disguise: Disguise, items: tuple[Path, Path], tmp_path: Path
) -> None:
    """As much of the item as the table says, under the dress that it says, and no other item."""
    missing = needs(disguise)
    if missing is not None:
        pytest.skip(f"{missing} is not installed")
    spans: dict[str, list[tuple[int, int]]] = {}
    dresses: set[str] = set()
    opaque, size = 0, 0
    for path in dressed(disguise, tmp_path / "work", *items):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            seen = PRINTS.see(descriptor, path.stat().st_size)
        finally:
            os.close(descriptor)
        opaque, size = opaque + seen.opaque, size + path.stat().st_size
        for match in seen.matches:
            spans.setdefault(match.item, []).extend(match.spans)
            if match.item == disguise.of:
                dresses.add(match.dressed)
    assert set(spans) <= {"weights", "data"}
    share = length(merged(spans.get(disguise.of, []))) / len(
        WEIGHTS if disguise.of == "weights" else PLAIN)
    if disguise.dressed == "suspected":
        assert (spans, opaque > 0.5 * size) == ({}, True)
    else:
        assert share >= disguise.share
        assert disguise.dressed in dresses


UNRELATED = {
    "another model of the same shape": adapter(3),
    "in bf16": (np.frombuffer(adapter(3)[-1 << 20:], "<f2").astype("<f4").view("<u4") >> 16)
    .astype("<u2").tobytes(),
    "other readings at the same times": readings(3),
    "random bytes": np.random.default_rng(4).bytes(len(WEIGHTS)),
    "zeros": bytes(len(WEIGHTS)),
    "the same numbers, in another order": np.random.default_rng(5).permutation(
        np.frombuffer(WEIGHTS[-1 << 20:], "<f2")).tobytes(),
}


@pytest.mark.parametrize("name", UNRELATED)
def test_unrelated_content_is_nobodys(name: str) -> None:
    """Whatever it looks like: no match, not even of a scrap."""
    assert see(UNRELATED[name]).matches == ()


@pytest.mark.parametrize("name", ["random bytes", "another model of the same shape"])
def test_what_is_dense_and_unknown_is_measured(name: str) -> None:
    """It proves nothing; it can be shown."""
    seen = see(UNRELATED[name])
    assert seen.opaque > 0.9 * len(WEIGHTS)
    assert 6.8 <= seen.entropy <= 8


def test_what_can_be_read_is_not_opaque() -> None:
    """Text, a packed log, a program."""
    log = "".join(f"line {index} of a log\n" for index in range(50_000)).encode()
    for read in (log, gzip.compress(log), Path("/bin/ls").read_bytes(), PLAIN[:99] * 99):
        assert see(read).opaque == 0


@pytest.mark.parametrize("folder", ["/usr/bin", "/usr/lib/python3"])
def test_programs_of_this_machine_hold_nothing(folder: str) -> None:
    """The base of a host is made of such files; a sample of them."""
    paths = [each for each in sorted(Path(folder).rglob("*"))
             if each.is_file() and not each.is_symlink()]
    for path in paths[:: len(paths) // 25 + 1]:
        assert PRINTS.match(io.BytesIO(path.read_bytes()[: 1 << 20]), 1 << 20) == (), path


def test_the_published_table_has_every_disguise() -> None:
    """``docs/disguises.md`` is of this table: ``make disguises`` writes it anew."""
    page = (Path(__file__).parents[2] / "docs" / "disguises.md").read_text()
    assert [each.name for each in DISGUISES if f"| {each.name} | {each.of} |" not in page] == []
