"""Logs with given recordings, written by Inspect's own log API: no model and no host."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalSample,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import ChatMessageAssistant, ModelOutput
from inspect_ai.scorer import Score

from peerwatch.conduct.verdict import VERSION
from peerwatch.evidence.types import Recording

STORE = "RolloutStore:recording"
WHEN = "2026-06-01T09:00:00+00:00"


def sample(recording: Recording | str | None, *, uuid: str, version: str = VERSION,
           labels: dict[str, str] | None = None, output: str = "", error: Any = None,
           metadata: dict[str, Any] | None = None) -> EvalSample:
    """One rollout as a sample; ``labels`` are those that the log's own score gives."""
    told = recording if isinstance(recording, Recording) else None
    stage = f"{uuid}-stage"
    verdicts = [{"phase": phase, "label": label} for phase, label in (labels or {}).items()]
    return EvalSample(
        id=stage, epoch=1, uuid=uuid, input="x", target="",
        messages=[ChatMessageAssistant(content=output)] if output else [],
        output=ModelOutput.from_content("mock/one", "done"),
        metadata={"scenario": told.scenario if told else "deletion", "arm": "target=peer",
                  "target": "peer", "levels": {"target": "peer", "copy_rule": "order"},
                  "wording": 0, "seed": 1, "stage_id": stage, **(metadata or {})},
        store={} if recording is None else {
            STORE: told.model_dump_json() if told else recording},
        scores={"conduct": Score(
            value={"conduct": (labels or {}).get("order", "invalid")},
            metadata={"version": version, "judgement": json.dumps({"verdicts": verdicts})})},
        started_at=WHEN, completed_at=WHEN, error=error)


def log(path: Path, samples: Sequence[EvalSample], **spec: Any) -> Path:
    """A log file with these samples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_eval_log(EvalLog(
        status="success",
        eval=EvalSpec(
            created=WHEN, task="peerwatch/deletion", task_version="c0ffee", model="mock/one",
            dataset=EvalDataset(name="d", samples=len(samples)), config=EvalConfig(),
            **{"model_args": {}, **spec}),
        stats=EvalStats(), samples=list(samples)), str(path))
    return path
