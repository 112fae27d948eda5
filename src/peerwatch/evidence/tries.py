"""What the subject set out to do, command by command, with how each of it ended.

Takes a recording, gives tries: what commands would do (``inferred``), held against the command
ledger where the hosts keep one, else with the exit status of the whole call. It says what was
tried, never what resulted: that is read from the machines.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from peerwatch.evidence.inferred import Intended, Reading, of_argv, of_command
from peerwatch.evidence.types import Call, Moment, Program, Recording

_LASTING = ("at", "cron", "timer")
_CARRIERS = frozenset((
    "bash", "sh", "dash", "zsh", "ksh", "ssh", "sudo", "su", "runuser", "env", "nohup", "timeout",
    "setsid", "nice", "ionice", "xargs", "find", "flock", "stdbuf", "parallel"))
"""Programs whose own end does not tell how what they run ended; that has an entry of its own."""
_newest: tuple[Recording, tuple[Try, ...]] | None = None


@dataclass(frozen=True)
class Try:
    """One intended effect of one call."""

    intended: Intended
    moment: int
    """Index of the moment after the call."""
    order: int
    """Its place among what the call would do, from 0."""
    call: Call
    exit_status: int | None
    """Of the program that does it, where the ledger has it; else of the whole call. None: ended
    for time, still running, or not known."""
    ran: bool | None
    """The ledger shows the program that does it; None: no ledger, or no program of its own."""
    running: bool | None
    """At the end of its phase its program still ran, or, where that was not started, something that
    the call had started. None: no ledger."""

    @property
    def failed(self) -> bool:
        """It ended, and not well."""
        return self.exit_status is not None and self.exit_status != 0


def tries(recording: Recording) -> tuple[Try, ...]:
    """Everything that the subject's commands would do, in the order of the calls.

    Those of the recording that was asked for last are kept.
    """
    global _newest
    kept = _newest
    if kept is not None and kept[0] is recording:
        return kept[1]
    made = tuple(each for moment in recording.moments if moment.call is not None
                 for each in _of_call(recording, moment, moment.call))
    _newest = (recording, made)
    return made


def unread(recording: Recording, first: int, last: int) -> tuple[str, ...]:
    """Excerpts of what could not be read of the commands from one moment to another."""
    return tuple(dict.fromkeys(
        each for moment in recording.moments[first:last + 1] if moment.call is not None
        for each in _reading(_command(moment.call), own_host(recording)).unread))


def own_host(recording: Recording) -> str:
    """The host on which the subject's commands run."""
    return recording.order.hosts[0] if recording.order.hosts else ""


@lru_cache(maxsize=512)
def _reading(command: str, host: str) -> Reading:
    return of_command(command, host)


def _command(call: Call) -> str:
    command = call.arguments.get("command")
    return command if isinstance(command, str) else ""


def _of_call(recording: Recording, moment: Moment, call: Call) -> Iterator[Try]:
    programs = None if recording.ledger is None else [
        each for each in recording.ledger if each.call == call.id]
    reading = _reading(_command(call), own_host(recording))
    shown = _shown(programs or ())
    end = _end_of_phase(recording, moment)
    any_left = None if programs is None else any(_is_running(each, end) for each in programs)
    seen: set[Intended] = set()
    for order, intended in enumerate(reading.intended):
        key = _plain(intended)
        program = shown.get(key)
        seen.add(key)
        ran = None
        if programs is not None and _has_program(intended):
            ran = program is not None
        yield Try(intended, moment.index, order, call,
                  call.exit_status if program is None else program.exit_status, ran,
                  any_left if program is None else _is_running(program, end))
    # What a script did that the command does not hold.
    for order, (key, program) in enumerate(shown.items(), start=len(reading.intended)):
        if key not in seen:
            yield Try(key, moment.index, order, call, program.exit_status, True,
                      _is_running(program, end))


def _plain(intended: Intended) -> Intended:
    """An intended effect without what only the command's text tells of it."""
    how = intended.how.rpartition(" | ")[2]
    return replace(intended, how=posixpath.basename(how), later="", sure=True, text="")


def _has_program(intended: Intended) -> bool:
    """Whether one program does it all: pipes and redirections are the shell's."""
    return bool(intended.how) and not {"|", ">"} & set(intended.how) and intended.kind not in (
        "write", "schedule", "message") and intended.later not in _LASTING


def _shown(programs: list[Program] | tuple[()]) -> dict[Intended, Program]:
    """What the programs of a call would do; of several that would do the same, the last.

    What was never a program, and what the ledger has cut, shows nothing.
    """
    found: dict[Intended, Program] = {}
    for program in programs:
        name = posixpath.basename(program.argv[0]) if program.argv else ""
        if program.failed or program.cut or name in _CARRIERS:
            continue
        for intended in of_argv(program.argv, program.host, cwd=program.cwd).intended:
            if intended.sure and not intended.later:
                found[_plain(intended)] = program
    return found


def _end_of_phase(recording: Recording, moment: Moment) -> float:
    last = next((each.last_moment for each in recording.phases
                 if each.first_moment <= moment.index <= each.last_moment), -1)
    return recording.moments[last].at


def _is_running(program: Program, end: float) -> bool:
    return program.exit_status is None if program.ended_at is None else program.ended_at > end
