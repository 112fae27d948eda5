"""What programs that handle files would do: cp, mv, ln, rm, dd, cat, tee, chmod, find's output.

Takes a shell, arguments and an input, notes what is intended, gives the output. The shell's
``PROGRAMS`` table is made from those of this module and its neighbours.
"""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise

from peerwatch.evidence.inferred.intended import NOTHING, TREE, UNKNOWN, Flow, Kind
from peerwatch.evidence.inferred.options import Arguments, split
from peerwatch.evidence.inferred.shell import Shell
from peerwatch.evidence.inferred.words import unescaped


def transfer(
    shell: Shell, kind: Kind, how: str, given: Arguments, *, default: str | None = None
) -> Flow:
    """Sources to a destination, as ``cp``, ``mv``, ``ln`` and ``install`` have them."""
    operands = list(given.operands)
    target = given.value("-t", "--target-directory")
    if target is None:
        if len(operands) > 1:
            target = operands.pop()
        elif operands and default is not None:
            target = default
        else:
            return NOTHING
    flows = [shell.content([word], NOTHING) for word in operands]
    sources = tuple(place for flow in flows for place in flow.sources)
    if sources:
        kinds = {flow.kind for flow in flows if flow.sources}
        shell.intend("encode" if "encode" in kinds else kind, sources, shell.place(target), how)
        for flow in flows:
            if flow.text is not None:
                shell.files[shell.place(target)] = flow.text
    return NOTHING


