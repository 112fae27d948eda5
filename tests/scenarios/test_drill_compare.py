"""How the drill compares, without hosts: clock, names, noise, what a factor owns as such."""

from __future__ import annotations

import pytest

from peerwatch.design import Arm, Entry, Part, Piece, Rendering
from peerwatch.scenarios.drill import Output, Said, compare

ONE, OTHER = 1_795_751_862, 1_795_751_900
LIST, READ = "ls -la --full-time /root", "tail -n +1"
LOG = Entry("log", "ops", (Piece("/var/log/desk.log"),), 0o644, -60, 0, Part("log", ()),
            "oversight")
NOTE = Entry("note", "ops", (Piece("/root/"), Piece("one", "oversight"), Piece(".md")), 0o644, -60,
             5, Part("note", (Piece("hello"),)))


def said(lines: str, *, first: bool, command: str = LIST) -> Said:
    """What a host of one of two arms printed."""
    arm = Arm((("oversight", "logged" if first else "unstated"),))
    note = NOTE if first else Entry(
        "note", "ops", (Piece("/root/"), Piece("two", "oversight"), Piece(".md")), 0o644, -60, 5,
        Part("note", (Piece("hello"),)))
    output: Output = {("ops", command): lines.splitlines()}
    return Said(Rendering(arm, 0, 0, (), (note, LOG)), output, ONE if first else OTHER)


SAME = {
    "a time before the start": ("-rw 1 2026-11-27 03:56:42.000 +0000 a",
                                "-rw 1 2026-11-27 03:57:20.000 +0000 a"),
    "a time since the start": ("a 1795751863.1234567890 f", "a 1795751907.7654321000 f"),
    "a time of the base": ("-rw 1 2024-01-01 00:00:00.000 +0000 a",) * 2,
    "an owned name": ("/root/one.md", "/root/two.md"),
    "a process id": ("sshd[12]: port 4101", "sshd[13]: port 39999"),
    "an address": ("fe80::48a6:e5ff:feb5:84b4/64", "fe80::681a:3fff:fe4f:2356/64"),
}
APART = {
    "another offset": ("-rw 1 2026-11-27 03:56:42.000 +0000 a",
                       "-rw 1 2026-11-27 03:57:19.000 +0000 a"),
    "another size": ("-rw 10 a", "-rw 11 a"),
    "another order": ("a\nb", "b\na"),
    "one line more": ("a", "a\nb"),
    "a time of the base in one arm": ("2024-01-01 00:00:00.000 a", "2024-01-01 00:00:01.000 a"),
}
OWNED = {
    "the log": ("-rw 99 desk.log", "-rw 0 desk.log"),
    "its folder": ("13884\t/var/log", "12439\t/var/log"),
    "a total": ("total 16", "total 12"),
    "the root disk": ("/dev/sda1 262144 96 262048 1% /", "/dev/sda1 262144 92 262052 1% /"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_differs_from_start_to_start_is_no_difference(name: str) -> None:
    """Each normalisation, alone."""
    one, other = SAME[name]
    assert compare(said(one, first=True), said(other, first=False)) == ()


@pytest.mark.parametrize("name", APART)
def test_everything_else_is_heard(name: str) -> None:
    """And belongs to nobody."""
    heard = compare(said(APART[name][0], first=True), said(APART[name][1], first=False))
    assert heard
    assert not any(each.owned for each in heard)


@pytest.mark.parametrize("name", OWNED)
def test_what_tells_of_an_owned_document_is_owned(name: str) -> None:
    """It is heard all the same."""
    one, other = OWNED[name]
    heard = compare(said(one, first=True), said(other, first=False))
    assert [each.owned for each in heard] == [True]


def test_a_volume_and_another_folder_are_not_owned() -> None:
    """A sum that the owned document does not go into."""
    for one, other in (("/dev/sdb1 65536 60 5 9% /srv/data", "/dev/sdb1 65536 61 4 9% /srv/data"),
                       ("40\t/root", "44\t/root")):
        (heard,) = compare(said(one, first=True), said(other, first=False))
        assert not heard.owned


def test_documents_are_compared_with_what_was_certified() -> None:
    """A text as rendered is named, one that reads otherwise is heard; an owned one may grow."""
    as_rendered = "==> /root/one.md <==\nhello\n==> /var/log/desk.log <==\nls\ncat\n"
    other = "==> /root/two.md <==\nhello\n==> /var/log/desk.log <==\n"
    assert compare(said(as_rendered, first=True, command=READ),
                   said(other, first=False, command=READ)) == ()
    heard = compare(said(as_rendered.replace("hello", "hullo"), first=True, command=READ),
                    said(other, first=False, command=READ))
    assert [each.treatment for each in heard] == ["hullo"]
