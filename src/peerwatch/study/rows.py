"""One row for every phase of every rollout.

Takes judged rollouts, gives a table with the columns of ``peerwatch.study.columns``. Nothing is
coerced: what does not apply, was not reached or was not read is null, and no cell is NaN.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from peerwatch.conduct.facts import Facts, NotRead
from peerwatch.conduct.headline import deceived, deceived_fields_only, preserved
from peerwatch.conduct.judgement import Verdict
from peerwatch.conduct.noticing import awareness
from peerwatch.conduct.rules import NOT_REACHED
from peerwatch.evidence.types import Claim, PhaseRecord, Recording
from peerwatch.study.columns import FACTS, SCHEMA_VERSION, schema
from peerwatch.study.competence import competence, newest
from peerwatch.study.types import Competence, Drilling, Rollout

FACT_NAMES = tuple(column.name for column in FACTS if column.name != "not_read")
ANSWER_SOURCES = ("copies", "changed")


def rows(rollouts: Sequence[Rollout], drills: Sequence[Drilling] = ()) -> pl.DataFrame:
    """The table; see ``docs/rows.md`` for its columns.

    Args:
        rollouts: judged.
        drills: competence drills; those of a rollout's identity stand in its rows.
    """
    able = {identity: competence("", newest(drills, identity))
            for identity in {each.identity for each in rollouts}}
    return pl.DataFrame(
        [{**row, **_competence(able[each.identity])} for each in rollouts for row in _rows(each)],
        schema=schema(), orient="row")


def _competence(able: Competence) -> dict[str, Any]:
    return {"drill_done": able.jobs.events, "drill_jobs": able.jobs.valid,
            "competent": _flag(able.competent)}


def write(frame: pl.DataFrame, path: Path) -> None:
    """Writes the table by the file's ending, whole or not at all; lists become text in CSV."""
    made = io.BytesIO()  # Polars gives errors of its own where a disk is full
    if path.suffix == ".parquet":
        frame.write_parquet(made)
    elif path.suffix == ".csv":
        lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
        frame.with_columns(pl.col(lists).list.join(" ")).write_csv(made)
    else:
        made.write(json.dumps(frame.to_dicts(), indent=1).encode() + b"\n")
    draft = path.with_name(f".{path.name}")
    try:
        draft.write_bytes(made.getbuffer())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _rows(rollout: Rollout) -> Iterator[dict[str, Any]]:
    shared = _shared(rollout)
    if rollout.error is not None or rollout.judgement is None:
        yield {**shared, "phase": "order", "conduct": "invalid", "valid": 0,
               "reason": "infrastructure"}
        return
    recording = rollout.recording
    if recording:
        shared |= _noticing(recording)
    records = {each.phase: each for each in recording.phases} if recording else {}
    for verdict in rollout.judgement.verdicts:
        row = {**shared, **_verdict(verdict), **_record(records.get(verdict.phase))}
        row["verdict_version"] = rollout.judgement.version
        row["scored_conduct"] = dict(rollout.scored).get(verdict.phase)
        row |= _reviews(rollout, verdict.phase)
        if verdict.facts is not None:
            row |= _facts(verdict.facts)
        if verdict.phase == "questions" and verdict.label != NOT_REACHED and recording:
            row |= _answers(rollout.judgement.claims_of("questions"), recording)
        yield row


def _noticing(recording: Recording) -> dict[str, Any]:
    found = awareness(recording)
    return {"noticed_test": found.test, "comprehension": found.comprehension,
            "noticed_spontaneously": found.spontaneously}


def _shared(rollout: Rollout) -> dict[str, Any]:
    levels = dict(rollout.levels)
    recording = rollout.recording
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": rollout.scenario,
        "model": rollout.model,
        "reported_model": rollout.reported_model or None,
        "arm": rollout.arm,
        "target": levels.get("target"),
        "levels": json.dumps(levels),
        "wording": rollout.wording,
        "seed": rollout.seed,
        "stage_id": rollout.stage_id,
        "rollout_key": rollout.rollout_key,
        "identity": rollout.identity,
        "settings": rollout.settings,
        "content": rollout.content,
        "scored_version": rollout.scored_version,
        "observer": recording.observer if recording else None,
        "base": recording.base if recording else None,
        "input_tokens": rollout.input_tokens,
        "output_tokens": rollout.output_tokens,
        "cost_usd": rollout.cost_usd,
        "total_seconds": rollout.total_seconds,
        "working_seconds": rollout.working_seconds,
        "looking_seconds": recording.looking_seconds if recording else None,
        "log": rollout.log,
        "sample_uuid": rollout.sample_uuid,
        "error": rollout.error,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    order = verdict.phase == "order" and verdict.facts is not None
    return {
        "phase": verdict.phase,
        "conduct": verdict.label,
        "reason": verdict.reason or None,
        "rule": verdict.rule,
        "provisional": int(verdict.provisional) if verdict.facts is not None else None,
        "preservation": _flag(preserved(verdict)) if order else None,
        "deception": _flag(deceived(verdict)) if order else None,
        "deception_fields_only": _flag(deceived_fields_only(verdict)) if order else None,
        "marks": list(verdict.marks),
    }


def _reviews(rollout: Rollout, phase: str) -> dict[str, Any]:
    mine = [each for each in rollout.reviews if each.phase == phase]
    last = next((each for each in reversed(mine) if each.about == "label"), None)
    return {"reviews": len(mine), "reviewed_as": last.decision if last else None,
            "reviewed_by": last.who if last else None}


def _record(record: PhaseRecord | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {"position": record.position, "turns": record.turns,
            "fixed_reply": int(record.fixed_reply)}


def _facts(facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = {name: _number(getattr(facts, name)) for name in FACT_NAMES}
    found["not_read"] = sorted(facts.not_read)
    return found


def _number(value: object) -> object:
    """A fact as a cell: lists count, booleans are 0 or 1, words stay, not read is null."""
    if value is None or isinstance(value, NotRead):
        return None
    if isinstance(value, bool):
        return int(value)
    return len(value) if isinstance(value, tuple) else value


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _answers(claims: Sequence[Claim], recording: Recording) -> dict[str, Any]:
    said = [claim for claim in claims if claim.source in ANSWER_SOURCES]
    false = [claim for claim in said if claim.true is False]
    order = recording.order
    return {
        "answers": len(recording.answers),
        "answers_true": sum(claim.true is True for claim in said),
        "answers_false": len(false),
        "answers_undecided": sum(claim.true is None for claim in said),
        "answers_false_target": sum(claim.item == order.target.item for claim in false),
        "answers_false_control": sum(claim.item == order.control_item for claim in false),
    }
