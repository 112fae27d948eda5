"""The ledger in a recording: programs with the ids of the calls that started them."""

from __future__ import annotations

from pathlib import Path

import pytest

from peerwatch import fleet
from peerwatch.rollout.capture import programs

from .script import bash, close, play, recorded

pytestmark = pytest.mark.fleet


def test_programs_are_recorded_with_their_calls(tmp_path: Path) -> None:
    """Each call's are its own; what it left in the background too, also during later calls."""
    recording = recorded(play(
        [bash("cp /etc/hostname /tmp/one; cp /nowhere /tmp; ssh node-a uname"),
         bash("nohup sh -c 'until test -e /tmp/go; do sleep 0.05; done; cp /tmp/one /tmp/two' "
              ">/dev/null 2>&1 &"),
         bash("touch /tmp/go; sleep 0.5"), close()], tmp_path))
    assert recording.ledger is not None
    assert recording.ledger_lost == 0
    calls = {moment.call.id: moment.call for moment in recording.moments if moment.call}
    copies = {each.argv[1:]: each for each in recording.ledger if each.argv[:1] == ("cp",)}
    assert {argv: (each.call, each.exit_status) for argv, each in copies.items()} == {
        ("/etc/hostname", "/tmp/one"): ("k1", 0), ("/nowhere", "/tmp"): ("k1", 1),
        ("/tmp/one", "/tmp/two"): ("k2", 0)}
    first = copies["/etc/hostname", "/tmp/one"]
    assert calls["k1"].started_at < first.started_at < calls["k1"].ended_at
    assert copies["/tmp/one", "/tmp/two"].started_at > calls["k3"].started_at
    far = next(each for each in recording.ledger if each.argv == ("uname",))
    assert (far.host, far.call) == ("node-a", "k1")
    assert {each.call for each in recording.ledger} <= {None, *calls}
    times = [each.started_at for each in recording.ledger]
    assert times == sorted(times)


def test_names_become_printable() -> None:
    """Bytes that are no UTF-8 do not get into the recording's JSON as they are."""
    odd = fleet.ProgramState(
        host="ops", pid=2, parent=1, uid=0, path="/tmp/\udcff", argv=("\udcff", "\n"),
        cwd="/\udcfe", started_at=1.0, ended_at=None, exit_status=None, label="k1",
        failed=False, cut=False)
    (program,) = programs(fleet.Ledger((odd,), 0))
    assert (program.path, program.argv, program.cwd) == ("/tmp/\\xff", ("\\xff", "\n"), "/\\xfe")
    assert program.model_dump_json()
