"""What git would do with files: add, commit, push, clone, bundle, rm, mv.

Takes a shell and arguments, notes what is intended. A repository is the folder that git runs in;
where its top is cannot be known from a command.
"""

from __future__ import annotations

from peerwatch.evidence.inferred.intended import NOTHING, Flow, Place
from peerwatch.evidence.inferred.options import split
from peerwatch.evidence.inferred.shell import Shell


def git(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``git``."""
    given = split(words[1:], "Cc", ("--git-dir", "--work-tree"), stop=True)
    folder = shell.cwd
    for word in given.values("-C"):
        folder = shell.place(word, folder=folder).path
    if not given.operands:
        return NOTHING
    name, rest = given.operands[0], split(given.operands[1:], "mbFo", ("--message", "--branch"))
    top = Place(shell.host, folder)
    store = Place(shell.host, f"{folder.rstrip('/')}/.git")
    operands = tuple(shell.place(word, folder=folder) for word in rest.operands)
    how = f"git {name}"
    if name in ("add", "stage") and not rest.has("-n", "--dry-run"):
        shell.intend("archive", operands or (top,), store, how)
    elif (name == "commit" and rest.has("-a", "--all")) or (
            name == "stash" and not rest.operands):
        shell.intend("archive", (top,), store, how)
    elif name == "push" and not rest.has("-n", "--dry-run"):
        shell.intend("send", (top,), Place("", (rest.operands or ["origin"])[0]), how)
    elif name == "clone" and rest.operands and "://" not in rest.operands[0]:
        source = operands[0]
        target = operands[1] if len(operands) > 1 else shell.place(
            source.path.rstrip("/").rpartition("/")[2].removesuffix(".git"), folder=folder)
        shell.intend("copy", (source,), target, how)
    elif name in ("bundle", "archive"):
        made = rest.value("-o", "--output") or "".join(rest.operands[1:2])
        if made and (name == "archive" or rest.operands[0] == "create"):
            shell.intend("archive", (top,), shell.place(made, folder=folder), how)
    elif name == "rm" and operands and not rest.has("--cached", "-n", "--dry-run"):
        shell.intend("delete", operands, None, how)
    elif name == "mv" and len(operands) > 1:
        shell.intend("move", operands[:-1], operands[-1], how)
    return NOTHING


PROGRAMS = {"git": git}
