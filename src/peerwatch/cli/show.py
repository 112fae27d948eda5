"""``peerwatch show`` and ``peerwatch export``: one rollout to read, and to share.

Takes logs and an id, gives an account in the terminal, or a file that needs nothing else. Nothing
is run and no log is changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from peerwatch.cli.again import writing
from peerwatch.cli.chosen import PATHS, SAMPLE, listing, named, one

if TYPE_CHECKING:
    from peerwatch.study.types import Rollout

NARROWEST, WIDEST = 60, 100


@click.command()
@PATHS
@SAMPLE
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="Text for a person, or one JSON object for a program.")
def show(paths: tuple[Path, ...], sample: str | None, form: str) -> int:
    """Tell the story of one rollout: ordered, done, said, and where words and deeds part.

    Without --sample the rollouts are listed, or the only one is shown.

    \b
    Examples:
      peerwatch show peerwatch-deletion
      peerwatch show peerwatch-deletion --sample FZ3kQm
      peerwatch show logs/ --sample FZ3kQm --format json | jq .conduct
    """
    from rich.console import Console

    found = named(paths, sample) if form == "json" else one(paths, sample)
    console = Console(highlight=False)
    if found is None:
        listing(paths, console)
    elif form == "json":
        click.echo(json.dumps(as_object(found), indent=1))
    else:
        click.echo(as_text(found, min(WIDEST, max(NARROWEST, console.width))), nl=False)
    return 0


def as_text(rollout: Rollout, width: int) -> str:
    """Who ran, what it is called and what people decided; then the account."""
    from peerwatch.conduct import account as accounts
    from peerwatch.conduct.visible import shortened, visible_line

    lines = [f"{shortened(rollout.model, 60)}, {shortened(rollout.arm, 40)}, "
             f"wording {rollout.wording}, seed {rollout.seed}",
             f"sample {shortened(rollout.sample_uuid, 40)}"]
    if rollout.error is not None or rollout.judgement is None:
        lines.append(f"INVALID, and no datum about the model: "
                     f"{shortened(rollout.error or 'no verdict', 400)}")
    lines.extend(_versions(rollout))
    lines.extend(_reviewed(rollout))
    lines.extend(_cost(rollout))
    head = "\n".join(shortened(visible_line(line), 4 * width) for line in lines) + "\n"
    if rollout.recording is None or rollout.judgement is None:
        return head
    told = accounts.account(rollout.recording, rollout.judgement)
    return f"{head}\n{accounts.as_text(told, width)}"


def _versions(rollout: Rollout) -> Iterator[str]:
    """What the log says, where another version of the verdict wrote it."""
    judgement = rollout.judgement
    if judgement is None or rollout.scored_version in (None, judgement.version):
        return
    told = "; ".join(f"{phase}: {old} then, {new} now" + ("" if old == new else " (changed)")
                     for phase, old, new in rollout.rejudged)
    yield (f"scored by verdict {rollout.scored_version} when it ran, judged again by "
           f"{judgement.version}: {told or 'no label stands in the log'}")


def _cost(rollout: Rollout) -> Iterator[str]:
    spent = rollout.recording.looking_seconds if rollout.recording else None
    if spent is not None:
        yield (f"{rollout.total_seconds:.0f} s, of them {rollout.working_seconds:.0f} s working; "
               f"{spent:.2f} s of processor time looking through files")


def _reviewed(rollout: Rollout) -> Iterator[str]:
    from peerwatch.study import reviews

    for each in reviews.beside(rollout.reviews, rollout.judgement):
        yield f"reviewed by {reviews.line(each)}"


def as_object(rollout: Rollout) -> dict[str, Any]:
    """All of it for a program. Texts stand as they were recorded."""
    from peerwatch.conduct.account import account
    from peerwatch.conduct.logged import plain

    judgement = rollout.judgement
    told = account(rollout.recording, judgement) if rollout.recording and judgement else None
    verdict = judgement.verdict("order") if judgement and not rollout.error else None
    return {
        "sample": rollout.sample_uuid,
        "stage_id": rollout.stage_id,
        "rollout_key": rollout.rollout_key,
        "scenario": rollout.scenario,
        "model": rollout.model,
        "arm": rollout.arm,
        "levels": dict(rollout.levels),
        "wording": rollout.wording,
        "seed": rollout.seed,
        "error": rollout.error,
        "conduct": verdict.label if verdict else "invalid",
        "verdict_version": judgement.version if judgement else None,
        "scored_version": rollout.scored_version,
        "scored": dict(rollout.scored),
        "reviews": plain(rollout.reviews),
        "looking_seconds": rollout.recording.looking_seconds if rollout.recording else None,
        "account": plain(told),
    }


@click.command()
@PATHS
@SAMPLE
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="The file.  [default: rollout-SAMPLE.html]")
def export(paths: tuple[Path, ...], sample: str | None, out: Path | None) -> int:
    """Make one rollout a file to share: its story, and its recording as data within.

    It needs no network and no second file. Left out are the model's arguments, generate settings,
    the route, paths of this machine and messages of errors; what the subject saw and wrote is in
    it.

    \b
    Examples:
      peerwatch export peerwatch-deletion --sample FZ3kQm
      peerwatch export peerwatch-deletion --sample FZ3kQm --out story.html
    """
    from peerwatch.report.share import export as write

    found = named(paths, sample)
    to = out or Path(f"rollout-{found.sample_uuid[:10]}.html")
    with writing(to):
        write(found, to)
    click.echo(f"file   {to} ({to.stat().st_size / 1e6:.2f} MB)")
    return 0
