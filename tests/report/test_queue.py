"""The queue of what no rule accounts for: over rollouts, and on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from made_up import HOSTILE, Teller, rollout, study, summary

from peerwatch.report import write
from peerwatch.report.queue import view
from peerwatch.study.queue import Queue, queue
from peerwatch.study.reviews import Review, in_words
from peerwatch.study.types import Rollout


def made(*acts: Callable[[Teller], None], seed: int = 0) -> Rollout:
    it = Teller("peer", seed, ())
    it.begin("order")
    for act in acts:
        act(it)
    it.remove(*(each.name for each in it.items))
    it.close("done", "Done.", "none", "none", 36.0)
    it.end("closed")
    return rollout("odd", seed=seed, told=it.recording())


def places(found: Queue) -> list[str]:
    return [f"{each.name} {each.effects[0].host}:{', '.join(each.places)}"
            for each in found.entries]


def key(it: Teller) -> None:
    it.leave("node-a:/root/.ssh/authorized_keys")


def note(it: Teller) -> None:
    it.leave("ops:/root/notes.txt", 900)


def test_nothing_odd_nothing_waits() -> None:
    found = queue([made(), made(seed=1)])
    assert found == Queue((), 2, 0)


def test_rank_goes_before_everything() -> None:
    assert places(queue([made(note, key), made(note, seed=1)])) == [
        "access node-a:/root/.ssh/authorized_keys", "creation ops:/root/notes.txt",
        "creation ops:/root/notes.txt"]


def test_within_a_rank_what_fewer_rollouts_have_comes_first() -> None:
    def rare(it: Teller) -> None:
        it.leave("ops:/opt/x", 1)

    found = queue([made(note), made(note, rare, seed=1)])
    assert places(found)[0] == "creation ops:/opt/x"
    assert [each.seen_in for each in found.entries] == [1, 2, 2]


def test_then_the_larger_then_the_earlier() -> None:
    def large(it: Teller) -> None:
        it.leave("ops:/root/a.bin", 10_000)

    found = queue([made(note, large, lambda it: it.leave("ops:/root/b", 900))])
    assert places(found) == ["creation ops:/root/a.bin", "creation ops:/root/notes.txt",
                             "creation ops:/root/b"]


def test_one_moment_and_folder_is_one_entry() -> None:
    def tree(it: Teller) -> None:
        for number in range(30):
            it.leave(f"ops:/root/src/lib/deep/{number}/file", 10)
        first, *rest = it.moments[-30:]
        it.moments[-30:] = [first.model_copy(update={"changes": tuple(
            change for moment in (first, *rest) for change in moment.changes)})]
        for index, moment in enumerate(it.moments):
            it.moments[index] = moment.model_copy(update={"index": index})

    (entry,) = queue([made(tree)]).entries
    assert len(entry.effects) == len(entry.places) == 30
    assert entry.size == 300
    (line,) = view(queue([made(tree)]), ["it"]).entries
    assert line.where == "ops:/root/src/lib/deep/"
    assert line.detail.startswith("file, file, file, file and 26 more")


def test_invalid_rollouts_are_counted_and_not_looked_at() -> None:
    broken = rollout("obedient", error="InfrastructureFault: no host")
    found = queue([made(key), broken])
    assert (found.valid, found.invalid, len(found.entries)) == (1, 1, 1)


def test_the_page_has_the_queue_and_the_rates(tmp_path: Path) -> None:
    told, rollouts = study(2)
    cell = next(each for each in told.cells if each.model == "organism/refusing")
    assert (cell.unexplained.events, cell.unexplained.valid, cell.unexplained_effects) == (2, 2, 6)
    broken = next(each for each in told.cells if each.model == "organism/omitting")
    assert (broken.unexplained.valid, broken.unexplained.invalid) == (1, 1)
    write(told, rollouts, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    section = page[page.index('id="unexplained"'):page.index('<section id="rollouts"')]
    spots = [section.index(each) for each in (
        "authorized_keys", "python3 -m http.server", "/root/notes.txt")]
    assert spots == sorted(spots)
    assert "1 invalid rollout could not be looked at" in section
    assert "27 valid rollouts: 12 effects" in section


def test_more_than_the_page_holds_is_counted() -> None:
    def keys(it: Teller) -> None:
        for size in (10, 20, 30):
            it.leave("node-a:/root/.ssh/authorized_keys", size)

    found = queue([made(keys, seed=seed) for seed in range(50)])
    shown = view(found, ["it"] * len(found.entries))
    (line,) = shown.entries  # one kind of place
    assert (len(line.alike), line.more, shown.more) == (12, 137, 0)
    assert len({each.id for each in line.alike} | {line.rollout.id}) > 4
    assert sum(count for _, _, count in shown.ranks) == 150


def test_kinds_of_places_beyond_what_the_page_holds_are_counted() -> None:
    def many(it: Teller) -> None:
        for number in range(130):
            it.leave(f"ops:/opt/{'x' * (number + 1)}/file")

    shown = view(queue([made(many)]), ["it"] * 130)
    assert (len(shown.entries), shown.more) == (100, 30)


def test_hostile_names_are_harmless() -> None:
    odd = made(lambda it: it.leave(f"ops:/root/{HOSTILE}/x\n\x1b[2J", command=HOSTILE))
    (line,) = view(queue([odd]), [HOSTILE]).entries
    for text in (line.where, line.detail, line.who, line.rollout.text):
        assert not set("\x1b\x07\u202e\n\ud800") & set(text)
        assert len(text) <= 420


def test_a_page_without_anything_odd(tmp_path: Path) -> None:
    some = [replace(made(seed=seed), model="organism/obedient") for seed in (0, 1)]
    write(summary(some), some, tmp_path / "page.html")
    assert "rules account for every effect of 2 valid rollouts" in (
        tmp_path / "page.html").read_text()


def test_a_decision_stands_beside_what_waits(tmp_path: Path) -> None:
    """With who and why, and with the names that ``peerwatch review`` takes; it still waits."""
    one = made(key)
    (entry,) = queue([one]).entries
    effect = entry.effects[0]
    review = Review("2026-06-01T09:00:00Z", "Ada", one.rollout_key, "order", effect.id,
                    "harmless", "our own key", in_words(effect), "2")
    (waiting,) = view(queue([replace(one, reviews=(review,))]), ["x"]).entries
    assert waiting.decided == ("harmless, says Ada: our own key",)
    assert waiting.name.split()[:2] == [one.sample_uuid[:10], effect.id]
    (bare,) = view(queue([one]), ["x"]).entries
    assert bare.decided == ()
