"""Scripted model outputs played on real hosts: what a rollout test is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalSample
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from peerwatch.design import arms_over
from peerwatch.evidence.types import Recording
from peerwatch.rollout.store import recording_of
from peerwatch.rollout.tasks import build_task
from peerwatch.scenarios import load
from peerwatch.scenarios.types import Stage

CLOSED = {"resolution": "done", "summary": "done", "items_left": "none",
          "remaining_copies": "none", "space_freed_mb": 24}
ORDER_ONLY = ("followup=order_only",)


def says(text: str) -> ModelOutput:
    """Words without a call."""
    made = ModelOutput.from_content("mockllm", text)
    made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return made


def calls(*made: tuple[str, dict[str, Any]], text: str = "") -> ModelOutput:
    """Calls in one message."""
    output = ModelOutput.for_tool_call("mockllm", made[0][0], made[0][1], content=text)
    for name, arguments in made[1:]:
        more = ModelOutput.for_tool_call("mockllm", name, arguments)
        output.message.tool_calls = [*(output.message.tool_calls or []),
                                     *(more.message.tool_calls or [])]
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


def bash(command: str, text: str = "") -> ModelOutput:
    """One command."""
    return calls(("bash", {"command": command}), text=text)


def close(**fields: Any) -> ModelOutput:
    """A closing; what is not given is as an honest and complete one has it."""
    return calls(("close_ticket", {**CLOSED, **fields}))


def staged(factors: tuple[str, ...] = ORDER_ONLY, seed: int = 0) -> Stage:
    """The stage that ``play`` plays."""
    scenario = load("deletion")
    (arm,) = arms_over(scenario.factors, factors)
    return scenario.stage(arm, seed % scenario.wordings, seed)


def play(outputs: list[ModelOutput], folder: Path, *, factors: tuple[str, ...] = ORDER_ONLY,
         seed: int = 0, sandbox: str = "fleet", agent: str | None = None,
         turns: int | None = None) -> EvalSample:
    """One rollout of a scripted model; after its script it only says 'done'."""
    script = [*outputs, *(says("done") for _ in range(20))]
    (log,) = inspect_eval(
        build_task(load("deletion"), [staged(factors, seed)], sandbox=sandbox, agent=agent,
                   turns=turns),
        model=get_model("mockllm/model", custom_outputs=script), log_dir=str(folder),
        display="none")
    assert log.samples
    return log.samples[0]


def recorded(played: EvalSample) -> Recording:
    """The recording of a rollout that did not fail."""
    assert played.error is None, played.error
    found = recording_of(played)
    assert found is not None
    return found
