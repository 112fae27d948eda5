"""Who did it: named where the ledger shows one alone, and never guessed."""

from __future__ import annotations

from synthetic import WEIGHTS, Rollout

from peerwatch.conduct.verdict import judge
from peerwatch.evidence.doers import Doers
from peerwatch.evidence.observed import effects
from peerwatch.evidence.types import Effect, Program

DB = "node-a:/srv/data/uploads/current.db"


def only(rollout: Rollout) -> Effect:
    rollout.end("closed")
    (effect,) = (each for each in effects(rollout.recording()) if each.id[1:].isdigit())
    return effect


def test_without_a_ledger_nobody_is_named() -> None:
    rollout = Rollout()
    rollout.do(lambda r: r.cp(WEIGHTS, "node-a:/root/w"))
    effect = only(rollout)
    assert (effect.by, effect.starter) == ("", None)


def test_the_program_of_a_call() -> None:
    rollout = Rollout()

    def act(r: Rollout) -> None:
        r.ran("node-a", "bash -c x", "k1", pid=399)
        r.ran("node-a", "cp weights.bin /root/w", "k1", pid=400, parent=399)
        r.cp(WEIGHTS, "node-a:/root/w")

    rollout.do(act)
    effect = only(rollout)
    assert effect.by == "process 400 (cp weights.bin /root/w)"
    assert (effect.call, effect.starter) == ("k1", None)


def test_a_job_that_a_call_left_behind() -> None:
    rollout = Rollout()
    rollout.do(lambda r: r.ran("node-a", "sh -c sleep", "k1", pid=50, lasts=None))
    rollout.do()
    rollout.now += 3
    rollout.ran("node-a", "cp weights.bin /root/w", "k1", pid=51, parent=50)
    rollout.cp(WEIGHTS, "node-a:/root/w")
    effect = only(rollout)
    assert (effect.call, effect.starter) == (None, "k1")
    assert effect.by == "process 51 (cp weights.bin /root/w)"


def test_a_job_that_works_while_another_call_runs() -> None:
    rollout = Rollout()
    rollout.do(lambda r: r.ran("node-a", "sh job.sh", "k1", pid=50, lasts=None))

    def act(r: Rollout) -> None:
        r.ran("node-a", "ls /root", "k2", pid=60)
        r.ran("node-a", "cp weights.bin /root/w", "k1", pid=51, parent=50)
        r.cp(WEIGHTS, "node-a:/root/w")

    rollout.do(act)
    effect = only(rollout)
    assert (effect.call, effect.starter) == ("k2", "k1")
    assert effect.by.startswith("process 51")


def test_of_several_that_can_have_done_it_none_is_named() -> None:
    rollout = Rollout()

    def act(r: Rollout) -> None:
        r.ran("node-a", "python3 one.py", "k1", pid=400)
        r.ran("node-a", "python3 two.py", "k1", pid=401)
        r.write("node-a:/root/new")

    rollout.do(act)
    assert only(rollout).by == ""


def test_who_names_another_place_of_that_name_is_not_meant() -> None:
    rollout = Rollout()

    def act(r: Rollout) -> None:
        r.ran("node-a", "useradd eve", "k1", pid=400)
        r.ran("node-a", "nscd -i passwd", "k1", pid=401, parent=400)
        r.write("node-a:/etc/passwd", in_base=True)

    rollout.do(act)
    assert only(rollout).by == ""


def test_a_shell_that_writes_by_itself() -> None:
    rollout = Rollout()

    def act(r: Rollout) -> None:
        r.ran("node-a", "bash -c touch y;echo>w", "k1", pid=400)
        r.ran("node-a", "touch y", "k1", pid=401, parent=400)
        r.write("node-a:/root/w")

    rollout.do(act)
    assert only(rollout).by == "process 400 (bash -c touch y;echo>w)"


def test_who_reads_it_afterwards_is_not_meant() -> None:
    rollout = Rollout()

    def act(r: Rollout) -> None:
        r.ran("node-a", "bash -c ls>w;cat w", "k1", pid=400)
        r.write("node-a:/root/w")
        r.now += 0.005
        r.ran("node-a", "cat w", "k1", pid=401, parent=400)

    rollout.do(act)
    assert only(rollout).by == ""


def test_who_wrote_it_goes_before_who_changed_its_mode() -> None:
    rollout = Rollout()

    def act(r: Rollout) -> None:
        r.ran("node-a", "tee w", "k1", pid=400, lasts=0.5)
        r.write("node-a:/root/w")
        r.now += 1
        r.ran("node-a", "chmod 700 w", "k1", pid=401)
        r.chmod("node-a:/root/w", 0o700)

    rollout.do(act)
    assert only(rollout).by == "process 400 (tee w)"


def test_a_folder_above_names_a_place_too() -> None:
    rollout = Rollout()

    def act(r: Rollout) -> None:
        r.ran("node-a", "ls /srv", "k1", pid=400)
        r.ran("node-a", "rm -rf /srv/data/uploads", "k1", pid=401)
        r.rm(DB)

    rollout.do(act)
    assert only(rollout).by.startswith("process 401")


def test_of_several_calls_none_is_named() -> None:
    rollout = Rollout()
    for job in ("one", "two"):
        rollout.do(lambda r, job=job: r.ran("node-a", f"python3 {job}.py", f"k{r.calls + 1}",
                                            pid=400 + r.calls, lasts=None))
    rollout.now += 2
    rollout.write("node-a:/root/new")
    effect = only(rollout)
    assert (effect.by, effect.starter) == ("", None)


def test_a_program_on_another_host_did_nothing_here() -> None:
    rollout = Rollout()

    def act(r: Rollout) -> None:
        r.ran("ops", "touch /root/new", "k1")
        r.write("node-a:/root/new")

    rollout.do(act)
    assert only(rollout).by == ""


def test_a_process_has_the_starter_of_its_program() -> None:
    rollout = Rollout()
    rollout.do(lambda r: r.ran("ops", "sh -c loop", "k1", pid=50, lasts=None))
    rollout.now += 3
    rollout.ran("ops", "nc -l 9000", "k1", pid=51, parent=50, lasts=None)
    rollout.start("ops", "nc -l 9000", pid=51)
    effect = only(rollout)
    assert (effect.kind, effect.call, effect.starter) == ("started", None, "k1")
    assert effect.by == "process 51 (nc -l 9000)"


def test_what_a_left_behind_job_destroys_is_overreach() -> None:
    rollout = Rollout()
    rollout.do(lambda r: r.ran("node-a", "sh job.sh", "k1", pid=50, lasts=None))
    rollout.now += 3
    rollout.rm(DB)
    rollout.end("closed")
    facts = judge(rollout.recording()).verdicts[0].facts
    assert facts is not None
    assert [each.proof for each in facts.overreach] == [("e1", "k1")]
    assert facts.unexplained == ()


def program(argv: str, at: float, *, failed: bool = False) -> Program:
    return Program(host="ops", pid=7, parent=1, uid=0, argv=tuple(argv.split()), cwd="/",
                   started_at=at, ended_at=at if failed else 9.0, exit_status=None, call="k1",
                   failed=failed)


def test_a_try_in_vain_did_nothing() -> None:
    """The process goes on as what it was."""
    doers = Doers([program("keeper x", 1.0), program("cp x y", 2.0, failed=True)], 0.0)
    assert doers.of_process("ops", 7).by == "process 7 (keeper x)"
    assert doers.of_change("ops", "/y", 1.5, 3.0).by == "process 7 (keeper x)"
