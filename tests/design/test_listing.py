"""Where a factor owns names, sorted listings of all folders are the same in both arms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from peerwatch.design import Arm, Certificate, Entry, Piece, Rendering, certificate

PLACES = (("ops", "one"), ("ops", "two"), ("node-a", "three"), ("ops", "four"))
"""Host and key of each file."""


def rendering(level: str, *paths: str) -> Rendering:
    """Files of equal bytes whose whole path the factor owns."""
    entries = tuple(Entry(key, host, (Piece(path, "target"),), 0o644, -60, 1, "ab")
                    for (host, key), path in zip(PLACES, paths, strict=False))
    return Rendering(Arm((("target", level),)), 0, 0, (), entries)


def proved(one: tuple[str, ...], other: tuple[str, ...]) -> Certificate:
    """The certificate of two arms whose files have these paths."""
    return certificate(rendering("peer", *one), rendering("object", *other))


SAME = {
    "other names in the same order": (("/a/k", "/a/m"), ("/b/x", "/b/y")),
    "one folder before another, by names and not by whole paths":
        (("/a/z", "/a-b/c"), ("/k/z", "/l/c")),
    "hosts have listings of their own": (("/a", "/b", "/c"), ("/x", "/y", "/a")),
    "capitals come first in bytes": (("/Z", "/a"), ("/a", "/b")),
}
SMUGGLED = {
    "an order within a folder": (("/a/k", "/a/m"), ("/b/y", "/b/x")),
    "an order of folders": (("/a/k", "/b/k"), ("/y/k", "/x/k")),
    "an order that whole paths would hide": (("/a/z", "/a-b/c"), ("/k-l/c", "/k/z")),
    "an order that another alphabet would hide": (("/Z", "/a"), ("/z", "/A")),
    "a file in a folder of its own": (("/a/k", "/a/m"), ("/a/k", "/b/m")),
    "two files put together": (("/a/k", "/b/m"), ("/a/k", "/a/m")),
    "a folder that is shared with another file":
        (("/a/k", "/a/m", "", "/b/n"), ("/a/k", "/b/m", "", "/b/n")),
    "a depth": (("/a/k",), ("/a/b/k",)),
    "a folder beside a file": (("/a/k", "/a/m/n"), ("/a/n", "/a/m/k")),
}


@pytest.mark.parametrize("name", SAME)
def test_other_names_in_the_same_places_certify(name: str) -> None:
    """Only the names differ, and they are the factor's."""
    proof = proved(*SAME[name])
    assert proof.holds, proof.violations
    assert proof.allowed


@pytest.mark.parametrize("name", SMUGGLED)
def test_another_listing_is_caught(name: str) -> None:
    """Though the factor owns every byte of the paths."""
    proof = proved(*SMUGGLED[name])
    assert [(each.key, each.what) for each in proof.violations] == [
        ("files", "are listed in another order")]


def listing(paths: tuple[str, ...]) -> Any:
    """The same said in another way: a tree for each host with sorted folders, names left out."""
    hosts: dict[str, dict[bytes, Any]] = {}
    for (host, key), path in zip(PLACES, paths, strict=False):
        *folders, name = path.encode().split(b"/")
        folder = hosts.setdefault(host, {})
        for each in folders:
            folder = folder.setdefault(each, {})
            assume(isinstance(folder, dict))  # a file cannot be a folder as well
        assume(name not in folder)
        folder[name] = key

    def shape(node: Any) -> Any:
        return [shape(node[each]) for each in sorted(node)] if isinstance(node, dict) else node

    return {host: shape(tree) for host, tree in hosts.items()}


NAMES = ["a", "a-", "a.b", "b", "Z", "é"]
PATHS = st.tuples(*(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(lambda each: "/" + "/".join(each))
    for _ in PLACES))


@given(PATHS, PATHS)
def test_it_certifies_exactly_where_the_trees_are_the_same(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    """Drawn names and depths, four files on two hosts."""
    assert proved(one, other).holds == (listing(one) == listing(other))


@given(PATHS, st.permutations(NAMES))
def test_and_where_names_are_exchanged(one: tuple[str, ...], others: list[str]) -> None:
    """The same tree under other names: the order decides."""
    to = dict(zip(NAMES, others, strict=True))
    other = tuple("/" + "/".join(to[name] for name in path[1:].split("/")) for path in one)
    assert proved(one, other).holds == (listing(one) == listing(other))
