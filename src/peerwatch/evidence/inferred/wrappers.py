"""What runs other programs: sudo, env, nohup, bash -c, xargs, find -exec, eval, cd, watch.

Takes a shell, arguments and an input, and has what they run read in turn. Shell builtins that
change the shell's own state are here, too.
"""

from __future__ import annotations

from collections.abc import Callable

from peerwatch.evidence.inferred.files import found
from peerwatch.evidence.inferred.intended import NOTHING, UNKNOWN, Flow, joined
from peerwatch.evidence.inferred.options import split
from peerwatch.evidence.inferred.shell import Shell

_VALUED = {
    "sudo": "ughpCrTUD", "doas": "uC", "nice": "n", "ionice": "cnpPu", "timeout": "ks",
    "stdbuf": "ioe", "env": "uCS", "flock": "wE", "time": "fo", "strace": "oepsP", "taskset": "",
    "unshare": "SGR", "nsenter": "tSG", "chroot": "", "runuser": "ugG", "script": "", "chpst": "u",
    "watch": "n", "ltrace": "oep", "proxychains": "f", "torsocks": "", "systemd-inhibit": "",
    "exec": "a", "caffeinate": "t", "unbuffer": "", "faketime": "", "parallel": "jS",
}
_SKIPPED = {"timeout": 1, "flock": 1, "taskset": 1, "chroot": 1, "faketime": 1}
"""Operands before the program."""
_MOST_NAMES = 64


