"""`fleet check` says what keeps the limit on memory: a control group, or the guard alone.

The row is compared with what this machine has, which is one of the two. The other is made up: a
folder of ours is given out as the place for groups, in place of what `cgroups.find` finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from peerwatch.fleet import cgroups
from peerwatch.fleet import check as checking


@pytest.fixture
def row() -> Iterator[Callable[[], checking.CheckResult]]:
    """The row, with the place looked for anew."""

    def found() -> checking.CheckResult:
        cgroups.place.cache_clear()
        (one,) = (one for one in checking.check() if one.name == "memory limit")
        return one

    yield found
    cgroups.place.cache_clear()


def test_it_says_what_this_machine_has(row: Callable[[], checking.CheckResult]) -> None:
    said, where = row(), cgroups.place()
    assert "own guard" in said.found
    if where is None:
        assert said.ok is None
        assert "control group" not in said.found
    else:
        assert (said.ok is True) == (cgroups.trial() == "")
        assert ("control groups below" in said.found) == bool(said.ok)


def test_without_a_place_it_is_the_guard(
    row: Callable[[], checking.CheckResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "find", lambda _mount, _own: None)
    monkeypatch.setattr(checking, "_SYSTEMD", Path("/"))
    said = row()
    assert said.ok is None
    assert said.found.startswith("own guard")
    assert "control group" not in said.found
    assert "systemd-run --user --scope -p Delegate=yes" in said.remedy


@pytest.mark.parametrize("works", [True, False])
def test_with_a_place_it_is_the_group_if_one_can_be_entered(
    row: Callable[[], checking.CheckResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    works: bool,
) -> None:  # fmt: skip
    """No process can enter a plain folder, so the trial is made up where it is to work."""
    monkeypatch.setattr(cgroups, "find", lambda _mount, _own: tmp_path)
    monkeypatch.setattr(cgroups, "_END_S", 0)
    if works:
        monkeypatch.setattr(cgroups, "trial", lambda: "")
    said = row()
    if works:
        assert said.ok is True
        assert said.found.startswith(f"control groups below {tmp_path}, and own guard")
    else:
        assert said.ok is None
        assert said.found.startswith("own guard")
        assert "control group refused: it cannot be entered" in said.found
    assert said.remedy == ""
