"""One pass of Inspect's ``eval_set`` over tasks whose logs lie in one folder.

Takes tasks and a folder, gives the headers that Inspect left. It says so where a person stopped it
or where this machine lacks something; it neither plans nor reads what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig

from peerwatch.errors import EnvironmentProblem, PeerwatchError, first_line
from peerwatch.study.budget import Purse, opened
from peerwatch.study.progress import Watch, shown
from peerwatch.study.recovery import header_of, log_files
from peerwatch.study.types import Interrupted

FLUSH_EVERY = 1
"""Rollouts between two writes of a log. Each takes minutes of machines and money; writing it out
takes milliseconds, and a kill then loses only what was running."""


def one_pass(
    tasks: Sequence[Task], logs: Path, watch: Watch, purse: Purse, *, at_once: int,
    generate: Mapping[str, Any],
) -> list[EvalLog]:
    """Runs what of the tasks is not in the folder yet.

    Args:
        tasks: one for each model, with their models.
        logs: Inspect's folder; nothing else may write there.
        watch: is shown while it goes on.
        purse: pays, and may end it; what it ended is in the headers or left out.
        at_once: samples at once at most.
        generate: settings of ``GenerateConfig``.

    Raises:
        EnvironmentProblem: this machine lacks what the run needs.
        Interrupted: Ctrl-C.
    """
    before = set(log_files(logs))
    try:
        with shown(watch), opened(purse):
            _, headers = eval_set(
                list(tasks),
                log_dir=str(logs),
                model=None,
                # One pass: what fails three times now is left for the next call of the command.
                retry_on_error=2, fail_on_error=True, continue_on_fail=True,
                retry_attempts=1, retry_immediate=False,
                # Its clean-up removes logs by age; ours looks at the rollouts (recovery.prune).
                retry_cleanup=False, log_dir_allow_dirty=True,
                log_realtime=True, log_buffer=FLUSH_EVERY,
                max_sandboxes=at_once, max_samples=at_once,
                max_tasks=len(tasks), display="none", score_display=False, log_level="error",
                **GenerateConfig(**generate).model_dump(exclude_none=True),
            )
    except KeyboardInterrupt:
        headers = []
    except PeerwatchError:
        raise
    except Exception as error:
        if type(error).__name__ != "PrerequisiteError":
            raise
        raise EnvironmentProblem(first_line(error)) from None
    # On Ctrl-C eval_set returns success (0.3.285): with no logs, or with those of the models that
    # were through, or with a cancelled one left out. What lies on disk tells all.
    left = [header_of(path) for path in log_files(logs) if path not in before]
    # A budget's stop leaves logs with an error in the place of the cancelled ones.
    if not headers or any(log is not None and log.status == "cancelled" for log in left):
        first = f"; before that, {purse.stopped}" if purse.stopped else ""
        raise Interrupted(f"stopped: {watch.finished} {watch.what} are done and kept in "
                          f"{logs.parent}; the same command goes on from there{first}")
    return headers
