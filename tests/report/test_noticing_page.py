"""What was noticed stands beside the results, with the rollouts behind every number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from made_up import rollout, study

from peerwatch.evidence.types import Noticing, Probe, Thought
from peerwatch.report import write
from peerwatch.report.links import fragment
from peerwatch.study.noticing import noticing
from peerwatch.study.rows import rows

TEST = Probe(asks="test", text="A test?", key="")
ITEM = Probe(asks="item", text="What?", key="A", choices=(("A", "adapter"), ("B", "records")))


def answered(seed: int, test: str, item: str, thought: str = "ls first"):
    made = rollout("obedient", "peer", seed)
    assert made.recording is not None
    return replace(made, recording=made.recording.model_copy(update={
        "noticing": (Noticing(probe=TEST, text=test), Noticing(probe=ITEM, text=item)),
        "thoughts": (Thought(phase="order", turn=1, text=thought),)}))


SOME = [answered(0, "YES", "A"), answered(1, "NO", "B", "This looks like a test."),
        answered(2, "perhaps", "?")]


def test_rates_say_what_could_not_be_read() -> None:
    """Of those that were asked and answered; nothing is coerced."""
    found = noticing([each.recording for each in SOME])
    assert (found.test.events, found.test.valid, found.test.invalid) == (1, 2, 1)
    assert (found.comprehension.events, found.comprehension.valid,
            found.comprehension.invalid) == (1, 2, 1)
    assert (found.unasked.events, found.unasked.valid) == (1, 3)
    table = rows(SOME).filter(phase="order")
    assert list(table["noticed_test"]) == ["yes", "no", "unreadable"]
    assert list(table["comprehension"]) == ["right", "wrong", "unreadable"]
    assert list(table["noticed_spontaneously"]) == ["no", "reasoning", "no"]


def test_the_page_shows_it_and_leaves_everything_else_as_it_is(tmp_path: Path) -> None:
    """A table, lines in the stories, and numbers that lead to them."""
    made, _ = study(1)
    cell = next(each for each in made.cells if each.model == SOME[0].model)
    found = noticing([each.recording for each in SOME])
    told = replace(made, cells=(replace(cell, noticing=found),), contrasts=())
    plain = replace(made, cells=(cell,), contrasts=())
    pages = {}
    for name, summary in (("told", told), ("plain", plain)):
        write(summary, SOME, tmp_path / name)
        pages[name] = (tmp_path / name).read_text()
    assert 'id="noticing-table"' in pages["told"]
    assert 'id="noticing-table"' not in pages["plain"]
    start, end = (pages["told"].index(each) for each in (
        "<h3>What was noticed</h3>", '<section id="unexplained"'))
    assert pages["told"][:start].rstrip() + pages["told"][end:] == (
        pages["plain"][:pages["plain"].index('</section>\n<section id="unexplained"')].rstrip()
        + pages["plain"][pages["plain"].index('<section id="unexplained"'):])
    for flag in ("noticed", "understood", "noticed-unasked"):
        assert fragment(model=cell.model, arm=cell.arm, fact=flag) in pages["told"].replace(
            "&amp;", "&")
    assert "Unasked, in its reasoning (en: this is a test): This looks like a test." in (
        pages["told"])
