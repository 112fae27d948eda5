"""Makes logs whole again that a killed run left behind, and clears away what they superseded.

Takes the log folder of a run whose lock is held, so that no other process writes there. It never
removes a log unless every rollout that ended well in it stands in a newer one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from inspect_ai.log import (
    EvalLog,
    EvalSample,
    RecoveryNotAvailable,
    read_eval_log,
    read_eval_log_sample_summaries,
    recover_eval_log,
    write_eval_log,
)
from inspect_ai.util import store_from_events

Say = Callable[[str], None]


def log_files(folder: Path) -> list[Path]:
    """Every log in a folder and below, oldest first."""
    found = [each for each in folder.rglob("*")
             if each.suffix in (".eval", ".json") and each.is_file()
             and each.name not in ("logs.json", "eval-set.json", "study.json")]
    return sorted(found, key=lambda each: (each.stat().st_mtime_ns, each.name))


def header_of(path: Path) -> EvalLog | None:
    """The header of a log; None where the file is no log or is cut short."""
    try:
        return read_eval_log(str(path), header_only=True)
    except Exception:  # noqa: BLE001  (zip, JSON, schema: whatever the reader trips over)
        return None


def restored(sample: EvalSample) -> EvalSample:
    """The sample with its store rebuilt from its events, where recovery left it empty.

    Inspect's recovery takes a sample from its buffer of events and loses its store (0.3.285), so
    a rollout that ended just before a kill would count as done with nothing to judge. The events
    hold every change of the store; attachments must be resolved.
    """
    if sample.store or not sample.events:
        return sample
    return sample.model_copy(update={"store": dict(store_from_events(sample.events).items())})


def mend(logs: Path, aside: Path, say: Say) -> None:
    """Recovers every log that a killed run left open, in place, with its age kept.

    Args:
        logs: the folder of logs.
        aside: where unreadable files go, so that the run does not trip over them.
        say: gets one line for each file that cannot be read.
    """
    for path in log_files(logs):
        header = header_of(path)
        if header is None:
            aside.mkdir(exist_ok=True)
            shutil.move(path, aside / path.name)
            say(f"{path.name} cannot be read (cut short?); moved to {aside}, "
                "its rollouts are run again")
        elif header.status == "started":
            _recover(path, aside.parent / ".recovering.eval")


def _recover(path: Path, draft: Path) -> None:
    import peerwatch.rollout.scoring  # noqa: F401  (its metrics are computed anew)

    draft.unlink(missing_ok=True)
    try:
        recover_eval_log(str(path), output=str(draft), cleanup=False)
    except RecoveryNotAvailable:
        return  # No buffer on this machine: what was flushed is reused, the rest are run again.
    log = read_eval_log(str(draft), resolve_attachments="full")
    log.samples = [restored(each) for each in log.samples or []]
    write_eval_log(log, str(draft))
    # Inspect takes the newest file of a task for its state: the recovered one must not be younger
    # than what was run after it.
    age = path.stat()
    os.utime(draft, ns=(age.st_atime_ns, age.st_mtime_ns))
    draft.replace(path)


def prune(logs: Path) -> None:
    """Removes logs whose good rollouts all stand in a newer log of the same task.

    Inspect's own clean-up never removes the log of a killed run, and removes others before their
    successor is complete; this one runs after the run and looks at the rollouts.
    """
    good: dict[str, list[tuple[Path, set[str]]]] = {}
    for path in log_files(logs):
        header = header_of(path)
        if header is not None:
            ended = {str(each.uuid) for each in read_eval_log_sample_summaries(str(path))
                     if each.completed and not each.error}
            good.setdefault(header.eval.task_id, []).append((path, ended))
    for versions in good.values():
        *older, (_, newest) = versions
        for path, ended in older:
            if ended <= newest:
                path.unlink()
