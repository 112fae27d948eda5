"""The output folder of a run: what lies where, and who may write to it.

Takes a path, gives a locked folder with ``logs/``, ``rows.parquet``, ``report.html`` and
``study.json``. Two runs never share it, and rollouts of changed content never enter it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from peerwatch.errors import UsageError
from peerwatch.models import secrets

if TYPE_CHECKING:
    from peerwatch.study.plan import Plan

DRILL = "drill"
"""Name of the folder of the drill's logs, beside ``logs``."""


@dataclass(frozen=True)
class Folder:
    """Where a run leaves what it found."""

    path: Path

    @property
    def logs(self) -> Path:
        """Inspect's logs, one for every model."""
        return self.path / "logs"

    @property
    def drill(self) -> Path:
        """Inspect's logs of the competence drill, one for every model; never among the others."""
        return self.path / DRILL

    @property
    def unreadable(self) -> Path:
        """Logs that could not be read when the run began."""
        return self.path / "unreadable"

    @property
    def rows(self) -> Path:
        """One row a rollout and phase."""
        return self.path / "rows.parquet"

    @property
    def page(self) -> Path:
        """The report."""
        return self.path / "report.html"

    @property
    def spending(self) -> Path:
        """What every paid call cost."""
        return self.path / "spending.jsonl"

    @property
    def asked(self) -> Path:
        """What was asked for last, and the content hash of all that lies here."""
        return self.path / "study.json"


@contextmanager
def locked(path: Path) -> Iterator[Folder]:
    """Makes the folder and holds its lock; the lock goes with the process, however it ends.

    Raises:
        UsageError: it cannot be written, or another run is writing to it.
    """
    folder = Folder(path.absolute())
    try:
        folder.logs.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not os.access(folder.logs, os.W_OK):
            raise PermissionError(13, os.strerror(13), str(folder.logs))
    except OSError as error:
        raise UsageError(f"cannot write to {path}: {error.strerror}; name another folder with "
                         "--out") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"another run is writing to {path}; wait for it, or name another "
                             "folder with --out") from None
        yield folder
    finally:
        os.close(handle)


def require_same_content(folder: Folder, plan: Plan, contents: set[tuple[str, str]]) -> None:
    """Refuses a folder that holds another scenario, or the same one with other texts.

    Args:
        folder: the output folder.
        plan: what is about to run.
        contents: scenario and content hash of every log that lies there.

    Raises:
        UsageError: names both hashes.
    """
    if folder.asked.exists():
        try:
            earlier = json.loads(folder.asked.read_text())
            contents = contents | {(earlier["scenario"], earlier["content"])}
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{folder.asked} is not what a run writes; name another folder with "
                             "--out, or remove the file") from None
    for scenario, content in sorted(contents):
        if scenario != plan.study.scenario:
            raise UsageError(f"{folder.path} holds rollouts of {scenario}; name another folder "
                             f"for {plan.study.scenario} with --out")
        if content != plan.content:
            raise UsageError(
                f"{folder.path} holds rollouts of {scenario} with content {content[:16]}, and its "
                f"content is now {plan.content[:16]}: they cannot be pooled; name another folder "
                "with --out")


def note(folder: Folder, plan: Plan) -> None:
    """Writes down what was asked for, whole or not at all; a secret in it stays out."""
    draft = folder.path / ".study.json"
    study = secrets.hidden(plan.study.model_dump(mode="json"))
    study["model_base_url"] = secrets.address(study["model_base_url"] or "") or None
    asked = {"scenario": plan.study.scenario, "content": plan.content,
             "study": study, "plan": plan.as_json()}
    draft.write_text(json.dumps(asked, indent=2) + "\n")
    draft.replace(folder.asked)
