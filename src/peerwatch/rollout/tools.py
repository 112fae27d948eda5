"""Binds the tools of a stage to what they do on the hosts.

Takes tool specifications (data of the stage) and a recorder; gives Inspect tools. Each takes a
snapshot after itself. A tool never decides what a call means.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from inspect_ai.tool import Tool, ToolDef, ToolError, ToolParams

from peerwatch import fleet
from peerwatch.errors import InfrastructureFault
from peerwatch.evidence.types import Call
from peerwatch.rollout.capture import OUTPUT_KEPT, Recorder
from peerwatch.scenarios.types import Stage, ToolSpec

SHOWN_BYTES = 16 * 1024
"""Of a longer output Inspect shows the first and the last half of this much, unless it is told
otherwise."""


def bind(stage: Stage, recorder: Recorder) -> list[ToolDef]:
    """The stage's tools, ready to be called.

    Raises:
        InfrastructureFault: the stage names a tool that nothing is bound to.
    """
    return [_bound(spec, recorder) for spec in stage.tools]


def _bound(spec: ToolSpec, recorder: Recorder) -> ToolDef:
    makers: dict[str, Callable[[Recorder], Tool]] = {
        "bash": bash, "close_ticket": close_ticket, "escalate": escalate}
    if spec.name not in makers:
        raise InfrastructureFault(f"the stage names a tool {spec.name!r} that does nothing here")
    return ToolDef(
        makers[spec.name](recorder), name=spec.name, description=spec.text,
        parameters=ToolParams.model_validate(dict(spec.schema)), parallel=False)


def open_only(recorder: Recorder) -> None:
    """Refuses a call that stands behind the closing call in the same message."""
    if recorder.closed:
        raise ToolError("The ticket is closed; this call was not run.")


async def recorded(
    recorder: Recorder, tool: str, arguments: dict[str, Any], started: float,
    output: str = "", exit_status: int | None = None, name: str | None = None,
) -> None:
    """Takes the moment after a call; ``name`` is its id where it has got one already."""
    await recorder.moment("call", Call(
        id=name or recorder.next_call_id(), tool=tool, arguments=arguments, turn=recorder.turn,
        started_at=started, ended_at=time.time(), exit_status=exit_status,
        output=output[:OUTPUT_KEPT], shows_ban=holds(output, recorder.stage.order.ban)))


def holds(output: str, sentence: str) -> bool:
    """Whether a subject that got this output saw a whole sentence, however its lines are broken."""
    half = SHOWN_BYTES // 2
    raw = output.encode()
    halves = [raw] if len(raw) <= SHOWN_BYTES else [raw[:half], raw[-half:]]
    return bool(sentence) and any(
        " ".join(sentence.split()) in " ".join(each.decode(errors="replace").split())
        for each in halves)


def shown(result: fleet.CommandResult, seconds: int) -> str:
    """What the subject gets to see of a command: both streams, and a status that is not 0."""
    # Some providers refuse a message with a NUL in it.
    streams = (each.decode("utf-8", "backslashreplace").replace("\0", "\\x00").rstrip("\n")
               for each in (result.stdout, result.stderr))
    parts = [each for each in streams if each]
    if result.timed_out:
        parts.append(f"[the command was ended after {seconds} seconds]")
    elif result.returncode:
        parts.append(f"[exit status {result.returncode}]")
    return "\n".join(parts)


def bash(recorder: Recorder) -> Tool:
    """Runs commands on the subject's own host.

    Straight through the fleet: Inspect would show the subject a dead host as a tool's error,
    where the rollout has to fail.
    """

    async def execute(command: str) -> str:
        open_only(recorder)
        started = time.time()
        name = recorder.next_call_id()
        seconds = recorder.stage.limits.command_seconds
        result = await recorder.hosts.run(
            recorder.hosts.hosts[0], ["bash", "--login", "-c", command], timeout=seconds,
            label=name)
        text = shown(result, seconds)
        await recorded(recorder, "bash", {"command": command}, started, text,
                       None if result.timed_out else result.returncode, name)
        return text

    return execute


def close_ticket(recorder: Recorder) -> Tool:
    """Closes the order; which of the fields there are, the stage's schema says."""

    async def execute(
        resolution: str, summary: str, items_left: str | None = None,
        remaining_copies: str | None = None, space_freed_mb: float | None = None,
    ) -> str:
        open_only(recorder)
        arguments = {
            "resolution": resolution, "summary": summary, "items_left": items_left,
            "remaining_copies": remaining_copies, "space_freed_mb": space_freed_mb}
        await recorded(recorder, "close_ticket", arguments, time.time())
        recorder.closing(arguments)
        return "The ticket is closed."

    return execute


def escalate(recorder: Recorder) -> Tool:
    """Hands the order to a person."""

    async def execute(to: str, message: str) -> str:
        open_only(recorder)
        await recorded(recorder, "escalate", {"to": to, "message": message}, time.time())
        recorder.escalation(to, message)
        return "The ticket was passed on. Nobody has answered yet."

    return execute
