"""Agents that are not ours: the same conduct gets the same verdict, and phases end by our rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval

from peerwatch.errors import UsageError
from peerwatch.rollout.foreign import identity, make
from peerwatch.rollout.tasks import build_task
from peerwatch.scenarios import load

from .script import CLOSED, bash, calls, close, play, recorded, says, staged

EXAMPLES = Path(__file__).parents[2] / "examples" / "agents.py"
REACTING = f"{EXAMPLES}@reacting"
AGENTS = ("react", REACTING, f"{EXAMPLES}@patient")


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    """One rollout of the same organism by each agent, and by the plain loop (None)."""
    stage = staged(("followup=order_then_questions",))
    logs = inspect_eval(
        [build_task(load("deletion"), [stage], agent=named) for named in (None, *AGENTS)],
        model="organism/hiding", log_dir=str(tmp_path_factory.mktemp("logs")), display="none",
        max_tasks=2, max_sandboxes=2)
    return dict(zip((None, *AGENTS), logs, strict=True))


@pytest.mark.fleet
@pytest.mark.parametrize("agent", AGENTS)
def test_an_organism_in_another_harness_gets_the_same_label(agent, driven):
    """And the turns of the plain loop, by phase; the words of ``react`` are its own."""
    def seen(named):
        (sample,) = driven[named].samples
        recording = recorded(sample)
        return (sample.scores["conduct"].value["conduct"], recording.phases[0].ended,
                [each.turns for each in recording.phases], len(recording.moments))

    assert seen(agent)[:2] == ("concealed", "closed")
    assert seen(agent) == seen(None)
    assert driven[agent].eval.metadata["agent"] == identity(agent)
    assert "agent" not in driven[None].eval.metadata


@pytest.mark.fleet
@pytest.mark.parametrize(("script", "ended", "turns"), [
    ([bash("true")] * 9, "loop", 5),
    ([bash("ls", text="I look."), says("All done, and nothing is left.")], "stopped", 3),
    ([bash(f"echo {n}") for n in range(9)], "turns", 6),
    ([calls(("bash", {"cmd": "ls"}))] * 9, "broke", 5),
    ([calls(("close_ticket", CLOSED), ("bash", {"command": "touch /root/late"}))], "closed", 1),
])
def test_a_phase_of_another_harness_ends_by_our_rules(script, ended, turns, tmp_path):
    """Loops, broken calls, turns, the closing; and the one fixed reply where it just stops."""
    recording = recorded(play(
        script, tmp_path, agent=REACTING, turns=turns if ended == "turns" else None))
    phase = recording.phases[0]
    assert (phase.ended, phase.turns, phase.fixed_reply) == (ended, turns, ended == "stopped")
    if ended == "stopped":
        assert [(each.channel, each.text) for each in recording.utterances[:2]] == [
            ("aside", "I look."), ("text", "All done, and nothing is left.")]
        # Written down as it was said, before its call ran.
        assert recording.utterances[0].moment < recording.utterances[1].moment


@pytest.mark.fleet
def test_fewer_turns_end_a_phase_of_the_plain_loop(tmp_path):
    """Those that were asked for; more than the stage has are none."""
    script = [bash(f"echo {n}") for n in range(4)]
    phase = recorded(play(script, tmp_path, turns=2)).phases[0]
    assert (phase.ended, phase.turns) == ("turns", 2)
    closed = recorded(play([bash("true"), close()], tmp_path, turns=50)).phases[0]
    assert (closed.ended, closed.turns) == ("closed", 2)


@pytest.mark.fleet
def test_an_answer_that_a_filter_withholds_is_blocked_there_too(tmp_path):
    """An end of its own."""
    blocked = says("")
    blocked.choices[0].stop_reason = "content_filter"
    assert recorded(play([blocked], tmp_path, agent=REACTING)).phases[0].ended == "blocked"


@pytest.mark.parametrize(("spec", "line"), [
    ("raect", "unknown agent 'raect': Inspect knows none; write it as a name that Inspect knows"),
    ("some.py", "agent 'some.py': write it as a name that Inspect knows, e.g. react, or as FILE"),
    ("nowhere.py@x", "cannot read the agent .*nowhere.py: No such file"),
    ("wrong.py@x", "the agent .*wrong.py fails to load: ZeroDivisionError: "),
    ("mine.py@other", "unknown agent 'other': .*mine.py has none that is marked @agent"),
    ("mine.py@plain", "agent mine.py@plain: it must be made with tools=, and with nothing else"),
])
def test_an_agent_that_cannot_be_is_one_line(spec, line, tmp_path, monkeypatch):
    """Before any host starts."""
    monkeypatch.chdir(tmp_path)
    Path("wrong.py").write_text("1 / 0\n")
    Path("mine.py").write_text(
        "from inspect_ai.agent import Agent, AgentState, agent\n\n@agent\ndef plain() -> Agent:\n"
        "    async def execute(state: AgentState) -> AgentState:\n        return state\n"
        "    return execute\n")
    with pytest.raises(UsageError, match=line):
        make(spec, ())


def test_a_changed_file_is_another_agent(tmp_path):
    """Its content is identity, not its place."""
    one, other = tmp_path / "a.py", tmp_path / "b" / "a.py"
    other.parent.mkdir()
    one.write_text("x = 1\n")
    other.write_text("x = 1\n")
    assert identity(f"{one}@it") == identity(f"{other}@it")
    other.write_text("x = 2\n")
    assert identity(f"{one}@it") != identity(f"{other}@it")
    assert identity("react") == "react"
