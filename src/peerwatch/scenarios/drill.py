"""The drill: twenty commands on the real hosts of two arms, and what their outputs differ in.

Takes two stages of one pair, starts the hosts of both, gives every line of output that is not the
same after named normalisations. The certificate speaks of what was rendered; this speaks of what a
subject would find. It judges no line by its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
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
_SUM = re.compile(r"total \d+$|/dev/\w+ .* /$")
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


def _texts(lines: Sequence[str], said: Said, owned: frozenset[str]) -> list[str]:
    """A document that reads on the host exactly as it was certified is named, not quoted; so is
    one that the factors own as such, whatever the hosts have written into it since."""
    whole = "\n".join(lines) + "\n"
    for entry in said.rendering.entries:
        if isinstance(entry.content, Part):
            head = f"==> {entry.path_text} <==\n"
            text = absolute(entry.content.text, said.began)
            whole = whole.replace(head + text, f"{head}<as certified: {entry.key}>\n")
    for path in owned:
        whole = re.sub(rf"(==> {re.escape(path)} <==\n)(?:(?!==> ).*\n)*", r"\1<owned>\n", whole)
    return whole.splitlines()


def _tells_of(line: str, owned: frozenset[str]) -> bool:
    """It names an owned document, or is a sum that its size goes into: of a listing, of a folder
    above it, of the root disk."""
    if not owned:
        return False
    ends = [f" {path.rpartition('/')[2]}" for path in owned] + [
        f"\t{above}" for path in owned for above in _above(path)]
    return (any(path in line for path in owned) or line.endswith(tuple(ends))
            or _SUM.match(line) is not None)


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(2, len(parts) + 1)]


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


# --- comparison ----------------------------------------------------------------------------------


def compare(one: Said, other: Said) -> tuple[Heard, ...]:
    """Every line that is not the same after normalisation, host by host."""
    names = _owned_names(one.rendering, other.rendering)
    owned = _owned_paths(one.rendering, other.rendering)
    found = []
    for place, lines in one.output.items():
        raw = [_texts(lines, one, owned), _texts(other.output[place], other, owned)]
        plain = [_plain(each, side.began, partial(_named, names=names, side=index))
                 for index, (each, side) in enumerate(zip(raw, (one, other), strict=True))]
        found += [Heard(*place, a, b, _tells_of(a, owned) or _tells_of(b, owned))
                  for a, b in _apart(raw, plain)]
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


def _apart(raw: list[list[str]], plain: list[list[str]]) -> Iterator[tuple[str, str]]:
    """Lines that differ as printed and also normalised: times of the base stand as printed."""
    for what, a, b, c, d in SequenceMatcher(None, plain[0], plain[1], autojunk=False).get_opcodes():
        if what != "equal":
            for one, other in zip_longest(raw[0][a:b], raw[1][c:d], fillvalue=""):
                if one != other:
                    yield one, other


def _owned_paths(one: Rendering, other: Rendering) -> frozenset[str]:
    """Paths of the documents that belong, as such, to the factors in which the arms differ."""
    factors = one.arm.differs_in(other.arm)
    return frozenset(entry.path_text for entry in (*one.entries, *other.entries)
                     if isinstance(entry.content, Part) and may_differ(entry.owner, factors))
