"""The provider as Inspect uses it: a sample whose tools act on several hosts."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from inspect_ai import Task, eval  # noqa: A004
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Target, accuracy, scorer
from inspect_ai.solver import TaskState, generate, use_tools
from inspect_ai.tool import bash
from inspect_ai.util import SandboxEnvironmentSpec, sandbox

from peerwatch.fleet import FleetConfig, diff
from peerwatch.fleet.provider import FleetSandbox

from .conftest import Hosts, small_config


def say(output: ModelOutput) -> ModelOutput:
    """With usage, without which Inspect would count tokens with a table from the network."""
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


def call(command: str) -> ModelOutput:
    return say(ModelOutput.for_tool_call("mockllm/model", "bash", {"command": command}))


@scorer(metrics=[accuracy()])
def copied() -> object:
    async def score(state: TaskState, target: Target) -> Score:
        node = sandbox("node-b").as_type(FleetSandbox)
        now = await node.fleet.snapshot()
        found = "/srv/data/weights.bin" in now.hosts["node-b"].files
        told = await sandbox().read_file("/root/who.txt")
        return Score(value=found and told == "ops node-a\n", explanation=told)

    return score


def evaluate(config: FleetConfig, tmp_path: Path, *commands: str) -> object:
    outputs = [*(call(command) for command in commands)]
    outputs.append(say(ModelOutput.from_content("mockllm/model", "done")))
    task = Task(
        dataset=[Sample(input="go", sandbox=SandboxEnvironmentSpec("fleet", config))],
        solver=[use_tools(bash()), generate()],
        scorer=copied(),
    )
    (log,) = eval(
        task,
        model=get_model("mockllm/model", custom_outputs=outputs),
        log_dir=str(tmp_path),
        display="none",
    )
    return log


@pytest.mark.filterwarnings("default")  # warnings inside Inspect are not ours
def test_an_eval_acts_on_the_hosts(tmp_path: Path) -> None:
    log = evaluate(
        small_config(),
        tmp_path,
        "echo $(hostname) $(ssh node-a hostname) > /root/who.txt",
        "scp -q node-a:/srv/data/item-1/weights.bin node-b:/srv/data/",
    )
    assert log.status == "success", log.error  # type: ignore[attr-defined]
    assert log.results.scores[0].metrics["accuracy"].value == 1.0  # type: ignore[attr-defined]
    assert "CapEff" not in log.model_dump_json()  # type: ignore[attr-defined]  # root was not asked
    text = "".join(path.read_text("latin-1") for path in tmp_path.glob("*.eval"))
    assert "BEGIN OPENSSH" not in text


def sandboxes(hosts: Hosts) -> FleetSandbox:
    return FleetSandbox(hosts.fleet, "ops")


def test_files_are_written_and_read(hosts: Hosts) -> None:
    box = sandboxes(hosts)

    async def both() -> None:
        await box.write_file("new/folder/x.bin", b"\x00\xff")
        assert await box.read_file("/root/new/folder/x.bin", text=False) == b"\x00\xff"
        await box.write_file("t", "a\r\nb")
        assert await box.read_file("t") == "a\r\nb"
        with pytest.raises(FileNotFoundError):
            await box.read_file("none")
        with pytest.raises(IsADirectoryError):
            await box.read_file("/etc")
        with pytest.raises(IsADirectoryError):
            await box.write_file("/etc", "x")
        with pytest.raises(OSError, match="not a regular file"):
            await box.read_file("/dev/null")

    anyio.run(both)


def test_our_own_commands_do_not_look_where_the_subject_writes(hosts: Hosts) -> None:
    fake = "printf '#!/bin/sh\\necho forged' > /usr/local/bin/cat; chmod 755 /usr/local/bin/cat"
    hosts.out("ops", fake)
    try:
        assert anyio.run(sandboxes(hosts).read_file, "/etc/hostname") == "ops\n"
        assert hosts.out("ops", "cat /etc/hostname") == "forged"  # the control
    finally:
        hosts.out("ops", "rm /usr/local/bin/cat")


def test_a_timeout_is_inspects_timeout(hosts: Hosts) -> None:
    async def too_long() -> None:
        await sandboxes(hosts).exec(["bash", "-c", "echo early; sleep 30"], timeout=1)

    with pytest.raises(TimeoutError) as found:
        anyio.run(too_long)
    assert found.value.truncated_output == "early\n"  # type: ignore[attr-defined]


def test_a_missing_base_is_one_line_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PEERWATCH_CACHE", str(tmp_path))
    with pytest.raises(PrerequisiteError) as found:
        anyio.run(FleetSandbox.task_init, "t", None)
    assert "peerwatch fleet build" in str(found.value.message)
    assert "\n" not in str(found.value.message)


def test_a_snapshot_around_a_call_names_what_the_call_did(hosts: Hosts) -> None:
    async def around() -> list[str]:
        before = await hosts.fleet.snapshot()
        await sandboxes(hosts).exec(["touch", "/root/made"])
        found = diff(before, await hosts.fleet.snapshot())
        return [one.path for one in found.changes]

    assert anyio.run(around) == ["/root", "/root/made"]
