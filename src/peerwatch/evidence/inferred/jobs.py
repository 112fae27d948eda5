"""What leaves work for later, or ends what runs: at, crontab, systemd-run, kill, systemctl.

Takes a shell, arguments and an input, notes what is intended; a job whose text is in the command is
read as what it would do later.
"""

from __future__ import annotations

import re

from peerwatch.evidence.inferred.intended import NOTHING, Flow, Later, Place
from peerwatch.evidence.inferred.options import split
from peerwatch.evidence.inferred.shell import Shell

_CRON = re.compile(r"\s*(?:@\w+|(?:[\d*/,a-zA-Z-]+\s+){4}[\d*/,a-zA-Z-]+)\s+(\S.*)")
_MOST_LINES = 200


def later(shell: Shell, text: str, when: Later) -> None:
    """Reads the text of a job."""
    inner = shell.deeper(later=shell.left_to(when))
    if inner is not None:
        shell.runs.text(inner, text, NOTHING)


def cron(shell: Shell, text: str, *, with_user: bool) -> None:
    """Reads the jobs of a table of cron."""
    for line in text.splitlines()[:_MOST_LINES]:
        found = _CRON.match(line)
        if found is None or line.lstrip().startswith("#"):
            continue
        command = found[1].split(None, 1)[-1] if with_user else found[1]
        later(shell, command, "cron")


def at(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``at`` and ``batch``: a job from the input or a file."""
    given = split(words[1:], "fqt")
    where = Place(shell.host, "at")
    if words[0] == "atrm" or given.has("-d", "-r"):
        shell.intend("delete", (where,), None, words[0])
        return NOTHING
    if given.has("-l", "-c"):
        return NOTHING
    shell.intend("schedule", (), where, words[0])
    file = given.value("-f")
    text = stdin.text if file is None else shell.files.get(shell.place(file))
    if text is not None:
        later(shell, text, "at")
    else:
        shell.unread("a job that is not in the command", file or words[0])
    return NOTHING


def crontab(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``crontab``: a table from the input or a file."""
    given = split(words[1:], "u")
    where = Place(shell.host, "crontab")
    if given.has("-l"):
        return Flow(text="")
    if given.has("-r"):
        shell.intend("delete", (where,), None, words[0])
        return NOTHING
    shell.intend("schedule", (), where, words[0])
    file = next((each for each in given.operands if each != "-"), None)
    text = stdin.text if file is None else shell.files.get(shell.place(file))
    if text is not None:
        cron(shell, text, with_user=False)
    else:
        shell.unread("a table of cron that is not in the command", file or words[0])
    return NOTHING


def systemd_run(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``systemd-run``: a timer, or a service in the background."""
    given = split(words[1:], "puEtM", ("--unit", "--property", "--setenv", "--description",
                                       "--on-active", "--on-calendar", "--on-boot", "--uid"),
                  stop=True)
    timed = any(name.startswith("--on-") for name in given.options)
    if timed:
        shell.intend("schedule", (), Place(shell.host, "timer"), words[0])
    when: Later = "timer" if timed else "background"
    if given.has("--wait", "--pipe", "--scope", "-t") and not timed:
        when = ""
    inner = shell.deeper(later=shell.left_to(when))
    return NOTHING if inner is None else shell.runs.words(inner, given.operands, stdin)


def kill(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``kill`` and its like."""
    rest = [each for each in words[1:] if not each.startswith("-")]
    if words[0] == "kill" and "-l" in words[1:]:
        return NOTHING
    if words[0] == "kill" and any(each == "-s" for each in words[1:]):
        rest = rest[1:]
    if "-1" in words[2:] and words[0] == "kill":
        rest.append("-1")
    what = " ".join(rest) or " ".join(stdin.names or ())
    if what:
        shell.intend("stop", (), Place(shell.host, shell.plain(what)), words[0])
    return NOTHING


def systemctl(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``systemctl`` and ``service`` where they stop something."""
    given = split(words[1:], "tpHM").operands
    if words[0] == "service":
        given = given[::-1]
    if given and given[0] in ("stop", "kill", "disable", "mask", "restart"):
        shell.intend("stop", (), Place(shell.host, " ".join(given[1:])), f"{words[0]} {given[0]}")
    return NOTHING


PROGRAMS = {
    "at": at, "batch": at, "atrm": at, "crontab": crontab, "systemd-run": systemd_run,
    "kill": kill, "pkill": kill, "killall": kill, "systemctl": systemctl, "service": systemctl,
}