def cp(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``cp``; with ``-l`` or ``-s`` it makes links."""
    given = split(words[1:], "tS", ("--target-directory", "--suffix"))
    linked = given.has("-l", "-s", "--link", "--symbolic-link")
    return transfer(shell, "link" if linked else "copy", _named(words[0], given), given)


def _named(name: str, given: Arguments) -> str:
    """The program's name, and whether its links are symbolic."""
    return f"{name} -s" if given.has("-s", "--symbolic", "--symbolic-link") else name


def mv(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``mv``."""
    return transfer(shell, "move", words[0],
                    split(words[1:], "tS", ("--target-directory", "--suffix")))


def ln(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``ln``; what a symbolic link says is read as if from here."""
    given = split(words[1:], "tS", ("--target-directory", "--suffix"))
    only = given.operands[0] if len(given.operands) == 1 else ""
    return transfer(shell, "link", _named(words[0], given), given,
                    default=posixpath.basename(only.rstrip("/")) or None)


def install(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``install``, but for folders."""
    given = split(words[1:], "gmotS", ("--group", "--mode", "--owner", "--target-directory"))
    return NOTHING if given.has("-d", "--directory") else transfer(
        shell, "copy", words[0], given)


def link(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``link``."""
    return transfer(shell, "link", words[0], split(words[1:]))


def rm(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``rm`` and ``unlink``."""
    given = split(words[1:])
    if given.operands:
        shell.intend("delete", shell.places(given.operands), None, words[0])
    return NOTHING


def truncate(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``truncate``."""
    given = split(words[1:], "sr", ("--size", "--reference"))
    for word in given.operands:
        shell.write_to(NOTHING, shell.place(word), words[0])
    return NOTHING


def shred(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``shred``; with ``-u`` it removes what it has overwritten."""
    given = split(words[1:], "ns", ("--iterations", "--size", "--random-source"))
    for word in given.operands:
        shell.write_to(NOTHING, shell.place(word), words[0])
    if given.has("-u", "--remove") and given.operands:
        shell.intend("delete", shell.places(given.operands), None, words[0])
    return NOTHING


def dd(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``dd``: from ``if=`` or the input, to ``of=`` or the output."""
    given = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    flow = shell.content([given["if"]], stdin) if "if" in given else stdin
    flow = passed(flow, words[0])
    if "of" not in given:
        return flow
    shell.write(flow, given["of"], words[0])
    return NOTHING


def passed(flow: Flow, how: str, *dress: str) -> Flow:
    """A stream that ran through a program."""
    return Flow(flow.sources, (*flow.dress, *dress), (*flow.how, how))


def cat(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """Whatever hands its input, or files, on as they are, or a part of them."""
    valued = {"head": "cn", "tail": "cns", "pv": "LsNBiHDw", "mbuffer": "mPR"}.get(words[0], "")
    given = split(words[1:], valued, ("--bytes", "--lines", "--pid"))
    flow = shell.content(given.operands, stdin)
    follows = words[0] == "tail" and given.has("-f", "-F", "--follow")
    if follows and shell.later and flow.sources:
        shell.intend("hold", flow.sources, None, words[0])
        return NOTHING
    made = passed(flow, words[0])
    return Flow(made.sources, made.dress, made.how, flow.text, flow.names)


def sleep(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``sleep``: what it is given as its input stays open."""
    if shell.later and stdin.sources:
        shell.intend("hold", stdin.sources, None, words[0])
    return NOTHING


def tee(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``tee`` and ``sponge``: the input to every file."""
    flow = Flow(stdin.sources, stdin.dress, (*stdin.how, words[0]), stdin.text)
    for word in split(words[1:]).operands:
        shell.write(flow, word, words[0])
    return flow


def changed_text(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """Encoders of a line: ``tr``, ``rev``, ``fold``. Whatever comes out, it can be undone."""
    flow = shell.content([] if words[0] == "tr" else split(words[1:], "ws").operands, stdin)
    encoded = any(each.startswith("~") for each in flow.dress)
    return passed(flow, words[0], *(() if encoded or not flow.sources else (f"~{words[0]}",)))


def sed(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``sed`` and ``perl`` with ``-i``: files are rewritten in place."""
    given = split(words[1:], "efl", ("--expression", "--file"))
    in_place = given.has("-i", "--in-place")
    scripts = given.has("-e", "-f", "--expression", "--file")
    for word in given.operands if scripts else given.operands[1:]:
        if in_place:
            shell.write_to(NOTHING, shell.place(word), words[0])
    return NOTHING


def sort(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``sort -o``."""
    target = split(words[1:], "koSTt", ("--output",)).value("-o", "--output")
    if target is not None:
        shell.write_to(NOTHING, shell.place(target), words[0])
    return NOTHING


def lock(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``chmod``, ``chown``, ``chgrp``, ``chattr``, ``setfacl``: how says what is set."""
    name, rest = words[0], list(words[1:])
    if name == "setfacl":
        operands = split(rest, "mxMX", ("--modify", "--remove", "--set")).operands
        value = ""
    else:
        plain = [each for each in rest
                 if not re.fullmatch(r"--?[a-zA-Z-]*(=.*)?", each)
                 or re.fullmatch(r"[-+=][ugoarwxXstAacDdeFijPSTtu]+", each)]
        flags = {"-R", "-v", "-f", "-c", "-V", "-h", "-L", "-H", "-P", "-Rf", "-Rv"}
        plain = [each for each in plain if each not in flags]
        if any(each.startswith("--reference") for each in rest):
            plain.insert(0, "")
        # chattr takes several of its modes before the files.
        modes = [each for each in plain if name == "chattr" and each[:1] in "+-="] or plain[:1]
        value = " ".join(modes)
        operands = plain[len(modes):]
    if operands:
        shell.intend("lock", shell.places(operands), None, f"{name} {value}".strip())
    return NOTHING


def mount(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``mount`` and ``umount``; a bind is a link."""
    given = split(words[1:], "otTLU", ("--options", "--types"))
    options = ",".join(given.values("-o", "--options")).split(",")
    if not given.operands:
        return NOTHING
    place = shell.place(given.operands[-1])
    if given.has("--bind", "-B", "--rbind", "--move", "-M") or "bind" in options:
        shell.intend("link", shell.places(given.operands[:1]), place, f"{words[0]} --bind")
    else:
        shell.intend("lock", (place,), None, f"{words[0]} {','.join(options)}".strip())
    return NOTHING


# What prints words that a command is made of

def echo(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``echo``."""
    rest = words[1:]
    escapes = False
    while rest and re.fullmatch(r"-[neE]+", rest[0]):
        escapes = escapes or "e" in rest.pop(0)
    text = " ".join(rest)
    return shell.said((unescaped(text) if escapes else text) + "\n")


def printf(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``printf`` with ``%s`` and ``%b``; another conversion gives what cannot be known."""
    rest = words[1:]
    if rest and rest[0] == "-v":
        shell.variables.update(dict.fromkeys(rest[1:2], (UNKNOWN,)))
        return NOTHING
    if not rest:
        return NOTHING
    form, values = unescaped(rest[0]), rest[1:]
    parts = re.split(r"%(?:s|b|q)", form)
    if len(parts) == 1:
        return shell.said(form)
    made: list[str] = []
    while True:
        for part in parts[:-1]:
            made.extend((part, values.pop(0) if values else ""))
        made.append(parts[-1])
        if not values:
            return shell.said("".join(made))


def listing(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``ls`` of patterns prints them; of folders, names that cannot be known."""
    operands = split(words[1:], "ITw").operands
    if operands and all(set(each) & set("*?[") or "." in posixpath.basename(each)
                        for each in operands):
        return Flow(names=tuple(operands))
    return Flow(names=(UNKNOWN,))


def named(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``basename``, ``dirname``, ``realpath`` and ``readlink`` of what is known."""
    given = split(words[1:], "sm")
    if not given.operands:
        return NOTHING
    path = given.operands[0]
    if words[0] == "basename":
        made = posixpath.basename(path.rstrip("/"))
        suffix = given.value("-s", "--suffix") or "".join(given.operands[1:2])
        made = UNKNOWN if TREE in made else made.removesuffix(suffix)
    elif words[0] == "dirname":
        made = posixpath.dirname(path) or "."
    else:
        made = shell.place(path).path
    return Flow(text=made + "\n")


def constant(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """What is known of a host without asking it."""
    if words[0] == "mktemp":
        given = split(words[1:], "p", ("--tmpdir", "--suffix"))
        name = given.operands[0] if given.operands else "tmp.XXXXXXXXXX"
        folder = given.value("-p", "--tmpdir") or ("" if "/" in name else "/tmp")  # noqa: S108
        name = re.sub("X{3,}", UNKNOWN, name)
        return Flow(text=posixpath.join(folder, name) + "\n")
    known = {"pwd": shell.cwd, "hostname": shell.host, "whoami": "root"}
    return Flow(text=known[words[0]] + "\n")


def found(words: list[str]) -> list[str]:
    """The paths that ``find`` meets, as patterns."""
    starts = []
    for word in words[1:]:
        if word.startswith(("-", "(", "!")):
            break
        starts.append(word)
    pattern = next((value for name, value in pairwise(words)
                    if name in ("-name", "-iname")), None)
    return [f"{start.rstrip('/')}/{TREE if pattern is None else f'**/{pattern}'}"
            for start in starts or ["."]]


PROGRAMS = {
    "cp": cp, "mv": mv, "ln": ln, "install": install, "link": link, "rm": rm, "unlink": rm,
    "truncate": truncate, "shred": shred, "dd": dd, "tee": tee, "sponge": tee, "sleep": sleep,
    "sed": sed, "sort": sort, "mount": mount, "umount": mount,
    **dict.fromkeys(("cat", "head", "tail", "pv", "tac", "buffer", "mbuffer"), cat),
    **dict.fromkeys(("tr", "rev", "fold"), changed_text),
    **dict.fromkeys(("chmod", "chown", "chgrp", "chattr", "setfacl"), lock),
    "echo": echo, "printf": printf, "ls": listing,
    **dict.fromkeys(("basename", "dirname", "realpath", "readlink"), named),
    **dict.fromkeys(("mktemp", "pwd", "hostname", "whoami"), constant),
}
