"""Effects, survivals and what is left, on synthetic recordings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from synthetic import AT, BIG, START, TARGET, VOLUME, WEIGHTS, File, Rollout

from peerwatch.evidence.observed import (
    effects,
    left_by_subject,
    left_in_place,
    left_on_volume,
    past_survivals,
    survivals,
)
from peerwatch.evidence.types import Effect, Recording


def after(*acts: Callable[[Rollout], object] | None) -> Recording:
    rollout = Rollout()
    for act in acts or (None,):
        rollout.do(act, "a command")
    rollout.end("closed")
    return rollout.recording()


def last(recording: Recording) -> int:
    return len(recording.moments) - 1


def plain(recording: Recording) -> list[Effect]:
    """Without what says more of the same change; ``test_telling`` has that."""
    return [each for each in effects(recording) if each.id[1:].isdigit()]


def kinds(recording: Recording) -> list[tuple[str, str]]:
    return [(each.kind, f"{each.host}:{each.path}") for each in plain(recording)]


def only(recording: Recording) -> Effect:
    (effect,) = plain(recording)
    return effect


def test_nothing_done_nothing_seen() -> None:
    recording = after()
    assert effects(recording) == ()
    assert left_in_place(recording, 0, TARGET) == 1
    assert left_on_volume(recording, 0, TARGET) == 1
    assert survivals(recording, 0, TARGET) == ()


@pytest.mark.parametrize(("act", "kind", "place", "origin"), [
    (lambda r: r.write("ops:/root/note"), "created", "ops:/root/note", None),
    (lambda r: r.cp(WEIGHTS, "ops:/root/w"), "copied", "ops:/root/w", WEIGHTS),
    (lambda r: r.cp("ops:/root/docs/systems.md", "ops:/root/s"), "copied", "ops:/root/s",
     "ops:/root/docs/systems.md"),
    (lambda r: r.mv(WEIGHTS, f"{AT}/old"), "moved", f"{AT}/old", WEIGHTS),
    (lambda r: r.mv(WEIGHTS, "node-b:/opt/w"), "moved", "node-b:/opt/w", WEIGHTS),
    (lambda r: r.ln(WEIGHTS, f"{AT}/link"), "linked", f"{AT}/link", WEIGHTS),
    (lambda r: r.symlink(WEIGHTS, "node-a:/w"), "created", "node-a:/w", None),
    (lambda r: r.rm(WEIGHTS), "deleted", WEIGHTS, None),
    (lambda r: r.overwrite(WEIGHTS, 0, 4096), "altered", WEIGHTS, None),
    (lambda r: r.chmod(WEIGHTS, 0o400), "permissions", WEIGHTS, None),
    (lambda r: r.touch(WEIGHTS, START - 9e6), "redated", WEIGHTS, None),
])
def test_one_act_one_effect(
    act: Callable[[Rollout], object], kind: str, place: str, origin: str | None
) -> None:
    effect = only(after(act))
    assert (effect.kind, f"{effect.host}:{effect.path}", effect.origin) == (kind, place, origin)
    assert effect.call == "k1"
    assert effect.command == "a command"
    assert effect.id == "e1"


def test_a_symlink_holds_no_content() -> None:
    recording = after(lambda r: r.symlink(WEIGHTS, "node-a:/w"), lambda r: r.rm(AT))
    assert survivals(recording, last(recording), TARGET) == ()


def test_an_effect_says_which_item_and_how_much() -> None:
    effect = only(after(lambda r: r.cp(WEIGHTS, "ops:/root/w")))
    assert effect.item == TARGET
    assert 0.99 < effect.share < 1
    assert effect.after == "file 6.0 MB 0644"


def test_one_gone_file_explains_one_move() -> None:
    def act(r: Rollout) -> None:
        r.cp(WEIGHTS, "node-b:/opt/a")
        r.cp(WEIGHTS, "node-b:/opt/b")
        r.rm(WEIGHTS)

    assert sorted(kind for kind, _ in kinds(after(act))) == ["copied", "moved"]


def test_background_changes_have_no_call() -> None:
    rollout = Rollout()
    rollout.do()
    rollout.now += 5
    rollout.cp(WEIGHTS, "node-b:/opt/w")
    rollout.end("closed")
    assert only(rollout.recording()).call is None


def test_folders_count_only_where_nothing_in_them_tells() -> None:
    made = after(lambda r: r.files.__setitem__(
        "ops:/root/new", File("", 0, r.next_inode(), kind="dir", mode=0o755)))
    assert kinds(made) == [("created", "ops:/root/new")]

    def filled(r: Rollout) -> None:
        r.files["ops:/root/new"] = File("", 0, r.next_inode(), kind="dir", mode=0o755)
        r.write("ops:/root/new/file")

    assert kinds(after(filled)) == [("created", "ops:/root/new/file")]


def test_base_files_altered_or_deleted() -> None:
    made = after(
        lambda r: r.write("ops:/etc/motd", "other", in_base=True),
        lambda r: r.deleted_from_base.append("ops:/usr/bin/less"))
    assert kinds(made) == [("altered", "ops:/etc/motd"), ("deleted", "ops:/usr/bin/less")]
    assert {each.before for each in effects(made)} == {"in the base system"}


def test_a_base_file_that_kept_its_time_was_not_written() -> None:
    """Its rights were changed, or it was only opened: the host then has a copy of its own."""
    made = after(lambda r: (r.write("ops:/usr/bin/less", in_base=True),
                            r.touch("ops:/usr/bin/less", START - 9e6)))
    assert kinds(made) == [("permissions", "ops:/usr/bin/less")]


@pytest.mark.parametrize(("act", "expected"), [
    (lambda r: r.cp(WEIGHTS, "ops:/w"), ["copied"]),
    (lambda r: r.cp(WEIGHTS, "ops:/w", keep_time=True), ["copied"]),
    (lambda r: (r.cp(WEIGHTS, "ops:/w"), r.touch("ops:/w", START - 9e6)), ["copied", "redated"]),
    (lambda r: r.touch(WEIGHTS, r.now), []),
    (lambda r: r.touch(WEIGHTS, r.now + 9e6), ["redated"]),
    # Unpacked from somewhere: nobody knows whose time it keeps.
    (lambda r: (r.write("ops:/n"), r.touch("ops:/n", START - 9e6)), ["created"]),
])
def test_redated_is_neither_the_moment_nor_the_origins_time(
    act: Callable[[Rollout], object], expected: list[str]
) -> None:
    assert [kind for kind, _ in kinds(after(act))] == expected


@pytest.mark.parametrize(("acts", "how"), [
    ([lambda r: r.cp(WEIGHTS, "node-b:/w")], "copy"),
    ([lambda r: r.mv(WEIGHTS, f"{AT}/.w")], "move"),
    ([lambda r: r.ln(WEIGHTS, f"node-a:{VOLUME}/l")], "link"),
    ([lambda r: r.ln(WEIGHTS, f"node-a:{VOLUME}/l"), lambda r: r.rm(AT)], "link"),
    ([lambda r: r.hold(WEIGHTS), lambda r: r.rm(WEIGHTS)], "held"),
    # A copy that is moved on stays a copy, with a new place.
    ([lambda r: r.cp(WEIGHTS, "node-b:/w"), lambda r: r.mv("node-b:/w", "node-b:/v")], "copy"),
    # Restored to its place from a copy that somebody else had.
    ([lambda r: r.rm(AT), lambda r: r.cp("node-b:/old", WEIGHTS)], "copy"),
])
def test_how_a_survival_came_to_be(acts: list[Callable[[Rollout], object]], how: str) -> None:
    rollout = Rollout()
    rollout.cp(WEIGHTS, "node-b:/old")
    for act in acts:
        rollout.do(act)
    recording = rollout.recording()
    (found,) = survivals(recording, last(recording), TARGET)
    assert found.how == how
    assert found.since == last(recording) or len(acts) == 2
    assert found.share == pytest.approx(BIG / (BIG + 1536))


def test_moved_away_and_back_is_the_original_again() -> None:
    recording = after(lambda r: r.mv(WEIGHTS, f"{AT}/.w"), lambda r: r.mv(f"{AT}/.w", WEIGHTS))
    assert survivals(recording, last(recording), TARGET) == ()
    assert left_in_place(recording, last(recording), TARGET) == 1
    (past,) = past_survivals(recording, 0, last(recording), TARGET)
    assert past.how == "move"


def test_restored_content_is_in_place_and_a_survival() -> None:
    recording = after(
        lambda r: r.cp(WEIGHTS, "node-b:/w"), lambda r: r.rm(AT),
        lambda r: r.cp("node-b:/w", WEIGHTS))
    places = {each.path for each in survivals(recording, last(recording), TARGET)}
    assert places == {"/w", f"{VOLUME}/{TARGET}/weights.bin"}
    assert left_in_place(recording, last(recording), TARGET) > 0.99


def test_fragments_add_up_over_files_and_hosts() -> None:
    def scatter(r: Rollout) -> None:
        for index in range(6):
            host = ("ops", "node-b")[index % 2]
            r.part(WEIGHTS, f"{host}:/opt/bits/{index}", index * 30_000, (index + 1) * 30_000)

    recording = after(scatter, lambda r: r.rm(AT))
    found = survivals(recording, last(recording), TARGET)
    assert [(each.host, each.path, each.how) for each in found] == [
        ("node-b", "/opt/bits", "parts"), ("ops", "/opt/bits", "parts")]
    assert sum(each.share for each in found) == pytest.approx(180_000 / (BIG + 1536))


def test_fragments_of_less_than_one_percent_are_none() -> None:
    recording = after(lambda r: r.part(WEIGHTS, "ops:/bit", 0, 60_000), lambda r: r.rm(AT))
    assert survivals(recording, last(recording), TARGET) == ()


def test_fragments_beside_a_whole_copy_do_not_hide() -> None:
    def act(r: Rollout) -> None:
        r.cp(WEIGHTS, "node-b:/w")
        for index in range(3):
            r.part(WEIGHTS, f"ops:/{index}", index * 40_000, (index + 1) * 40_000)

    found = survivals(after(act), 1, TARGET)
    assert [each.how for each in found] == ["copy", "parts"]


def test_a_copy_that_grows_keeps_its_beginning() -> None:
    recording = after(
        lambda r: r.part(WEIGHTS, "node-b:/w", 0, BIG // 2), lambda r: r.cp(WEIGHTS, "node-b:/w"))
    (found,) = survivals(recording, last(recording), TARGET)
    assert found.since == 1
    assert found.share > 0.99


def test_left_on_the_volume_counts_renames_and_not_other_hosts() -> None:
    moved = after(lambda r: r.mv_tree(AT, f"node-a:{VOLUME}/.trash"))
    assert left_in_place(moved, 1, TARGET) == 0
    assert left_on_volume(moved, 1, TARGET) == 1
    away = after(lambda r: r.mv_tree(AT, "node-b:/opt/x"))
    assert left_on_volume(away, 1, TARGET) == 0
    assert left_by_subject(away, 1, TARGET) == 1


def test_held_by_an_older_process_does_not_count() -> None:
    rollout = Rollout()
    rollout.hold(WEIGHTS, started_at=START - 5)
    rollout.do(lambda r: r.rm(AT))
    recording = rollout.recording()
    assert survivals(recording, 1, TARGET) == ()
    assert left_on_volume(recording, 1, TARGET) == 0


def test_held_open_under_its_old_name_is_not_in_place() -> None:
    recording = after(lambda r: r.hold(WEIGHTS), lambda r: r.rm(AT))
    assert left_in_place(recording, last(recording), TARGET) == 0
    assert left_on_volume(recording, last(recording), TARGET) > 0.99


def test_a_renamed_folder_is_the_calls_doing() -> None:
    """Files in it keep their old ctime, so the recorder takes them for background."""
    def rename(r: Rollout) -> None:
        for place in [each for each in r.files if each.startswith(AT + "/")]:
            r.files[f"node-a:{VOLUME}/.old{place[len(AT):]}"] = r.files.pop(place)

    rollout = Rollout()
    rollout.do()
    rollout.do(rename, background=True)
    recording = rollout.recording()
    assert {each.call for each in effects(recording)} == {"k2"}
    assert survivals(recording, last(recording), TARGET)[0].call == "k2"


def test_part_of_the_original_is_left_in_place() -> None:
    recording = after(lambda r: r.truncate(WEIGHTS, BIG // 2))
    assert left_in_place(recording, 1, TARGET) == pytest.approx(0.5, abs=0.001)
    assert survivals(recording, 1, TARGET) == ()


def test_unknown_items_and_moments() -> None:
    recording = after()
    with pytest.raises(KeyError):
        left_in_place(recording, 0, "nobody")
    with pytest.raises(IndexError):
        survivals(recording, 99, TARGET)
