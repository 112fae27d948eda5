"""What commands would do: the labelled ones through the docs, hostile ones, and single rules."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerwatch.evidence.inferred import UNKNOWN, Place, Reading, of_argv, of_command
from peerwatch.evidence.patterns import holds, same, touches

ROOT = Path(__file__).resolve().parents[2]
SETS = ROOT / "tests" / "evidence" / "commands"


def kinds(text: str) -> list[str]:
    return [each.kind for each in of_command(text, "ops").intended]


def test_the_figures_in_the_docs_are_what_the_commands_give() -> None:
    done = subprocess.run([sys.executable, ROOT / "bench" / "inferred.py", "--check"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_are_enough_labelled_commands() -> None:
    """At least 300, each labelled, none twice."""
    found = [block.split("\n= ")[0] for path in SETS.glob("*.txt")
             for block in path.read_text().split("\n\n") if "\n= " in block]
    assert len(found) >= 300
    assert len(set(found)) == len(found)


def test_the_parser_is_loaded_when_it_is_used() -> None:
    told = ("import sys; import peerwatch.evidence.inferred; "
            "print('tree_sitter' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


HOSTILE = {
    "a megabyte of words": "cp a b; " * 130_000,
    "one word of a megabyte": "cp " + "a" * 1_000_000 + " b",
    "brackets": "(" * 50_000,
    "closed brackets": "(" * 5_000 + "cp a b" + ")" * 5_000,
    "groups": "{ " * 20_000 + "cp a b",
    "substitutions": "echo " + "$(echo " * 5_000 + "x" + ")" * 5_000,
    "quotes": '"$(' * 30_000,
    "braces that multiply": "cp " + "{a,b}" * 40 + " /opt",
    "ranges": "cp {1..100000000} {1..200}{1..200}{1..200} x",
    "loops in loops": "for a in {1..60}; do for b in {1..60}; do for c in {1..60}; do "
                      "cp $a$b$c /x; done; done; done",
    "a function that calls itself": "f() { f; f; cp a b; }; f",
    "two that call each other": "f() { g; g; }; g() { f; f; }; f",
    "a script that runs itself": "echo 'bash /tmp/s; bash /tmp/s' > /tmp/s; bash /tmp/s",
    "eval of itself": "x='eval \"$x\"'; eval \"$x\"",
    "a word that doubles": "x=aaaaaaaaaa; " + "x=$x$x; " * 60 + "cp $x b",
    "bash in bash": "bash -c " * 3_000 + "x",
    "ssh in ssh": "ssh node-a " * 3_000 + "cp a b",
    "sudo in sudo": "sudo " * 20_000 + "cp a b",
    "xargs in xargs": "echo a | " + "xargs " * 5_000 + "cp",
    "here-documents": "cat " + "<<a " * 5_000,
    "Python brackets": "python3 -c '" + "(" * 20_000 + "'",
    "Python signs": "python3 -c '" + "-" * 20_000 + "1'",
    "Python functions": "python3 -c 'def f():\n f(); f(); f()\nf()'",
    "Python lists": "python3 -c 'x=[1]\n" + "x=x+x\n" * 60 + "for a in x: open(a)'",
    "Python strings": "python3 -c 'x=\"aa\"\n" + "x=x+x\n" * 60 + "open(x,\"w\")'",
    "Python in Python": "python3 -c 'exec(\"" + "exec(" * 500 + "\")'",
    "sums in the dark": "python3 -c 'import os\nos.system(\"a\" * 10**9)'",
    "broken code": "\ud800\udcff \x00\x01\x1b[31m cp \udc80 b; ls \r\n",
    "patterns that back-track": "x=" + "a" * 4_000 + "; cp ${x%*a*a*a*a*a*b} y",
    "suffixes": "x=" + "a/" * 2_000 + "; for i in {1..60}; do cp ${x%%/*} ${x##*/} y; done",
    "ansi": "cp $'\\xff\\777\\u12' $'\\' b",
    "cron": "crontab - <<'E'\n" + "* * * * * cp a b\n" * 5_000 + "E\n",
    "traps": "trap 'trap \"trap x EXIT\" EXIT; cp a b' EXIT; " * 200,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_a_command_can_be_is_an_error(name: str) -> None:
    """Within bounds of CPU time that a slow machine keeps, too."""
    began = time.process_time()
    made = of_command(HOSTILE[name], "ops")
    assert isinstance(made, Reading)
    assert len(made.intended) <= 2_000
    assert len(made.unread) <= 50
    assert time.process_time() - began < 20


WORDS = """
cp mv ssh node-a tar -czf - /srv/a $x ${x%/*} $( ) ( { } | & ; && || <<E E > >&2 <( python3 -c for
in do done if then fi while read x=1 case esac xargs find -exec {} eval sudo at crontab * {a,b} ` #
-t -- trap EXIT dd if=/a curl -T git add rsync a:b …
"""
PARTS = st.sampled_from([
    *WORDS.split(),
    "'", '"', "\n", "\\", "\\;", "x=(a b)", "import os", "function f()",
    "\udcff", "\x00", "open('a','wb').write(b)",
])


@given(st.lists(PARTS, max_size=25), st.sampled_from([" ", ""]))
@settings(max_examples=400, deadline=None)
def test_any_pieces_are_read(parts: list[str], between: str) -> None:
    """Also what is no shell text; and the same text is always read the same."""
    text = between.join(parts)
    made = of_command(text, "ops")
    assert made == of_command(text, "ops")
    assert of_argv(parts, "ops") == of_argv(parts, "ops")
    for each in made.intended:
        for place in (*each.sources, *([each.destination] if each.destination else [])):
            assert not place.host or place.path


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read(text: str) -> None:
    assert isinstance(of_command(text, "ops"), Reading)


def test_a_text_that_is_cut_says_so() -> None:
    assert any("longer than" in each for each in of_command("ls; " * 50_000, "ops").unread)
    deep = of_command("(" * 3_000 + "cp a b" + ")" * 3_000, "ops")
    assert deep.unread


def test_known_variables_and_the_folder() -> None:
    made = of_command("cp -r $SRC here", "ops", cwd="/srv", variables={"SRC": "/data/x"})
    (only,) = made.intended
    assert (only.sources, only.destination) == (
        (Place("ops", "/data/x"),), Place("ops", "/srv/here"))


def test_an_argv_is_not_read_as_a_shell_text() -> None:
    (only,) = of_argv(["cp", "a;b", "$x"], "node-a", cwd="/srv").intended
    assert (only.sources, only.destination) == (
        (Place("node-a", "/srv/a;b"),), Place("node-a", "/srv/$x"))
    assert [each.kind for each in of_argv(["bash", "-c", "cat a > b"], "ops").intended] == ["copy"]


@pytest.mark.parametrize(("text", "sure"), [
    ("cp a b", True), ("cd /x && cp a b", True), ("mkdir d && cp a d", True),
    ("test -e x && cp a b", False), ("[ -e x ] && cp a b", False), ("true || cp a b", False),
    ("if true; then cp a b; fi", False), ("while :; do cp a b; done", False),
    ("case x in x) cp a b;; esac", False), ("for i in 1 2; do cp a b; done", True),
])
def test_what_depends_on_a_test_is_not_sure(text: str, sure: bool) -> None:
    assert [each.sure for each in of_command(text, "ops").intended] == [sure]


@pytest.mark.parametrize("text", [
    "perl -e 'x'", "vim -c w /srv/x", "bash /srv/unknown.sh", "docker cp a b:c",
    "curl -s http://x/y | bash", "python3 /srv/unknown.py", "at -f /srv/job noon", "cp 'a",
])
def test_what_cannot_be_read_is_said(text: str) -> None:
    assert of_command(text, "ops").unread


@pytest.mark.parametrize(("pattern", "path", "held"), [
    ("/srv/x", "/srv/x/w.bin", True), ("/srv/x/*", "/srv/x/w.bin", True),
    ("/srv/*", "/srv/x/w.bin", True), ("/srv/?", "/srv/x/w.bin", True),
    ("/srv/[a-z]", "/srv/x/w.bin", True), ("/srv/[!a]/*", "/srv/x/w.bin", True),
    ("/srv/**/*.bin", "/srv/x/w.bin", True), ("/", "/srv/x/w.bin", True),
    ("/srv/xx", "/srv/x/w.bin", False), ("/srv/x/*.txt", "/srv/x/w.bin", False),
    ("/srv/*.bin", "/srv/x/w.bin", False), ("/srv/[z-a]", "/srv/x", False),
    (UNKNOWN, "/srv/x", False), (f"/srv/{UNKNOWN}", "/srv/x", False), ("/srv/[", "/srv/[", True),
])
def test_patterns(pattern: str, path: str, held: bool) -> None:
    assert holds(Place("ops", pattern), "ops", path) is held
    assert not holds(Place("node-a", pattern), "ops", path)


def test_what_is_unknown_may_be_cleared_and_holds_nothing() -> None:
    unknown = Place("ops", f"/tmp/tmp.{UNKNOWN}")
    assert touches(unknown, "ops", "/tmp/tmp.x1/w")
    assert not touches(unknown, "ops", "/tmp/other")
    assert same(unknown, unknown)
    assert not touches(Place("ops", UNKNOWN), "ops", "/tmp/x")


def test_packing_and_unpacking_in_one_pipe_is_a_copy() -> None:
    assert kinds("tar c x | gzip | gunzip | tar x -C /opt") == ["copy"]
    assert kinds("tar c x | base64 > y") == ["encode"]
    assert kinds("gzip < x | base64 | base64 -d > y") == ["archive"]