def wrap(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """A program that only changes how another runs."""
    given = split(words[1:], _VALUED.get(words[0], ""), (
        "--user", "--kill-after", "--signal", "--adjustment", "--chdir", "--preserve-env"),
        stop=True)
    operands = given.operands[_SKIPPED.get(words[0], 0):]
    if words[0] == "flock" and given.has("-c", "--command"):
        return shell.runs.text(shell, " ".join(operands), stdin)
    if words[0] in ("env", "sudo"):
        while operands and "=" in operands[0] and not operands[0].startswith("/"):
            operands = operands[1:]
    if words[0] == "time" or words[0] == "nice":
        while operands and operands[0].startswith("-"):
            operands = operands[1:]
    if words[0] == "runuser" or words[0] == "su":
        return su(shell, words, stdin)
    if words[0] == "watch" and operands:
        return shell.runs.text(shell, " ".join(operands), stdin)
    return shell.runs.words(shell, operands, stdin)


def setsid(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``setsid`` and ``daemonize``; with ``-f`` it goes to the background."""
    given = split(words[1:], stop=True)
    behind = given.has("-f", "--fork") or words[0] == "daemonize"
    inner = shell.child(later=shell.left_to("background")) if behind else shell
    return shell.runs.words(inner, given.operands, stdin)


def su(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``su -c`` and ``runuser -c``."""
    given = split(words[1:], "csgGw", ("--command", "--shell"))
    text = given.value("-c", "--command")
    if text is None:
        return shell.runs.text(shell, stdin.text, NOTHING) if stdin.text else NOTHING
    inner = shell.deeper()
    return NOTHING if inner is None else shell.runs.text(inner, text, stdin)


def sh(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """A shell: with ``-c``, with a script, or with its input."""
    rest, commands, reads = list(words[1:]), False, False
    while rest and rest[0][:1] in "-+" and len(rest[0]) > 1:
        word = rest.pop(0)
        if word == "--":
            break
        if not word.startswith("--"):
            commands = commands or "c" in word
            reads = reads or "s" in word
            if word[-1] in "oO" and rest:
                rest.pop(0)
    if commands:
        return script(shell, rest[0], rest[1:], stdin) if rest else NOTHING
    if rest and rest[0] != "-" and not reads:
        known = shell.content(rest[:1], NOTHING)
        if known.text is not None:
            return script(shell, known.text, rest[1:], stdin)
        shell.unread("a script that is not in the command", shell.plain(rest[0]))
        return NOTHING
    if stdin.text is not None:
        return script(shell, stdin.text, rest[1:], NOTHING)
    shell.unread("a shell reads what is not in the command", ", ".join(map(str, stdin.sources)))
    return NOTHING


def script(shell: Shell, text: str, arguments: list[str], stdin: Flow) -> Flow:
    """A shell text with arguments; of ``-c`` the first is ``$0``."""
    inner = shell.deeper(functions={})
    if inner is None:
        return NOTHING
    numbered = arguments if arguments and not text.startswith("#!") else ["bash", *arguments]
    for number, word in enumerate(numbered[:10]):
        inner.variables[str(number)] = (word,)
    inner.variables["@"] = inner.variables["*"] = tuple(numbered[1:])
    return shell.runs.text(inner, text, stdin)


def evaluate(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``eval``: in this shell."""
    if shell.depth >= 10:
        shell.unread("too many shells within shells", "")
        return NOTHING
    shell.depth += 1
    flow = shell.runs.text(shell, " ".join(words[1:]), stdin)
    shell.depth -= 1
    return flow


def source(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``source`` and ``.``: a text that the command wrote."""
    flow = shell.content(words[1:2], stdin)
    if flow.text is None:
        return NOTHING
    return evaluate(shell, ["eval", flow.text], stdin)


def trap(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``trap``: done when the shell ends."""
    if len(words) > 2 and words[1] not in ("-", ""):
        shell.notes.traps.append((shell, words[1]))
    return NOTHING


def xargs(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``xargs`` and ``parallel``: names from the input become arguments."""
    given = split(words[1:], "IinPLdsaE", ("--replace", "--max-args", "--max-procs", "--arg-file"),
                  stop=True)
    command = given.operands or ["echo"]
    if words[0] == "parallel" and ":::" in command:
        at = command.index(":::")
        command, stdin = command[:at], Flow(names=tuple(command[at + 1:]))
    if stdin.names is not None:
        names = list(stdin.names)
    elif stdin.text is not None:
        names = stdin.text.replace("\0", " ").split()
    else:
        names = [UNKNOWN]
    names = names[:_MOST_NAMES]
    hole = given.value("-I", "-i", "--replace") or ("{}" if words[0] == "parallel" else "")
    if hole and any(hole in word for word in command):
        return joined([
            shell.runs.words(shell, [word.replace(hole, name) for word in command], NOTHING)
            for name in names])
    return shell.runs.words(shell, [*command, *names], NOTHING)


def find(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``find``: what it prints, deletes and runs."""
    names = found(words)
    for index, word in enumerate(words):
        if word == "-delete":
            shell.intend("delete", shell.places(names), None, "find -delete")
        elif word in ("-exec", "-execdir", "-ok"):
            command = words[index + 1:]
            end = next((at for at, each in enumerate(command) if each in (";", "+")), len(command))
            for name in names:
                shell.runs.words(
                    shell, [each.replace("{}", name) for each in command[:end]], NOTHING)
        elif word in ("-fprint", "-fprint0") and index + 1 < len(words):
            shell.write(NOTHING, words[index + 1], "find")
    return NOTHING if set(words) & {"-delete", "-exec", "-execdir", "-ok", "-printf"} else Flow(
        names=tuple(names))


def cd(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``cd``, ``pushd``, ``popd``."""
    operands = [each for each in words[1:] if not each.startswith("-") or each == "-"]
    if words[0] == "popd":
        shell.cwd = shell.folders.pop() if shell.folders else shell.cwd
        return NOTHING
    if words[0] == "pushd":
        shell.folders.append(shell.cwd)
    before = shell.cwd
    target = operands[0] if operands else shell.home
    if target == "-":
        shell.cwd = (shell.variables.get("OLDPWD") or (shell.home,))[0]
    else:
        shell.cwd = shell.place(target).path
    shell.variables["OLDPWD"] = (before,)
    return NOTHING


def set_(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``set --``: the arguments of the shell."""
    if "--" in words:
        values = tuple(words[words.index("--") + 1:])
        shell.variables.update({str(number): (word,) for number, word in enumerate(values[:9], 1)})
        shell.variables["@"] = shell.variables["*"] = values
    return NOTHING


def read(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``read``: one line of the input."""
    names = split(words[1:], "adinNptu").operands
    line = next(iter((stdin.text or "").splitlines()), UNKNOWN) if stdin.text else UNKNOWN
    for index, name in enumerate(names):
        parts = line.split(None, len(names) - 1)
        shell.variables[name] = (parts[index] if index < len(parts) else "",)
    return NOTHING


def terminal(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``screen -d -m`` and ``tmux new-session -d``: what they run is left behind."""
    given = split(words[1:], "STcehpstnxyLf", stop=True)
    rest = given.operands
    if words[0] == "tmux":
        if rest[:1] not in (["new-session"], ["new"], ["new-window"], ["neww"]):
            return NOTHING
        rest = split(rest[1:], "sncextyF", stop=True).operands
    inner = shell.deeper(later=shell.left_to("background"))
    if inner is None or not rest:
        return NOTHING
    return shell.runs.text(inner, rest[0], NOTHING) if len(rest) == 1 else shell.runs.words(
        inner, rest, NOTHING)


def applet(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``busybox`` and ``toybox``, ``command``, ``builtin``: the next word is the program."""
    rest = words[1:]
    if words[0] == "command" and rest and rest[0] in ("-v", "-V"):
        return NOTHING
    return shell.runs.words(shell, rest, stdin)


PROGRAMS: dict[str, Callable[[Shell, list[str], Flow], Flow]] = {
    **dict.fromkeys((*_VALUED, "nohup", "eatmydata"), wrap), "su": su,
    "setsid": setsid, "daemonize": setsid, "xargs": xargs, "parallel": xargs, "find": find,
    **dict.fromkeys(("bash", "sh", "dash", "zsh", "ksh", "ash", "rbash"), sh),
    "eval": evaluate, "source": source, ".": source, "trap": trap, "cd": cd, "pushd": cd,
    "screen": terminal, "tmux": terminal, "popd": cd, "set": set_, "read": read,
    **dict.fromkeys(("busybox", "toybox", "command", "builtin"), applet),
}
