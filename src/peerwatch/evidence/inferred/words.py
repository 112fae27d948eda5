"""Expands the words of a shell text: quotes, variables, braces, tildes, what commands print.

Takes nodes of the parser and a shell, gives the fields that a program would get. File names are
not expanded: a ``*`` stays. What cannot be known is ``UNKNOWN``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from peerwatch.evidence.inferred.intended import UNKNOWN, Flow
from peerwatch.evidence.inferred.shell import MOST_TEXT, Shell

Node = Any
Substitute = Callable[[Shell, Node], Flow]
"""Reads what stands in ``$( )``, and gives what it prints."""

MOST_FIELDS = 256
_OPEN, _CLOSE, _COMMA = "\ue001", "\ue002", "\ue003"
"""Braces and commas that no quote protects, until braces are expanded."""
_RAW = str.maketrans({"{": _OPEN, "}": _CLOSE, ",": _COMMA})
_BACK = str.maketrans({_OPEN: "{", _CLOSE: "}", _COMMA: ","})
_INNERMOST = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)$")
_EXPANSION = re.compile(
    r"\$\{(?P<mark>[#!]?)(?P<name>\w+|[@*#?$!-])(?:\[(?P<index>[^\]]*)\])?(?P<rest>.*)\}$", re.S)
_ANSI = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.S)
_ANSI_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
                 "e": "\x1b", "0": "\0"}


def text_of(node: Node) -> str:
    """The source of a node."""
    raw: bytes = node.text or b""
    return raw.decode("utf-8", "replace")


def unescaped(text: str) -> str:
    """A text as ``echo -e``, ``printf`` and ``$' '`` have it."""
    def one(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] == "x" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code[0] in "01234567":
            return chr(int(code, 8))
        return _ANSI_LETTERS.get(code, code if code in "\\'\"?" else found[0])

    return _ANSI.sub(one, text)


def fields(node: Node, shell: Shell, substitute: Substitute) -> list[str]:
    """The fields that one word of a command becomes."""
    made = _Words(shell, substitute).values(node, quoted=False)
    return [field.translate(_BACK)[:MOST_TEXT]
            for each in made for field in _braced(each)][:MOST_FIELDS]


def one(node: Node, shell: Shell, substitute: Substitute) -> str:
    """A word where the shell splits nothing: the value of a variable, a here-document."""
    return " ".join(fields(node, shell, substitute))


def heredoc(node: Node, shell: Shell, substitute: Substitute) -> str:
    """The text of a here-document in which variables count."""
    return "".join(_Words(shell, substitute).pieces(node))[:MOST_TEXT]


def _braced(word: str) -> Iterator[str]:
    """The words that ``a{b,c}`` and ``a{1..3}`` stand for."""
    waiting, made = [word], 0
    while waiting and made < MOST_FIELDS:
        here = waiting.pop(0)
        found = _INNERMOST.search(here)
        if found is None:
            made += 1
            yield here
            continue
        span = _RANGE.match(found[1])
        if _COMMA in found[1]:
            parts = found[1].split(_COMMA)
        elif span and abs(int(span[2]) - int(span[1])) < MOST_FIELDS:
            first, last = int(span[1]), int(span[2])
            step = 1 if first <= last else -1
            parts = [str(each) for each in range(first, last + step, step)]
        else:
            parts = ["{" + found[1] + "}"]
        waiting[:0] = [here[:found.start()] + part + here[found.end():]
                       for part in parts[:MOST_FIELDS]]


class _Words:
    def __init__(self, shell: Shell, substitute: Substitute) -> None:
        self._shell = shell
        self._substitute = substitute

    def values(self, node: Node, *, quoted: bool) -> list[str]:
        """The fields of a node; exactly one where it is quoted and no list."""
        kind = node.type
        if kind in ("word", "regex", "extglob_pattern", "number", "variable_name"):
            return [self._word(text_of(node))]
        if kind == "raw_string":
            return [text_of(node)[1:-1]]
        if kind == "ansi_c_string":
            return [unescaped(text_of(node)[2:-1])]
        if kind in ("string", "translated_string"):
            return self._string(node)
        if kind == "concatenation":
            return self._concatenated(node)
        if kind == "simple_expansion":
            return self._split(self._variable(text_of(node)[1:]), quoted=quoted,
                               many=text_of(node) == "$@")
        if kind == "expansion":
            return self._expansion(node, quoted=quoted)
        if kind == "command_substitution":
            return self._printed(self._substitute(self._shell, node), quoted=quoted)
        if kind == "process_substitution":
            return [self._shell.mark(self._substitute(self._shell, node))]
        if kind == "brace_expression":
            return [text_of(node).translate(_RAW)]
        if kind in ("arithmetic_expansion", "ERROR"):
            return [UNKNOWN]
        return [text_of(node).translate(_RAW)]

    def pieces(self, node: Node) -> Iterator[str]:
        """The text within double quotes or a here-document, piece by piece."""
        raw: bytes = node.text or b""
        start, at = node.start_byte, node.start_byte
        for child in node.named_children:
            yield self._between(raw[at - start:child.start_byte - start])
            if child.type in ("string_content", "heredoc_content"):
                yield self._between(child.text or b"")
            else:
                yield " ".join(self.values(child, quoted=True))
            at = child.end_byte
        yield self._between(raw[at - start:])

    def _between(self, raw: bytes) -> str:
        text = raw.decode("utf-8", "replace")
        return re.sub(r"\\([$`\"\\])|\\\n", lambda found: found[1] or "", text)

    def _word(self, text: str) -> str:
        made: list[str] = []
        rest = iter(text)
        for each in rest:
            if each == "\\":
                follows = next(rest, "")
                made.append("" if follows == "\n" else follows)
            else:
                made.append(each.translate(_RAW))
        word = "".join(made)
        if word.startswith("~"):
            user, slash, path = word[1:].partition("/")
            home = self._shell.home if user in ("", "root") else f"/home/{user}"
            word = home + slash + path
        return word

    def _string(self, node: Node) -> list[str]:
        inside = node.named_children
        if len(inside) == 1 and inside[0].type in ("simple_expansion", "expansion") and (
                len(text_of(node)) == len(text_of(inside[0])) + 2):
            return self.values(inside[0], quoted=True)
        text = "".join(self.pieces(node))
        return [text.removeprefix('$').removeprefix('"').removesuffix('"')]

    def _concatenated(self, node: Node) -> list[str]:
        parts = [self.values(child, quoted=False) or [""] for child in node.children]
        made: list[str] = []
        for some in product(*parts):
            made.append("".join(some)[:MOST_TEXT])
            if len(made) >= MOST_FIELDS:
                break
        return made

    def _variable(self, name: str) -> tuple[str, ...] | None:
        known = self._shell.variables
        if name in known:
            return known[name]
        if name == "PWD":
            return (self._shell.cwd,)
        if name in ("HOME", "USER", "LOGNAME"):
            return (self._shell.home if name == "HOME" else "root",)
        if name == "HOSTNAME":
            return (self._shell.host,)
        if name in ("@", "*"):
            return ()
        return None

    def _split(
        self, value: tuple[str, ...] | None, *, quoted: bool, many: bool
    ) -> list[str]:
        if value is None:
            return [UNKNOWN]
        if quoted:
            return list(value) if many else [" ".join(value)]
        return [part for each in value for part in each.split()]

    def _printed(self, flow: Flow, *, quoted: bool) -> list[str]:
        """What ``$( )`` becomes."""
        if flow.names is not None:
            return [" ".join(flow.names)] if quoted else list(flow.names)
        if flow.sources:
            return [self._shell.mark(flow)]
        if flow.text is None:
            return [UNKNOWN]
        text = flow.text.rstrip("\n")
        return [text] if quoted else text.split()

    def _expansion(self, node: Node, *, quoted: bool) -> list[str]:
        found = _EXPANSION.match(text_of(node))
        if found is None or found["mark"]:
            return [UNKNOWN]
        value = self._variable(found["name"])
        many = found["index"] == "@" or found["name"] == "@"
        if found["index"] is not None and value is not None:
            if found["index"].isdigit():
                index = int(found["index"])
                value = value[index:index + 1]
            elif found["index"] not in ("@", "*"):
                value = None
        elif value is not None and len(value) > 1 and found["name"] not in "@*":
            value = value[:1]
        changed = self._changed(value, found["rest"], node)
        return self._split(changed, quoted=quoted, many=many)

    def _changed(
        self, value: tuple[str, ...] | None, rest: str, node: Node
    ) -> tuple[str, ...] | None:
        """A value after ``:-word``, ``%pattern``, ``/a/b`` and their like."""
        if not rest:
            return value
        if rest.lstrip(":")[:1] in ("-", "=") and not (value and any(value)):
            words = [child for child in node.named_children
                     if child.type not in ("variable_name", "subscript")]
            return tuple(each for word in words for each in self.values(word, quoted=True))
        if rest.lstrip(":")[:1] in ("-", "=", "?"):
            return value
        if value is None or rest[0] not in "%#/":
            return None
        operator = rest[:2] if rest[:2] in ("%%", "##", "//") else rest[:1]
        return tuple(_cut(each, operator, rest[len(operator):]) for each in value)


def _cut(value: str, operator: str, pattern: str) -> str:
    """A value without what a pattern fits at its begin (``#``) or end (``%``), or replaced."""
    if len(value) > 4_096 or "$" in pattern or "`" in pattern:
        return UNKNOWN
    if operator[0] == "/":
        old, _, new = pattern.partition("/")
        if not old or set(old) & set("*?["):
            return UNKNOWN
        return value.replace(old, new, -1 if operator == "//" else 1)
    fits = re.compile(fnmatch.translate(pattern.replace("\\", ""))).match
    lengths = range(len(value) + 1)
    shortest_first = lengths if len(operator) == 1 else reversed(lengths)
    for length in shortest_first:
        if operator[0] == "#" and fits(value[:length]):
            return value[length:]
        if operator[0] == "%" and fits(value[len(value) - length:]):
            return value[:len(value) - length]
    return value
