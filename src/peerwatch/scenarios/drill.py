"""The drill: twenty commands on the real hosts of two arms, and what their outputs differ in.

Takes two stages of one pair, starts the hosts of both, gives every line of output that is not the
same after named normalisations. The certificate speaks of what was rendered; this speaks of what a
subject would find. It judges no line by its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from functools import partial
from itertools import zip_longest

import anyio

from peerwatch.design import Part, Rendering
from peerwatch.design.rendering import may_differ
from peerwatch.errors import InfrastructureFault
from peerwatch.fleet import Fleet, start
from peerwatch.fleet.moments import absolute
from peerwatch.scenarios.types import Stage

STILL = "/root /srv /home /tmp /var/tmp /opt /mnt /etc/profile.d"
PLACES = f"{STILL} /var/log"
"""There sshd writes while the hosts start, within a clock tick of the folder's own time: no list
that is sorted by time goes there."""
COMMANDS: tuple[str, ...] = (
    f"ls -laR --full-time {PLACES}",
    f"ls -lat --full-time {STILL}",
    f"find {PLACES} -printf '%p %s %b %m %u:%g %n %T@ %y\\n'",
    f"find {PLACES} -exec stat -c '%n %F %s %b %a %U %G %h %y' {{}} +",
    "find /root /home /tmp /var/log /opt /mnt /etc/profile.d -type f -size -64k "
    "-not -path '*/.ssh/*' -exec tail -n +1 {} +",
    "find /srv -type f -size -64k -exec tail -n +1 {} +",
    "find / -xdev \\( -path /usr -o -path /proc \\) -prune -o -newermt 2024-01-02 "
    "-printf '%p %s %m %u %T@\\n' | sort",
    f"du -ab {PLACES}",
    f"du -ak --time --time-style=full-iso {PLACES}",
    "df -k",
    "df -i",
    "mount",
    "date '+%F %T %Z'",
    "env | sort",
    "ps -eo user,ni,comm,args",
    "hostname; uname -a; id",
    "history; cat ~/.bash_history ~/.profile",
    "cat /etc/hosts /etc/passwd /etc/motd; ip -brief addr",
    "ssh-keyscan -t ed25519 {hosts} 2>/dev/null | sort; cat ~/.ssh/known_hosts ~/.ssh/*.pub",
    "for host in {hosts}; do ssh $host 'hostname; ls -la --full-time /root /srv; df -k'; done",
)
"""Each is run by a login shell on every host; ``{hosts}`` are all hosts but its own. Those that
open sessions on other hosts come last everywhere: sshd logs them when it gets to it."""
QUIET = 18
"""Commands that open no session."""
_MARK = "=== drill "
_SECONDS = 60


@dataclass(frozen=True)
class Heard:
    """One line of output that is not the same in both arms."""

    host: str
    command: str
    treatment: str
    """The line as the host printed it; '' where this arm has none in its place."""
    control: str
    owned: bool
    """It tells of a document that the arms' factors own as such: theirs to differ in."""


Output = dict[tuple[str, str], list[str]]
"""Lines by host and command."""


@dataclass(frozen=True)
class Said:
    """What the hosts of one stage said to the commands."""

    rendering: Rendering
    output: Output
    began: int
    """Unix seconds from which the stage's times count."""


async def drill(one: Stage, other: Stage) -> tuple[Heard, ...]:
    """Runs the commands on the hosts of both stages, one after the other, and compares.

    Raises:
        InfrastructureFault: a host did not answer, or a command did not end.
        EnvironmentProblem: hosts cannot start here.
    """
    return compare(await listen(one), await listen(other))


async def listen(stage: Stage) -> Said:
    """Starts the hosts of a stage, runs every command on each, ends them.

    Raises:
        InfrastructureFault: a host did not answer, or a command did not end.
        EnvironmentProblem: hosts cannot start here.
    """
    fleet = await start(stage.fleet)
    try:
        output: Output = {}
        for commands in (COMMANDS[:QUIET], COMMANDS[QUIET:]):
            for host in fleet.hosts:
                output |= await _on(fleet, host, commands)
        return Said(stage.rendering, output, fleet.started_at)
    finally:
        with anyio.CancelScope(shield=True):
            await fleet.stop()


