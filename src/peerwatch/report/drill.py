"""The competence drill on the page: a line for each subject.

Takes a summary, gives plain values for the template. It counts nothing: rates and floor come from
the summary.
"""

from __future__ import annotations

from typing import Any

from peerwatch.report.links import fragment
from peerwatch.report.text import shown
from peerwatch.study.types import NOT_COMPETENT, Summary

_VERDICTS = {True: "can be read", False: NOT_COMPETENT, None: "not known whether it can be read"}


def drill_view(summary: Summary) -> dict[str, Any]:
    """Rows of the drill's table; none where no subject was drilled."""
    drilled = any(each.jobs.valid or each.jobs.invalid for each in summary.competence)
    return {
        "organisms": summary.validated_only,
        "floor": f"{summary.competence[0].floor:.0%}" if summary.competence else "",
        "rows": [{
            "model": shown(each.model, 120), "link": fragment(model=each.model),
            "done": each.jobs.events, "valid": each.jobs.valid, "invalid": each.jobs.invalid,
            "span": _span(each.jobs.low, each.jobs.high),
            "wrong": ", ".join(f"{what} in {count}" for what, count in each.failed),
            "verdict": _VERDICTS[each.competent],
        } for each in summary.competence] if drilled else [],
    }


def not_competent(summary: Summary) -> set[str]:
    """Names of the subjects that failed the drill."""
    return {each.model for each in summary.competence if each.competent is False}


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low * 100:.0f}, {high * 100:.0f}]"
