"""Reads a shell text: statements, pipes, redirections, loops, functions, here-documents.

Takes a text and a shell, walks the syntax tree of tree-sitter's bash grammar, and gives what the
text prints. It executes nothing; a loop is walked once for each word that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from peerwatch.evidence.inferred import jobs
from peerwatch.evidence.inferred import words as expanded
from peerwatch.evidence.inferred.intended import NOTHING, UNKNOWN, Flow, joined
from peerwatch.evidence.inferred.programs import run
from peerwatch.evidence.inferred.shell import MOST_STEPS, MOST_TEXT, Shell
from peerwatch.evidence.inferred.words import Node, text_of

_DEEPEST = 150
"""Levels of the syntax tree: deeper nesting is not read."""
_MOST_WITHIN = 25
_MOST_ROUNDS = 64
"""Rounds of one loop."""
_TESTS = ("test", "[", "[[", "false", "grep", "command", "which", "pgrep", "cmp", "diff")
"""What is run for its answer: what stands behind ``&&`` is then not sure."""
_BRANCHES = ("if_statement", "elif_clause", "else_clause")


@cache
def _parser() -> Any:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


class Reader:
    """Reads shell texts, and hands programs with their arguments to the table of programs."""

    def text(self, shell: Shell, text: str, stdin: Flow) -> Flow:
        """A shell text; what is longer than ``MOST_TEXT`` is cut, and said to be."""
        if len(text) > MOST_TEXT:
            shell.unread(f"longer than {MOST_TEXT} characters", text)
            text = text[:MOST_TEXT]
        tree = _parser().parse(text.encode("utf-8", "replace"))
        if tree.root_node.has_error:
            shell.unread("not a whole shell text", text)
            shell = shell.child(sure=False)
        return _Walk(self, shell).all(tree.root_node.children, stdin, 0)

    def words(self, shell: Shell, words: list[str], stdin: Flow) -> Flow:
        """A program, a function or a script with its arguments."""
        if not words or not shell.step():
            return NOTHING
        if shell.notes.within >= _MOST_WITHIN:
            shell.unread("too many programs within programs", words[0])
            return NOTHING
        shell.notes.within += 1
        try:
            return self._program(shell, words, stdin)
        finally:
            shell.notes.within -= 1

    def _program(self, shell: Shell, words: list[str], stdin: Flow) -> Flow:
        body = shell.functions.get(words[0])
        if body is not None and shell.depth < 10:
            inner = shell.child(depth=shell.depth + 1, variables={
                **shell.variables, "@": tuple(words[1:]), "*": tuple(words[1:]),
                **{str(number): (word,) for number, word in enumerate(words[1:10], 1)}})
            return _Walk(self, inner).statement(body, stdin, 0)
        return run(shell, words, stdin)

    def table(self, shell: Shell, text: str, *, with_user: bool) -> None:
        """A table of cron."""
        jobs.cron(shell, text, with_user=with_user)


class _Walk:
    """One walk through a tree, in one shell."""

    def __init__(self, reader: Reader, shell: Shell) -> None:
        self._reader = reader
        self._shell = shell

    def all(self, nodes: Sequence[Node], stdin: Flow, depth: int) -> Flow:
        """Statements one after the other; those before ``&`` are left in the background."""
        flows: list[Flow] = []
        for index, node in enumerate(nodes):
            if not node.is_named or node.type == "comment":
                continue
            follows = next((each.type for each in nodes[index + 1:index + 2]), "")
            if follows == "&":
                behind = self._shell.child(later=self._shell.left_to("background"))
                _Walk(self._reader, behind).statement(node, stdin, depth)
            else:
                flows.append(self.statement(node, stdin, depth))
        return joined(flows)

    def statement(self, node: Node, stdin: Flow, depth: int) -> Flow:
        """One statement; gives what it prints."""
        if depth > _DEEPEST:
            self._shell.unread("too deeply nested", text_of(node))
            return NOTHING
        known: dict[str, Callable[[Node, Flow, int], Flow]] = {
            "command": self._command, "redirected_statement": self._redirected,
            "pipeline": self._pipeline, "list": self._list, "subshell": self._subshell,
            "for_statement": self._for, "function_definition": self._function,
            "variable_assignment": self._assign, "variable_assignments": self._assign,
            "declaration_command": self._assign,
        }
        if node.type in known:
            return known[node.type](node, stdin, depth + 1)
        if node.type in ("test_command", "unset_command", "comment", "word", "string"):
            return NOTHING
        if node.type == "case_item":
            return self._unsure().all(node.children[1:], stdin, depth + 1)
        if node.type in ("while_statement", "c_style_for_statement", *_BRANCHES):
            return self._branch(node, stdin, depth + 1)
        # A group, a negation, the body of a loop, a case, what the parser could not place.
        return self.all(node.children, stdin, depth + 1)

    def _unsure(self) -> _Walk:
        """The same shell, where it is not known whether it comes to this."""
        shell = self._shell
        inner = shell.child(sure=False)
        # What is set there stays set.
        inner.variables, inner.functions = shell.variables, shell.functions
        return _Walk(self._reader, inner)

    def _branch(self, node: Node, stdin: Flow, depth: int) -> Flow:
        """Of ``if`` and ``while``: the condition is sure, the rest is not."""
        conditions = {each.id for each in node.children_by_field_name("condition")}
        read = self._read_names(node, stdin) if node.type == "while_statement" else None
        if read is not None:
            return self._each(*read, node.child_by_field_name("body"), NOTHING, depth)
        flows = []
        for child in node.children:
            if child.is_named:
                walk = self if child.id in conditions else self._unsure()
                flows.append(walk.statement(child, stdin, depth))
        return joined(flows)

    def _read_names(self, node: Node, stdin: Flow) -> tuple[str, list[str]] | None:
        """The variable and the lines of ``while read x``."""
        for condition in node.children_by_field_name("condition"):
            told = text_of(condition).split()
            if "read" in told[:2]:
                lines = stdin.names if stdin.names is not None else (
                    stdin.text.splitlines() if stdin.text is not None else [UNKNOWN])
                name = told[-1] if told[-1] != "read" else "REPLY"
                return name, [each for each in lines if each]
        return None

    def _for(self, node: Node, stdin: Flow, depth: int) -> Flow:
        name = node.child_by_field_name("variable")
        values = [field for value in node.children_by_field_name("value")
                  for field in self._fields(value)]
        if not node.children_by_field_name("value"):
            values = list(self._shell.variables.get("@", ()))
        body = node.child_by_field_name("body")
        return self._each(text_of(name) if name else "", values, body, stdin, depth)

    def _each(
        self, name: str, values: Sequence[str], body: Node | None, stdin: Flow, depth: int
    ) -> Flow:
        if len(values) > _MOST_ROUNDS:
            self._shell.unread(f"more than {_MOST_ROUNDS} rounds of a loop", name)
        flows = []
        for value in values[:_MOST_ROUNDS]:
            self._shell.variables[name] = (value,)
            if body is not None and self._shell.notes.steps <= MOST_STEPS:
                flows.append(self.statement(body, stdin, depth))
        return joined(flows)

    def _list(self, node: Node, stdin: Flow, depth: int) -> Flow:
        left, *rest = node.children
        flows = [self.statement(left, stdin, depth)]
        operator = next((each.type for each in rest if not each.is_named), "")
        tests = left.type == "test_command" or text_of(left).split(None, 1)[0] in _TESTS
        for child in rest:
            if child.is_named:
                walk = self._unsure() if operator == "||" or tests else self
                flows.append(walk.statement(child, stdin, depth))
        return joined(flows)

    def _pipeline(self, node: Node, stdin: Flow, depth: int) -> Flow:
        flow = stdin
        for child in node.named_children:
            # Every part of a pipe is a shell of its own.
            flow = _Walk(self._reader, self._shell.child()).statement(child, flow, depth)
        return flow

    def _subshell(self, node: Node, stdin: Flow, depth: int) -> Flow:
        return _Walk(self._reader, self._shell.child()).all(node.children, stdin, depth)

    def _function(self, node: Node, stdin: Flow, depth: int) -> Flow:  # noqa: ARG002
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self._shell.functions[text_of(name)] = body
        return NOTHING

    def _assign(self, node: Node, stdin: Flow, depth: int) -> Flow:
        if node.type != "variable_assignment":
            for child in node.named_children:
                if child.type == "variable_assignment":
                    self._assign(child, stdin, depth)
            return NOTHING
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return NOTHING
        given: tuple[str, ...]
        if value is None:
            given = ("",)
        elif value.type == "array":
            given = tuple(field for each in value.named_children for field in self._fields(each))
        else:
            given = (expanded.one(value, self._shell, self._substitute),)
        if "+=" in text_of(node)[:len(text_of(name)) + 2]:
            old = self._shell.variables.get(text_of(name), ())
            given = (*old, *given) if value is not None and value.type == "array" else (
                "".join((*old, *given))[:MOST_TEXT],)
        if name.type == "variable_name":
            self._shell.variables[text_of(name)] = given
        return NOTHING

    def _fields(self, node: Node) -> list[str]:
        return expanded.fields(node, self._shell, self._substitute)

    def _substitute(self, shell: Shell, node: Node) -> Flow:
        """What ``$( )`` or ``<( )`` prints; ``>( )`` is read when something is written to it."""
        inner = shell.deeper()
        if inner is None:
            return NOTHING
        return _Walk(self._reader, inner).all(node.named_children, NOTHING, 0)

    def _command(self, node: Node, stdin: Flow, depth: int) -> Flow:
        words: list[str] = []
        for child in node.named_children:
            if child.type == "variable_assignment":
                continue  # of this command's environment alone
            if child.type == "herestring_redirect":
                text = " ".join(
                    expanded.one(each, self._shell, self._substitute)
                    for each in child.named_children)
                stdin = self._shell.said(text + "\n")
            elif child.type in ("file_redirect", "heredoc_redirect"):
                continue
            elif child.type == "process_substitution" and text_of(child).startswith(">"):
                words.append(self._sink(child))
            elif child.type == "command_name":
                for each in child.named_children:
                    words.extend(self._fields(each))
            else:
                words.extend(self._fields(child))
        assigned = [each for each in node.named_children if each.type == "variable_assignment"]
        if not words:
            for each in assigned:
                self._assign(each, stdin, depth)
            return NOTHING
        flow = self._reader.words(self._shell, words, stdin)
        redirects = [each for each in node.named_children
                     if each.type in ("file_redirect", "heredoc_redirect")]
        return self._written(redirects, flow, depth) if redirects else flow

    def _sink(self, node: Node) -> str:
        """A word for ``>( )``."""
        inner = self._shell.deeper()
        if inner is None:
            return UNKNOWN
        walk = _Walk(self._reader, inner)

        def takes(flow: Flow) -> None:
            walk.all(node.named_children, flow, 0)

        return self._shell.mark(takes)

    def _redirected(self, node: Node, stdin: Flow, depth: int) -> Flow:
        body = node.child_by_field_name("body")
        redirects = node.children_by_field_name("redirect")
        inner = [each for redirect in redirects if redirect.type == "heredoc_redirect"
                 for each in redirect.named_children if each.type == "file_redirect"]
        files = [each for each in redirects if each.type == "file_redirect"] + inner
        for redirect in redirects:
            if redirect.type == "heredoc_redirect":
                stdin = self._shell.said(self._heredoc(redirect))
            elif redirect.type == "herestring_redirect":
                stdin = self._shell.said(" ".join(
                    expanded.one(each, self._shell, self._substitute)
                    for each in redirect.named_children) + "\n")
            elif _sign(redirect) in ("<", "<&"):
                stdin = self._given(redirect, body, stdin)
        flow = NOTHING if body is None else self.statement(body, stdin, depth)
        flow = self._written(files, flow, depth)
        for redirect in redirects:
            if redirect.type == "heredoc_redirect":
                flow = self._after_heredoc(redirect, flow, depth)
        return flow

    def _heredoc(self, redirect: Node) -> str:
        start = next((each for each in redirect.children if each.type == "heredoc_start"), None)
        body = next((each for each in redirect.children if each.type == "heredoc_body"), None)
        if body is None:
            return ""
        if start is not None and set(text_of(start)) & set("'\"\\"):
            return text_of(body)
        return expanded.heredoc(body, self._shell, self._substitute)

    def _after_heredoc(self, redirect: Node, flow: Flow, depth: int) -> Flow:
        """What stands behind ``<<EOF`` on its line: a pipe, or ``&& …``."""
        for child in redirect.children:
            if child.type == "pipeline":
                for part in child.named_children:
                    flow = self.statement(part, flow, depth)
            elif child.is_named and child.type not in (
                    "heredoc_start", "heredoc_body", "heredoc_end", "file_redirect",
                    "file_descriptor"):
                flow = joined([flow, self.statement(child, NOTHING, depth)])
        return flow

    def _given(self, redirect: Node, body: Node | None, stdin: Flow) -> Flow:
        """The input that ``< file`` gives; ``exec 7< file`` keeps the file open instead."""
        target = redirect.child_by_field_name("destination")
        if target is None:
            return stdin
        if target.type == "process_substitution":
            return self._substitute(self._shell, target)
        flow = self._shell.content(self._fields(target)[:1], stdin)
        if body is not None and text_of(body).strip() == "exec":
            self._shell.intend("hold", flow.sources, None, "exec")
        number = next((text_of(each) for each in redirect.children
                       if each.type == "file_descriptor"), "0")
        return flow if number == "0" else stdin

    def _written(self, redirects: Sequence[Node], flow: Flow, depth: int) -> Flow:  # noqa: ARG002
        """What ``> file`` does with an output, and what is left of it."""
        for redirect in redirects:
            sign = _sign(redirect)
            target = redirect.child_by_field_name("destination")
            if target is None or sign in ("<", "<&", ">&"):
                continue
            number = next((text_of(each) for each in redirect.children
                           if each.type == "file_descriptor"), "1")
            word = self._sink(target) if target.type == "process_substitution" else next(
                iter(self._fields(target)), UNKNOWN)
            if number in ("1", "") or sign.startswith("&"):
                self._shell.write(flow, word, ">")
                flow = NOTHING
            else:
                self._shell.write(NOTHING, word, ">")
        return flow


def _sign(redirect: Node) -> str:
    """``<``, ``>``, ``>>``, ``&>`` …; of ``2>&1`` it is ``>&``."""
    return next((each.type for each in redirect.children
                 if not each.is_named and set(each.type) & set("<>")), "")