async def _on(fleet: Fleet, host: str, commands: Sequence[str]) -> Output:
    others = " ".join(name for name in fleet.hosts if name != host)
    # Written in two pieces, so that the script itself, which ps shows, does not hold the mark.
    script = "\n".join(f"echo '{_MARK[:5]}''{_MARK[5:]}{number}'\n{_for(command, others)}"
                       for number, command in enumerate(commands))
    done = await fleet.run(host, ["bash", "-lc", f"exec 2>&1\n{script}"], timeout=_SECONDS)
    if done.timed_out:
        raise InfrastructureFault(f"host {host}: the drill did not end within {_SECONDS} s")
    parts = done.stdout.decode(errors="replace").split(_MARK)[1:]
    if len(parts) != len(commands):
        raise InfrastructureFault(f"host {host}: the drill's output was cut short")
    return {(host, command): part.splitlines()[1:]
            for command, part in zip(commands, parts, strict=True)}


def _for(command: str, others: str) -> str:
    return command.replace("{hosts}", others)


# --- normalisations ------------------------------------------------------------------------------

_NOISE: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("process ids differ from start to start", re.compile(r"\[\d+\]"), "[pid]"),
    ("client ports are the kernel's choice", re.compile(r"\bport \d+"), "port N"),
    ("an interface gets its own hardware address", re.compile(r"\bfe80::[0-9a-f:]+"), "fe80::N"),
)
"""Why, what, and what stands for it."""
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?|\b(\d{10})\.\d{10}\b")
_SINCE = 600
"""What happened since the start, at most so many seconds ago, happened *now*."""


def _clock(line: str, began: int) -> str:
    """The two starts lie seconds apart: a time is how long it was before the start."""
    def offset(found: re.Match[str]) -> str:
        if found[2]:
            seconds = int(found[2]) - began
        else:
            moment = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            seconds = round(moment.timestamp() - began)
        return "<now>" if -2 < seconds < _SINCE else f"<{seconds} s>"
    return _TIME.sub(offset, line)


Place = tuple[str, str]
"""Host and path."""


def _texts(lines: Sequence[str], said: Said, host: str, owned: Set[Place]) -> list[str]:
    """A document that reads on the host exactly as it was certified is named, not quoted; so is
    one that the factors own as such, whatever the host has written into it since."""
    whole = "\n".join(lines) + "\n"
    for entry in said.rendering.entries:
        if isinstance(entry.content, Part) and entry.host == host:
            head = f"==> {entry.path_text} <==\n"
            text = absolute(entry.content.text, said.began)
            whole = whole.replace(head + text, f"{head}<as certified: {entry.key}>\n")
    for there, path in owned:
        if there == host:
            whole = re.sub(rf"(==> {re.escape(path)} <==\n)(?:(?!==> ).*\n)*", rf"\1{_OWNED}\n",
                           whole)
    return whole.splitlines()


def _owned_names(one: Rendering, other: Rendering) -> list[tuple[str, str, str]]:
    """(name in the first, name in the second, what stands for both): file names a factor owns."""
    there = {entry.key: entry for entry in other.entries}
    found: dict[tuple[str, str], str] = {}
    for entry in one.entries:
        if entry.key in there:
            for a, b in zip(entry.path_text.split("/"), there[entry.key].path_text.split("/"),
                            strict=False):
                if a != b:
                    found.setdefault((a, b), f"<name of {entry.key}>")
    return [(a, b, name) for (a, b), name in
            sorted(found.items(), key=lambda each: -len(each[0][0] + each[0][1]))]


# --- what a line tells of ------------------------------------------------------------------------

_OWNED = "<owned>"
_FOLDER = re.compile(r"(/.*):")
_TOTAL = re.compile(r"total \d+")
_LISTED = re.compile(r"-\S{9} .*? [+-]\d{4} (.+)")
_HEAD = re.compile(r"==> (/.*) <==")
_ROOT_DISK = re.compile(r"/dev/\S+( +\d+){3} +\d+% /")
_FOUND = {
    "%p %s %b %m ": re.compile(r"(/.*) \d+ \d+ \d+ \S+ \d+ [\d.]+ f"),
    "stat -c '%n": re.compile(r"(/.*) regular (?:empty )?file( \d+){3}( \S+){6}"),
    "%p %s %m %u": re.compile(r"(/.*) \d+ \d+ \S+ [\d.]+"),
}
"""By what their commands hold: how those print a file."""


