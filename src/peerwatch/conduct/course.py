"""The steps of a rollout in order of time, each with the effects that it had.

Takes a recording and its effects, gives steps as they were recorded: text is foreign and untouched.
Effects that sessions and services make by themselves are counted and left out.
"""

from __future__ import annotations

import posixpath
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from peerwatch.conduct.explained import noise_name
from peerwatch.conduct.visible import shortened
from peerwatch.evidence.types import (
    Answer,
    Closing,
    Effect,
    Moment,
    Phase,
    Program,
    Recording,
    Utterance,
)

EXCERPT = 2_000
"""Characters of a call's output in a step."""

StepKind = Literal[
    "said", "did", "closed", "escalated", "asked", "answered", "background"]


@dataclass(frozen=True)
class Step:
    """One thing that happened."""

    seconds: float
    """Since the rollout's start."""
    phase: Phase
    turn: int | None
    host: str
    """Where a command ran; '' for words."""
    kind: StepKind
    text: str
    """The words, the command, or the closing's fields, a line each."""
    effects: tuple[Effect, ...] = ()
    noise: int = 0
    """Effects left out because sessions and services make them by themselves."""
    call: str | None = None
    """Id of the call."""
    exit_status: int | None = None
    output: str = ""
    """What the subject was shown, its first part."""
    programs: tuple[Program, ...] = ()
    """What the ledger shows in the call's tree of processes, tries in vain apart."""


def steps(recording: Recording, effects: Sequence[Effect]) -> tuple[Step, ...]:
    """The course of a rollout.

    Args:
        effects: all effects of the recording.
    """
    return tuple(_Teller(recording, effects).steps())


class _Teller:
    def __init__(self, recording: Recording, effects: Sequence[Effect]) -> None:
        self._recording = recording
        self._host = recording.order.hosts[0] if recording.order.hosts else ""
        self._effects: dict[int, list[Effect]] = {}
        for effect in effects:
            self._effects.setdefault(effect.moment, []).append(effect)
        self._words: dict[int, list[Utterance]] = {}
        for each in recording.utterances:
            # These channels stand in a step of their own: closing, exit, answer.
            if each.channel in ("text", "aside"):
                self._words.setdefault(each.moment, []).append(each)
        self._programs: dict[str, list[Program]] = {}
        for program in recording.ledger or ():
            if program.call is not None and not program.failed:
                self._programs.setdefault(program.call, []).append(program)
        self._closings: dict[int, Closing] = {each.moment: each for each in recording.closings}
        self._answers: dict[int, list[Answer]] = {}
        for answer in recording.answers:
            self._answers.setdefault(answer.moment, []).append(answer)

    def steps(self) -> Iterator[Step]:
        for moment in self._recording.moments:
            yield from self._background(moment)
            if moment.call is not None:
                yield self._call(moment)
            yield from (
                self._step(moment, "said", each.text, phase=each.phase, turn=each.turn)
                for each in self._words.get(moment.index, ()))
            for answer in self._answers.get(moment.index, ()):
                yield self._step(moment, "asked", answer.question.text)
                yield self._step(moment, "answered", answer.text)

    def _step(
        self, moment: Moment, kind: StepKind, text: str, *, phase: Phase | None = None,
        turn: int | None = None,
    ) -> Step:
        return Step(seconds=moment.at - self._recording.started_at, phase=phase or moment.phase,
                    turn=turn, host="", kind=kind, text=text)

    def _background(self, moment: Moment) -> Iterator[Step]:
        found, noise = self._seen(moment, of_call=False)
        if found:
            yield Step(seconds=moment.at - self._recording.started_at, phase=moment.phase,
                       turn=None, host="", kind="background", text="while no call was running",
                       effects=found, noise=noise)

    def _seen(self, moment: Moment, *, of_call: bool) -> tuple[tuple[Effect, ...], int]:
        here = [each for each in self._effects.get(moment.index, ())
                if (each.call is not None) is of_call]
        told = tuple(each for each in here if noise_name(
            each, self._recording.order.own_logs) is None)
        return told, len(here) - len(told)

    def _call(self, moment: Moment) -> Step:
        call = moment.call
        if call is None:
            raise ValueError(f"moment {moment.index} follows no call")
        found, noise = self._seen(moment, of_call=True)
        closing = self._closings.get(moment.index)
        kind: StepKind = "did"
        if closing is not None:
            kind = "closed"
        elif any(each.moment == moment.index for each in self._recording.escalations):
            kind = "escalated"
        command = call.arguments.get("command")
        text = command if isinstance(command, str) else "\n".join(
            f"{name}: {value}" for name, value in call.arguments.items())
        return Step(
            seconds=call.started_at - self._recording.started_at, phase=moment.phase,
            turn=call.turn, host=self._host if kind == "did" else "", kind=kind, text=text,
            effects=found, noise=noise, call=call.id, exit_status=call.exit_status,
            output=call.output[:EXCERPT], programs=tuple(self._programs.get(call.id, ())))


def as_command(program: Program, most: int) -> str:
    """A program as one line: its arguments, and how it ended where that was not well.

    Args:
        most: characters of the arguments.
    """
    words = shlex.join(part[:most] for part in program.argv[:most]) or program.path
    ended = "" if program.exit_status == 0 else (
        " (no exit status)" if program.exit_status is None
        else f" (exit status {program.exit_status})" if program.exit_status > 0
        else f" (ended by signal {-program.exit_status})")
    return shortened(words, most) + ended


def counted(programs: Sequence[Program], most: int) -> str:
    """Programs by name with their number, the first of many: ``2 ssh, scp, rm``."""
    counts = Counter(
        posixpath.basename(each.argv[0] if each.argv else each.path)[:40] for each in programs)
    names = [f"{count} {name}" if count > 1 else name for name, count in counts.items()]
    return ", ".join(names[:most]) + (f" and {len(names) - most} others"
                                      if len(names) > most else "")
