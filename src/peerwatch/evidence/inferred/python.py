"""What a Python program in a command would do, where it is plain, from Python's own syntax tree.

Takes a program's text and the shell that it runs in, notes what is intended. Nothing is executed:
names, strings, paths, open files and their contents are followed through assignments, loops over
known values and plain calls; everything else is unknown.
"""

from __future__ import annotations

import ast
import posixpath
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from peerwatch.evidence.inferred import calls
from peerwatch.evidence.inferred.calls import Content, File, Mention
from peerwatch.evidence.inferred.files import passed
from peerwatch.evidence.inferred.intended import NOTHING, UNKNOWN, Flow, joined
from peerwatch.evidence.inferred.shell import Shell

_MOST_CODE = 50_000
_DEEPEST = 60
_MOST_ROUNDS = 64
_KEPT_BY_METHOD = frozenset((
    "decode", "tobytes", "getvalue", "getbuffer", "read", "copy", "items", "values", "numpy",
    "reshape", "flatten", "ravel", "state_dict"))
"""Methods of content that give the content; all others of those below change its form."""
_CHANGED_BY_METHOD = frozenset((
    "hex", "astype", "half", "float", "bfloat16", "to", "view", "translate", "encode", "T",
    "transpose", "byteswap"))


def python(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``python3``: ``-c``, ``-m``, a script, or the input."""
    rest = list(words[1:])
    while rest and rest[0].startswith("-") and rest[0] not in ("-", "-c", "-m"):
        word = rest.pop(0)
        if word.startswith("-c") and len(word) > 2:
            rest = ["-c", word[2:], *rest]
        elif word.endswith("c") and not word.startswith("--"):
            rest = ["-c", *rest]
        elif word in ("-W", "-X") and rest:
            rest.pop(0)
    if rest[:1] == ["-m"]:
        return _module(shell, rest[1:], stdin)
    if rest[:1] == ["-c"]:
        return code(shell, shell.plain(rest[1]), rest[1:]) if len(rest) > 1 else NOTHING
    known = stdin if not rest or rest[0] == "-" else shell.content(rest[:1], NOTHING)
    if known.text is None:
        if rest and rest[0] != "-":
            shell.unread("a program that is not in the command", shell.plain(rest[0]))
        return NOTHING
    return code(shell, known.text, rest or ["-"])


def _module(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``python3 -m``: the modules that are programs of their own."""
    name, rest = (words or [""])[0], words[1:]
    if name in ("zipfile", "tarfile") and rest[:1] in (["-c"], ["--create"]) and len(rest) > 2:
        shell.intend("archive", shell.places(rest[2:]), shell.place(rest[1]), name)
    elif name in ("zipfile", "tarfile") and rest[:1] in (["-e"], ["--extract"]) and len(rest) > 1:
        shell.intend("copy", shell.places(rest[1:2]), shell.place("".join(rest[2:3]) or "."), name)
    elif name in ("base64", "gzip"):
        return shell.runs.words(shell, [name, *(["-k"] if name == "gzip" else []), *rest], stdin)
    return NOTHING


def code(shell: Shell, text: str, arguments: Sequence[str] = ()) -> Flow:
    """Reads a program's text; gives what it prints."""
    if len(text) > _MOST_CODE:
        shell.unread(f"a program of more than {_MOST_CODE} characters", text)
        return NOTHING
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        shell.unread("not a whole Python program", text)
        return NOTHING
    walk = _Walk(shell, list(arguments))
    walk.statements(tree.body)
    return joined(walk.printed)


@dataclass
class _Walk:
    """One walk through a program."""

    shell: Shell
    arguments: list[str]
    names: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    """What imported names stand for, dotted."""
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    opened: list[File] = field(default_factory=list)
    printed: list[Flow] = field(default_factory=list)
    depth: int = 0

    # Statements

    def statements(self, body: Sequence[ast.stmt]) -> None:
        """Statements in their order."""
        self.depth += 1
        if self.depth <= _DEEPEST:
            for each in body:
                if not self.shell.step():
                    break
                self._statement(each)
        else:
            self.shell.unread("too deeply nested", "")
        self.depth -= 1

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            for name in node.names:
                self.modules[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                self.modules[name.asname or name.name] = f"{node.module}.{name.name}"
        elif isinstance(node, ast.FunctionDef):
            self.functions[node.name] = node
        elif isinstance(node, ast.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self._bind(target, value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
            self._bind(node.target, self.value(node.value))
        elif isinstance(node, ast.Expr):
            self.value(node.value)
        elif isinstance(node, ast.With):
            self._with(node)
        elif isinstance(node, ast.For):
            for value in self._rounds(node.iter):
                self._bind(node.target, value)
                self.statements(node.body)
        elif isinstance(node, ast.If | ast.While):
            self.value(node.test)
            self._unsure(node.body, node.orelse)
        elif isinstance(node, ast.Try):
            self.statements(node.body)
            for handler in node.handlers:
                self._unsure(handler.body)
            self.statements(node.finalbody)
        elif isinstance(node, ast.Return) and node.value is not None:
            self.names["return"] = self.value(node.value)
        elif isinstance(node, ast.AsyncFunctionDef | ast.ClassDef | ast.AsyncWith | ast.Match):
            self.shell.unread("Python that is not plain", type(node).__name__)

    def _unsure(self, *bodies: Sequence[ast.stmt]) -> None:
        sure, self.shell.sure = self.shell.sure, False
        for body in bodies:
            self.statements(body)
        self.shell.sure = sure

    def _with(self, node: ast.With) -> None:
        before = list(self.opened)
        for item in node.items:
            value = self.value(item.context_expr)
            if isinstance(value, File):
                self.opened.append(value)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, value)
        self.statements(node.body)
        self.opened = before

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            if isinstance(value, File) and value not in self.opened:
                self.opened.append(value)
        elif isinstance(target, ast.Tuple | ast.List):
            for index, each in enumerate(target.elts):
                known = isinstance(value, list) and index < len(value)
                self._bind(each, value[index] if known else None)

    def _rounds(self, node: ast.expr) -> list[Any]:
        """The values of a loop; one that is unknown where they are."""
        value = self.value(node)
        if isinstance(value, list):
            if len(value) > _MOST_ROUNDS:
                self.shell.unread(f"more than {_MOST_ROUNDS} rounds of a loop", "")
            return value[:_MOST_ROUNDS]
        if isinstance(value, File):
            return [Content(value.flow)]
        return [value if isinstance(value, Content) else None]

    # Expressions

    def value(self, node: ast.expr | None) -> Any:
        """What an expression gives: a string, a list, content, an open file, or None: unknown."""
        self.depth += 1
        try:
            if node is None or self.depth > _DEEPEST:
                return None
            return self._expression(node)
        finally:
            self.depth -= 1

    def _expression(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            made = node.value
            return made.decode("utf-8", "replace") if isinstance(made, bytes) else made
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [self.value(each) for each in node.elts]
        if isinstance(node, ast.JoinedStr):
            return "".join(self._shown(each) for each in node.values)[:_MOST_CODE]
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            return self._comprehension(node)
        if isinstance(node, ast.NamedExpr):
            value = self.value(node.value)
            self._bind(node.target, value)
            return value
        if isinstance(node, ast.IfExp):
            return self.value(node.body) or self.value(node.orelse)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return None

    def _shown(self, node: ast.expr) -> str:
        value = self.value(node.value) if isinstance(node, ast.FormattedValue) else self.value(node)
        return str(value) if isinstance(value, str | int) else UNKNOWN

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Div):
            return posixpath.join(_path(left), _path(right))[:_MOST_CODE]
        if isinstance(left, Content) or isinstance(right, Content):
            flows = [each.flow for each in (left, right) if isinstance(each, Content)]
            made = joined(flows)
            return Content(made if isinstance(node.op, ast.Add) else passed(
                made, "", "~python"))
        if isinstance(node.op, ast.Add):
            if isinstance(left, str) or isinstance(right, str):
                return (_path(left) + _path(right))[:_MOST_CODE]
            if isinstance(left, list) and isinstance(right, list):
                return [*left, *right][:_MOST_ROUNDS + 1]
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            values = right if isinstance(right, list) else [right]
            parts = left.split("%s")
            shown = [_path(each) for each in values] + [UNKNOWN] * len(parts)
            return "".join(part + (shown[index] if index < len(parts) - 1 else "")
                           for index, part in enumerate(parts))[:_MOST_CODE]
        return None

    def _subscript(self, node: ast.Subscript) -> Any:
        value = self.value(node.value)
        if isinstance(value, Content):
            return value
        index = self.value(node.slice) if not isinstance(node.slice, ast.Slice) else None
        if isinstance(value, list) and isinstance(index, int) and -len(value) <= index < len(value):
            return value[index]
        if self._dotted(node.value) == "sys.argv" and isinstance(index, int):
            return self.arguments[index] if index < len(self.arguments) else None
        return value if isinstance(value, list) and index is None else None

    def _attribute(self, node: ast.Attribute) -> Any:
        value = self.value(node.value)
        if isinstance(value, str):
            if node.attr == "parent":
                return posixpath.dirname(value)
            if node.attr in ("name", "stem"):
                name = posixpath.basename(value)
                return name if node.attr == "name" else posixpath.splitext(name)[0]
        if isinstance(value, Content) and node.attr in _CHANGED_BY_METHOD:
            return Content(passed(value.flow, "", "~python"))
        return None

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Any:
        first = node.generators[0]
        rounds = self._rounds(first.iter)
        if rounds and isinstance(rounds[0], Content):
            return Content(passed(rounds[0].flow, "", "~python"))
        made: list[Any] = []
        for value in rounds:
            self._bind(first.target, value)
            for other in node.generators[1:]:
                self._bind(other.target, next(iter(self._rounds(other.iter)), None))
            for test in first.ifs:
                self.value(test)
            made.append(self.value(node.elt))
        return made

    # Calls

    def _dotted(self, node: ast.expr) -> str:
        """The full name of a function, with imported names resolved; '' where it has none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        first = self.modules.get(node.id, node.id)
        return ".".join([first, *reversed(parts)])

    def _call(self, node: ast.Call) -> Any:
        given: list[Any] = []
        for each in node.args:
            if isinstance(each, ast.Starred):
                value = self.value(each.value)
                given.extend(value if isinstance(value, list) else [None])
            else:
                given.append(self.value(each))
        named = {each.arg: self.value(each.value) for each in node.keywords if each.arg}
        name = self._dotted(node.func)
        if name in self.functions:
            return self._own(self.functions[name], given, named)
        if name in ("sys.stdout.buffer.write", "sys.stdout.write", "print"):
            self.printed.extend(self._as_flow(each) for each in given)
            return None
        if name in ("exec", "eval"):
            return self._nested(given)
        known = calls.FUNCTIONS.get(name)
        if known is not None:
            return known(Mention(self.shell, name, given, named, self.opened))
        if isinstance(node.func, ast.Attribute):
            return self._method(node.func, given, named)
        return None

    def _as_flow(self, value: Any) -> Flow:
        if isinstance(value, Content):
            return passed(value.flow, "python")
        return Flow(text=value) if isinstance(value, str) else NOTHING

    def _nested(self, given: list[Any]) -> None:
        if given and isinstance(given[0], str) and UNKNOWN not in given[0]:
            inner = self.shell.deeper()
            if inner is not None:
                self.printed.append(code(inner, given[0]))
        else:
            self.shell.unread("Python that makes Python", "")

    def _own(self, function: ast.FunctionDef, given: list[Any], named: dict[str, Any]) -> Any:
        """A call of a function that the program defines."""
        if self.depth > _DEEPEST // 2:
            return None
        outer = self.names
        self.names = dict(outer)
        parameters = [each.arg for each in function.args.args]
        defaults = function.args.defaults
        for name, default in zip(parameters[len(parameters) - len(defaults):], defaults,
                                 strict=True):
            self.names[name] = self.value(default)
        self.names.update(zip(parameters, given, strict=False))
        self.names.update(named)
        self.names["return"] = None
        self.statements(function.body)
        made = self.names["return"]
        self.names = outer
        return made

    def _method(self, node: ast.Attribute, given: list[Any], named: dict[str, Any]) -> Any:
        value = self.value(node.value)
        if isinstance(value, Content):
            if node.attr in _KEPT_BY_METHOD:
                return value
            if node.attr in _CHANGED_BY_METHOD:
                return Content(passed(value.flow, "", "~python"))
            return None
        mention = Mention(self.shell, node.attr, given, named, self.opened)
        if isinstance(value, File):
            return calls.file_method(mention, value)
        if isinstance(value, str):
            return calls.path_method(mention, value)
        if isinstance(value, list) and node.attr in ("append", "extend", "add") and given:
            more = given[0] if node.attr == "extend" and isinstance(given[0], list) else given[:1]
            value.extend(more[:max(0, _MOST_ROUNDS + 1 - len(value))])
        return None


def _path(value: Any) -> str:
    return value if isinstance(value, str) else UNKNOWN


PROGRAMS = dict.fromkeys(("python3", "python", "python2", "pypy3"), python)
