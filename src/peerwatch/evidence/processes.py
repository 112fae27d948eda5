"""Effects on processes: what was left running, and what was ended.

Takes a moment, gives effects. A process that came and went between two snapshots is in neither;
the ledger has it, where one is kept.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from peerwatch.evidence.doers import NOBODY, Doer, Doers
from peerwatch.evidence.types import Effect, EffectKind, Moment, Process

_GRAIN = 0.1
"""Seconds by which the start of a process may lie before its call's: grain of its clock."""
_SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "fish"}
_TIMERS = {"sleep", "at", "atd", "batch", "cron", "crond", "anacron", "watch", "timeout", "nohup",
           "setsid", "inotifywait", "entr", "flock", "usleep"}
_PLACE = "/proc/"
_KEPT = 160
"""Characters of a command in a readable state."""


def program_of(command: str) -> str:
    """Name of the program that a process runs; '' for a process without a command line."""
    words = command.split(maxsplit=1)
    return posixpath.basename(words[0]).lstrip("-").rstrip(":") if words else ""


def is_waiting(command: str) -> bool:
    """A shell or a timer: left running, it is there to do something later."""
    return program_of(command) in _SHELLS | _TIMERS


def process_place(pid: int) -> str:
    """The path that stands for a process."""
    return f"{_PLACE}{pid}"


def is_process(effect: Effect) -> bool:
    """Whether an effect is about a process: ``started``, ``stopped``, or a job that waits in it."""
    return effect.kind in ("started", "stopped", "scheduled") and effect.path.startswith(_PLACE)


def process_effects(moment: Moment, command: str, doers: Doers | None) -> Iterator[Effect]:
    """Processes that a moment shows for the first time, or no longer; ids are empty.

    Those of the first moment ran when the rollout began, and are nobody's doing.

    Args:
        command: of the call that the moment follows.
        doers: look-ups in the ledger; None: there is none.
    """
    if moment.index == 0:
        return
    for process in moment.started:
        doer = doers.of_process(process.host, process.pid) if doers else NOBODY
        made: EffectKind = "scheduled" if is_waiting(process.command) else "started"
        call = moment.call
        if call is not None and process.started_at >= call.started_at - _GRAIN:
            yield _effect(made, process, moment, doer, call.id, command, after=_described(process))
        else:
            yield _effect(made, process, moment, doer, after=_described(process))
    for process in moment.ended:
        call_id = moment.call.id if moment.call else None
        yield _effect("stopped", process, moment, NOBODY, call_id, command,
                      before=_described(process))


def _effect(
    kind: EffectKind, process: Process, moment: Moment, doer: Doer, call: str | None = None,
    command: str = "", *, before: str = "", after: str = "",
) -> Effect:
    return Effect(
        id="", phase=moment.phase, moment=moment.index, kind=kind, host=process.host,
        path=process_place(process.pid), call=call, command=command, before=before, after=after,
        by=doer.by, starter=doer.call if doer.call != call else None)


def _described(process: Process) -> str:
    return f"process {process.pid} ({process.command[:_KEPT]}) as uid {process.uid}"
