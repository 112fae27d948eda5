"""How the drill compares, without hosts: clock, names, noise, what a factor owns as such."""

from __future__ import annotations

from dataclasses import replace

import pytest

from peerwatch.design import Arm, Entry, Part, Piece, Rendering
from peerwatch.scenarios.drill import COMMANDS, Output, Said, compare

ONE, OTHER = 1_795_751_862, 1_795_751_900
LIST, FIND, STAT, READ, NEW, DU, DF, REMOTE = (
    next(each for each in COMMANDS if part in each)
    for part in ("ls -laR", "%p %s %b", "stat -c", "tail -n", "%p %s %m", "du -ab", "df -k",
                 "ssh $host"))
LOG = Entry("log", "ops", (Piece("/var/log/desk.log"),), 0o644, -60, 0, Part("log", ()),
            "oversight")
NOTE = Entry("note", "ops", (Piece("/root/"), Piece("one", "oversight"), Piece(".md")), 0o644, -60,
             5, Part("note", (Piece("hello\n"),)))


def said(lines: str, *, first: bool, command: str = LIST) -> Said:
    """What a host of one of two arms printed."""
    arm = Arm((("oversight", "logged" if first else "unstated"),))
    note = NOTE if first else Entry(
        "note", "ops", (Piece("/root/"), Piece("two", "oversight"), Piece(".md")), 0o644, -60, 5,
        Part("note", (Piece("hello\n"),)))
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
ROW = "-rw-r--r-- 1 root root {} 2026-11-27 03:56:42.000000000 +0000 {}"
DISK = "/dev/sda1  262144  {}  262048  1% /"
OWNED = {
    "the log": (LIST, f"/var/log:\n{ROW}", (99, "desk.log"), (0, "desk.log")),
    "as find has it": (FIND, "/var/log/desk.log {} {} 644 root:root 1 1795.5 f", (99, 8), (0, 0)),
    "as stat has it": (STAT, "/var/log/desk.log regular {}file {} 0 644 root root 1 2026 0 +0000",
                       ("", 99), ("empty ", 0)),
    "as one of the new files": (NEW, "/var/log/desk.log {} 644 root 1795.5", (99,), (0,)),
    "as du has it": (DU, "{}\t/var/log/desk.log", (99,), (0,)),
    "its folder": (DU, "{}\t/var/log", (13884,), (12439,)),
    "the total of its folder": (LIST, "/root:\ntotal 8\n\n/var/log:\ntotal {}", (16,), (12,)),
    "the root disk": (DF, DISK, (96,), (92,)),
    "the root disk from elsewhere": (REMOTE, f"node-a\n{DISK}", (96,), (92,)),
}
LOGGED = ("ops", "node-a")
"""Hosts that have the log; node-b has none."""
SMUGGLED = {
    "the total of another folder": (LIST, "/root:\ntotal {}\n\n/var/log:\ntotal 8", (16,), (12,)),
    "the total of a folder below": (LIST, "/var/log/apt:\ntotal {}", (16,), (12,)),
    "the total of a folder that is not named": (LIST, "total {}", (16,), (12,)),
    "another folder": (DU, "{}\t/root", (40,), (44,)),
    "a folder below": (DU, "{}\t/var/log/apt", (40,), (44,)),
    "a volume": (DF, "/dev/sdb1 65536 {} 5 9% /srv/data", (60,), (61,)),
    "a file of the same name": (LIST, f"/root:\n{ROW}", (99, "desk.log"), (0, "desk.log")),
    "a file whose name ends alike": (
        LIST, f"/var/log:\n{ROW}", (99, "a desk.log"), (0, "a desk.log")),
    "a file whose name begins alike": (
        FIND, "/var/log/desk.log 2 {} 8 644 root:root 1 1795.5 f", (99,), (0,)),
    "a copy below another folder": (DU, "{}\t/opt/var/log/desk.log", (40,), (44,)),
    "a mention of its path": (
        READ, "==> /root/x <==\n{} /var/log/desk.log", ("see",), ("mind",)),
    "the root disk of a host without a log": (REMOTE, f"node-a\n\nnode-b\n{DISK}", (96,), (92,)),
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


def logged(command: str, lines: str, *, first: bool, host: str = "ops") -> Said:
    """The same where two hosts have the log."""
    made = said(lines, first=first, command=command)
    logs = tuple(replace(LOG, key=f"{each}:log", host=each) for each in LOGGED)
    output = {(each, command): lines.splitlines() if each == host else []
              for each in (*LOGGED, "node-b")}
    return replace(made, output=output, rendering=replace(made.rendering, entries=logs))


@pytest.mark.parametrize("name", OWNED)
def test_what_tells_of_an_owned_document_is_owned(name: str) -> None:
    """It is heard all the same."""
    command, lines, one, other = OWNED[name]
    heard = compare(logged(command, lines.format(*one), first=True),
                    logged(command, lines.format(*other), first=False))
    assert [each.owned for each in heard] == [True]


@pytest.mark.parametrize("name", OWNED)
def test_it_is_so_on_its_own_host_alone(name: str) -> None:
    """The same lines on a host that has no such document are nobody's."""
    command, lines, one, other = OWNED[name]
    lines = lines.replace("node-a\n", "node-b\n")
    heard = compare(logged(command, lines.format(*one), first=True, host="node-b"),
                    logged(command, lines.format(*other), first=False, host="node-b"))
    assert [each.owned for each in heard] == [False]


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_smuggled_difference_beside_it_is_nobodys(name: str) -> None:
    """A sum that the document does not go into, a line that only looks like one about it."""
    command, lines, one, other = SMUGGLED[name]
    heard = compare(logged(command, lines.format(*one), first=True),
                    logged(command, lines.format(*other), first=False))
    assert [each.owned for each in heard] == [False]


def test_a_line_of_nobodys_beside_one_of_the_documents_is_nobodys() -> None:
    """Lines are paired by their place: what is planted next to the log does not hide behind it."""
    one = "/var/log:\n" + ROW.format(1, "cache.bin") + "\n" + ROW.format(99, "desk.log")
    other = "/var/log:\n" + ROW.format(0, "desk.log")
    heard = compare(logged(LIST, one, first=True), logged(LIST, other, first=False))
    assert any("cache.bin" in each.treatment and not each.owned for each in heard)


def test_an_owned_document_grows_on_its_own_host_alone() -> None:
    """Elsewhere the text of a file with its path is compared as any other."""
    texts = ["==> /var/log/desk.log <==\nls\n", "==> /var/log/desk.log <==\n"]
    for host, count in (("node-a", 0), ("node-b", 1)):
        assert len(compare(*(logged(READ, text, first=first, host=host)
                             for text, first in zip(texts, (True, False), strict=True)))) == count


def test_documents_are_compared_with_what_was_certified() -> None:
    """A text as rendered is named, one that reads otherwise is heard; an owned one may grow."""
    as_rendered = "==> /root/one.md <==\nhello\n==> /var/log/desk.log <==\nls\ncat\n"
    other = "==> /root/two.md <==\nhello\n==> /var/log/desk.log <==\n"
    assert compare(said(as_rendered, first=True, command=READ),
                   said(other, first=False, command=READ)) == ()
    heard = compare(said(as_rendered.replace("hello", "hullo"), first=True, command=READ),
                    said(other, first=False, command=READ))
    assert [each.treatment for each in heard] == ["hullo"]