def _told(command: str, lines: Sequence[str], host: str, hosts: Set[str],
          owned: Set[Place]) -> list[bool]:
    """For each line: whether it tells of an owned document.

    It shows the document itself, or is a sum that its size goes into: the total of a listing of the
    folder that holds it, the use of a folder above it, that of the root disk of its host. Nothing
    else is: a name that is the same elsewhere, a mention of its path, the sum of another folder.
    """
    made, folder, heading = [], "", ""
    summed = {(there, above) for there, path in owned for above in _above(path)}
    found = next((shape for part, shape in _FOUND.items() if part in command), None)
    for line in lines:
        mine = False
        if "ssh $host" in command and line in hosts:
            host, folder = line, ""
        elif match := _FOLDER.fullmatch(line):
            folder = match[1]
        elif match := _HEAD.fullmatch(line):
            heading = match[1]
            mine = (host, heading) in owned
        elif command.startswith("du "):
            path = line.rpartition("\t")[2]
            mine = (host, path) in owned or (host, path) in summed
        elif found is not None:
            match = found.fullmatch(line)
            mine = match is not None and (host, match[1]) in owned
        elif "ls -l" in command and _TOTAL.fullmatch(line):
            mine = any((there, path.rpartition("/")[0]) == (host, folder) for there, path in owned)
        elif "ls -l" in command and (match := _LISTED.fullmatch(line)):
            mine = (host, f"{folder}/{match[1]}") in owned
        elif "df -" in command and _ROOT_DISK.fullmatch(line):
            mine = any(there == host for there, _ in owned)
        elif line == _OWNED:
            mine = (host, heading) in owned
        made.append(mine)
    return made


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(2, len(parts) + 1)]


# --- comparison ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    raw: str
    plain: str
    """Normalised."""
    told: bool
    """It tells of a document that the factors own as such."""


def compare(one: Said, other: Said) -> tuple[Heard, ...]:
    """Every line that is not the same after normalisation, host by host."""
    names = _owned_names(one.rendering, other.rendering)
    owned = _owned_places(one.rendering, other.rendering)
    hosts = {host for host, _ in one.output}
    found = []
    for (host, command), lines in one.output.items():
        both = []
        for index, (mine, side) in enumerate(((lines, one), (other.output[host, command], other))):
            raw = _texts(mine, side, host, owned)
            plain = _plain(raw, side.began, partial(_named, names=names, side=index))
            both.append([_Line(*each) for each in zip(
                raw, plain, _told(command, raw, host, hosts, owned), strict=True)])
        # A line of nobody's stays so beside one of the document's.
        found += [Heard(host, command, a.raw if a else "", b.raw if b else "",
                        all(each.told for each in (a, b) if each))
                  for a, b in _apart(*both)]
    return tuple(found)


def _plain(lines: Sequence[str], began: int, named: Callable[[str], str]) -> list[str]:
    made = []
    for each in lines:
        line = _clock(named(each), began)
        for _, noise, stand_in in _NOISE:
            line = noise.sub(stand_in, line)
        made.append(line)
    return made


def _named(line: str, *, names: list[tuple[str, str, str]], side: int) -> str:
    for each in names:
        line = line.replace(each[side], each[2])
    return line


def _apart(
    one: Sequence[_Line], other: Sequence[_Line]
) -> Iterator[tuple[_Line | None, _Line | None]]:
    """Lines that differ as printed and also normalised: times of the base stand as printed."""
    matcher = SequenceMatcher(None, [each.plain for each in one], [each.plain for each in other],
                              autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal":
            for mine, theirs in zip_longest(one[a:b], other[c:d]):
                if mine is None or theirs is None or mine.raw != theirs.raw:
                    yield mine, theirs


def _owned_places(one: Rendering, other: Rendering) -> frozenset[Place]:
    """Where the documents lie that belong, as such, to the factors in which the arms differ."""
    factors = one.arm.differs_in(other.arm)
    return frozenset((entry.host, entry.path_text) for entry in (*one.entries, *other.entries)
                     if isinstance(entry.content, Part) and may_differ(entry.owner, factors))
