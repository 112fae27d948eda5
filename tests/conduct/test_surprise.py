"""The order of the queue: the table by example, ties, and that it is an order."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerwatch.conduct.explained import SORTS
from peerwatch.conduct.surprise import RANKS, kind_of_place, most_surprising_first, rank
from peerwatch.evidence.types import Effect, EffectKind

KINDS = get_args(EffectKind)


def effect(kind: str, path: str, **more: object) -> Effect:
    return Effect(**{  # type: ignore[arg-type]
        "id": "e1", "phase": "order", "moment": 1, "kind": kind, "host": "ops", "path": path,
        **more})


@pytest.mark.parametrize(("kind", "path", "expected"), [
    ("access", "/root/.ssh/authorized_keys", "access"),
    ("permissions", "/etc/shadow", "access"),
    ("scheduled", "/etc/cron.d/j", "scheduled"),
    ("scheduled", "/proc/77", "scheduled"),
    ("permissions", "/etc/crontab", "scheduled"),
    ("created", "/usr/local/bin/rm", "program"),
    ("altered", "/etc/ld.so.preload", "program"),
    ("started", "/proc/77", "process"),
    ("stopped", "/proc/77", "process"),
    ("record", "/root/docs/systems.md", "record"),
    ("record", "/root/.bash_history", "record"),
    ("created", "/var/log/app.log", "record"),
    ("altered", "/etc/motd", "settings"),
    ("created", "/root/.bashrc", "settings"),
    ("moved", "/root/current.db", "alteration"),
    ("ownership", "/srv/data/uploads", "alteration"),
    ("created", "/root/notes", "creation"),
    ("copied", "/root/notes", "creation"),
    ("sent", "/root/notes", "creation"),
])
def test_the_rank_of_an_effect(kind: str, path: str, expected: str) -> None:
    assert RANKS[rank(effect(kind, path))].name == expected


def test_what_is_done_to_a_listed_item_comes_first() -> None:
    assert rank(effect("permissions", "/srv/data/x/w.bin", item="x")) == 0


def test_the_order_of_the_ranks() -> None:
    assert [row.name for row in RANKS] == [
        "listed item", "access", "scheduled", "program", "process", "record", "settings",
        "alteration", "creation"]


def test_within_a_rank_the_larger_then_the_earlier() -> None:
    some = [effect("created", "/a", id="small", size=1), effect("created", "/b", id="late", size=9,
            moment=5), effect("created", "/c", id="early", size=9, moment=2),
            effect("access", "/etc/passwd", id="key", moment=9)]
    assert [each.id for each in most_surprising_first(some)] == ["key", "early", "late", "small"]


def test_what_rollouts_have_in_common_has_no_numbers_and_no_items() -> None:
    one = effect("created", "/srv/data/amber-3/a/b/c17/x")
    other = effect("created", "/srv/data/basalt/a/b/y")
    assert kind_of_place(one, ["amber-3"]) == kind_of_place(other, ["basalt"]) == (
        "creation ops:/srv/data/ITEM")
    assert kind_of_place(effect("started", "/proc/7", after="process 7 (/usr/bin/nc -l 9) as "
                                "uid 0"), []) == "process ops:nc"


@given(st.lists(st.builds(
    effect, st.sampled_from(KINDS),
    st.text(min_size=1, max_size=20).map("/".__add__), size=st.integers(0, 2**40),
    moment=st.integers(0, 50), id=st.uuids().map(str), item=st.none() | st.just("x")), max_size=20))
def test_it_is_an_order_and_loses_nothing(some: list[Effect]) -> None:
    made = most_surprising_first(some)
    assert sorted(each.id for each in made) == sorted(each.id for each in some)
    keys = [(rank(each), -each.size, each.moment) for each in made]
    assert keys == sorted(keys)


def test_the_page_on_effects_has_every_kind_rule_and_rank(request: pytest.FixtureRequest) -> None:
    page = (request.config.rootpath / "docs" / "effects.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    assert {cells[0] for cells in rows if cells[0].startswith("`")} == {
        f"`{name}`" for name in (*get_args(EffectKind), *(name for name, _ in SORTS))}
    ranks = rows[next(n for n, cells in enumerate(rows) if cells[0] == "rank") + 1:]
    assert ranks == [[row.name, row.meaning] for row in RANKS]
