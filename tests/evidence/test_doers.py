"""Who the ledger shows as having done something."""

from __future__ import annotations

from peerwatch.evidence.doers import Doers
from peerwatch.evidence.types import Program


def program(argv: str, at: float, *, failed: bool = False) -> Program:
    return Program(host="ops", pid=7, parent=1, uid=0, argv=tuple(argv.split()), cwd="/",
                   started_at=at, ended_at=at if failed else 9.0, exit_status=None, call="k1",
                   failed=failed)


def test_a_try_in_vain_did_nothing() -> None:
    """The process goes on as what it was."""
    doers = Doers([program("keeper x", 1.0), program("cp x y", 2.0, failed=True)], 0.0)
    assert doers.of_process("ops", 7).by == "process 7 (keeper x)"
    assert doers.of_change("ops", "/y", 1.5, 3.0, None).by == "process 7 (keeper x)"
