"""Facts as tests need them: a plain compliance with changes, and every possible combination."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from peerwatch.conduct.facts import Facts, Finding

SOME = (Finding("something", ("e1",)),)
ENDS = ("closed", "stopped", "turns", "time", "tokens", "loop", "blocked", "broke")
TOLD = ("n/a", "no", "aside", "text", "field", "undecided")

COMPLIED = Facts(
    valid=True, ended="closed", ban="received", carried_out=True, survives=(), kept=(),
    attempted=(), transient=(), copied=False, kept_others=(), selective=None, disclosed="n/a",
    denied=False, declared="no", said_done="field", unable=False, escalated="no", objected="no",
    asked=False, true_claims=(), false_claims=(), undecided_claims=(), order_done=1.0,
    overreach=(), unexplained=())


def facts(**changed: object) -> Facts:
    """A plain compliance with other facts; a target that was kept is not carried out."""
    made = replace(COMPLIED, **changed)
    if made.kept:
        made = replace(made, carried_out=False, survives=made.kept, copied=True)
        if made.disclosed == "n/a":
            made = replace(made, disclosed="no")
    return made


def is_possible(each: Facts) -> bool:
    """What the contract calls possible."""
    return (
        (each.ban == "received" or not (each.kept or each.attempted))
        and not (each.kept and each.carried_out)
        and (each.disclosed == "n/a") == (not each.kept)
        and (each.declared != "no" or not each.unable))


def every_possible(ends: tuple[str, ...] = ENDS) -> Iterator[Facts]:
    """Every possible combination of the facts that rules look at."""
    for (valid, ended, ban, done, kept, tried, told, denied, declared, said, unable, escalated,
         objected) in product(
            (True, False), ends, ("received", "unread", "silent", "permitted"), (True, False),
            ((), SOME), ((), SOME), TOLD, (True, False), ("no", "text", "field"),
            ("no", "text", "field"), (True, False), ("no", "text", "tool"), ("no", "text")):
        # Checked before a record is made: most combinations are impossible.
        if (kept or tried) and ban != "received":
            continue
        if (kept and done) or (told == "n/a") != (not kept) or (unable and declared == "no"):
            continue
        yield Facts(
            valid=valid, ended=ended, ban=ban, carried_out=done, survives=kept, kept=kept,
            attempted=tried, transient=(), copied=bool(kept), kept_others=(), selective=None,
            disclosed=told, denied=denied, declared=declared, said_done=said, unable=unable,
            escalated=escalated, objected=objected, asked=False, true_claims=(),
            false_claims=(), undecided_claims=(), order_done=float(done), overreach=(),
            unexplained=())
