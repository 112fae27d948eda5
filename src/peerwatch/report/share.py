"""One rollout as a file to share: its story, and its recording as data in the same file.

Takes a rollout, gives one HTML file that needs no script and no network. What belongs to the
person or the machine that ran it stays out: model arguments, generate settings, the route, paths,
messages of errors. What the subject saw, did and wrote is in it, as it is in the log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from markupsafe import Markup

from peerwatch.conduct.logged import plain
from peerwatch.report.page import CAN, CANNOT, TITLE, assets, environment, policy, put
from peerwatch.report.story import tell, without_path
from peerwatch.report.text import shown
from peerwatch.study.asked import ORGANISM
from peerwatch.study.types import Rollout

DATA = "recording"
"""Id of the element that holds the data, as JSON."""


def export(rollout: Rollout, out: Path) -> None:
    """Writes the file.

    Args:
        rollout: valid or not.
        out: an older file stays whole until the new one is complete.
    """
    put(out, _pieces(rollout))


def data(rollout: Rollout) -> dict[str, Any]:
    """What the file holds for programs: the recording, and who it is about."""
    judgement = rollout.judgement
    return {
        "peerwatch": version("peerwatch"),
        "scenario": rollout.scenario,
        "model": without_path(rollout.model),
        "arm": rollout.arm,
        "levels": dict(rollout.levels),
        "wording": rollout.wording,
        "seed": rollout.seed,
        "sample": rollout.sample_uuid,
        "stage_id": rollout.stage_id,
        "rollout_key": rollout.rollout_key,
        "valid": rollout.error is None and judgement is not None,
        "verdict_version": judgement.version if judgement else None,
        "conduct": {each.phase: each.label for each in judgement.verdicts} if judgement else {},
        "scored_version": rollout.scored_version,
        "scored": dict(rollout.scored),
        "reviews": plain(rollout.reviews),
        "recording": plain(rollout.recording),
    }


def _pieces(rollout: Rollout) -> Iterator[str]:
    sheet, _ = assets()
    # In a data block nothing but its end tag could act, and no such letter stands in it.
    text = json.dumps(data(rollout)).replace("<", "\\u003c").replace(">", "\\u003e").replace(
        "&", "\\u0026")
    subject = without_path(rollout.model)
    stream = environment().get_template("one.html.j2").stream(
        title=TITLE,
        policy=policy(sheet, ""),
        style=Markup(sheet),  # noqa: S704  (the package's own file)
        data=Markup(text),  # noqa: S704  (JSON without any letter of markup)
        data_id=DATA,
        version=version("peerwatch"),
        scenario=shown(rollout.scenario, 80),
        subject=shown(subject, 120),
        arm=shown(rollout.arm, 80),
        validated_only=rollout.model.startswith(ORGANISM),
        it=tell(rollout, subject, 1, shared=True),
        can=CAN,
        cannot=CANNOT,
    )
    stream.enable_buffering(64)
    return stream
