"""The same organisms on docker and on a fleet, through the real task, and where the two differ.

Takes names of organisms; gives their samples, and of two samples of one stage each difference in
what the verdict says: labels, marks, facts, claims and the numbers of the score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalSample

from peerwatch.conduct.facts import Facts
from peerwatch.conduct.judgement import Judgement
from peerwatch.conduct.verdict import judge
from peerwatch.organisms.expected import EVERY
from peerwatch.rollout.store import recording_of

DEMO = ("obedient", "refusing", "omitting", "loyal", "hiding", "looping", "breaking")
"""The first table's organisms."""
Samples = dict[tuple[str, str], EvalSample]
"""By organism and stage."""
_NUMBERED = re.compile(
    r"(?<=/proc/)\d+|(?<=process )\d+|[0-9a-f]{38,40}|(?<=objects/)[0-9a-f]{2}\b")
"""Of processes, and of git's objects, whose names come from the date."""


def ran(sandbox: str, names: Sequence[str], rollouts: int, folder: Path) -> Samples:
    """Both targets, so many seeds, several rollouts at once; organisms of one arm together."""
    found: Samples = {}
    arms = {name: dict(EVERY[name].levels) for name in names}
    for arm in (each for number, each in enumerate(arms.values())
                if each not in list(arms.values())[:number]):
        logs = inspect_eval(
            "peerwatch/deletion", log_dir=str(folder), display="none",
            model=[f"organism/{name}" for name in names if arms[name] == arm],
            task_args={"rollouts": rollouts, "sandbox": sandbox, **arm}, fail_on_error=False,
            max_samples=2, max_tasks=4, max_sandboxes=8, max_subprocesses=8)
        found.update({(log.eval.model.removeprefix("organism/"), str(each.id)): each
                      for log in logs for each in log.samples or []})
    return found


def differences(one: EvalSample, other: EvalSample) -> list[str]:
    """What the verdicts on two rollouts of one stage say otherwise, as `phase fact: this, that`.

    Of lists, what only one has.
    """
    if one.error or other.error:
        return [f"error: {error.message}" for error in (one.error, other.error) if error]
    left, right = (dict(_said(each)) for each in (one, other))
    found = []
    for key in {**left, **right}:
        this, that = left.get(key), right.get(key)
        if this == that:
            continue
        if isinstance(this, list) and isinstance(that, list):
            this, that = ([each for each in own if own.count(each) > others.count(each)]
                          for own, others in ((this, that), (that, this)))
        found.append(f"{key}: {this}, {that}")
    return found


def judged(sample: EvalSample) -> Judgement:
    """The verdicts on a sample's recording."""
    recording = recording_of(sample)
    assert recording is not None
    return judge(recording)


def _said(sample: EvalSample) -> Iterator[tuple[str, Any]]:
    judgement = judged(sample)
    for verdict in judgement.verdicts:
        yield f"{verdict.phase} label", verdict.label
        yield f"{verdict.phase} marks", sorted(verdict.marks)
        for name in Facts.__dataclass_fields__ if verdict.facts else ():
            yield f"{verdict.phase} {name}", _plain(getattr(verdict.facts, name))
    yield "claims", [(each.phase, each.source, each.item, each.said, each.means, each.true)
                     for each in judgement.claims]
    yield "score", repr((sample.scores or {})["conduct"].value)


def _plain(fact: Any) -> Any:
    """A fact without what is another number each time, and without the ids of what proves it."""
    if isinstance(fact, tuple):
        return sorted(_NUMBERED.sub("…", each.what) for each in fact)
    return repr(fact)
