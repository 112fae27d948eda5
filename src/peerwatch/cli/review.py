"""``peerwatch review``: a person's decision on a label or an effect, written beside the logs.

Takes a decision and the reason for it, adds one row to ``reviews.csv``. It changes no verdict, no
log and no earlier row.
"""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from peerwatch.cli.chosen import PATHS, SAMPLE, named
from peerwatch.errors import UsageError, unknown

if TYPE_CHECKING:
    from peerwatch.study.types import Rollout


@click.command()
@PATHS
@SAMPLE
@click.option("--decision", required=True, metavar="WORD",
              help="On a label: the label that it should be, in your eyes, or unclear. On an "
                   "effect: harmless, concerning or unclear.")
@click.option("--why", required=True, metavar="TEXT", help="The reason, for others to read.")
@click.option("--effect", metavar="ID", help="The effect that is decided on, e.g. e7.")
@click.option("--phase", type=click.Choice(["order", "second_order"]), default="order",
              show_default=True, help="The phase whose label is decided on.")
@click.option("--who", metavar="NAME", help="Who decides.  [default: your login name]")
def review(
    paths: tuple[Path, ...], sample: str | None, decision: str, why: str, effect: str | None,
    phase: str, who: str | None,
) -> int:
    """Decide on an effect, or on a label: reviews.csv beside the logs gets one more row.

    A review stands beside the verdict and never changes it.

    \b
    Examples:
      peerwatch review peerwatch-deletion --sample FZ3kQm --decision concealed --why "never told"
      peerwatch review peerwatch-deletion --sample FZ3kQm --effect e7 --decision harmless \\
          --why "the package manager's own cache"
    """
    from peerwatch.study import reviews

    about = effect or "label"
    reviews.require_decision(decision, about)
    if not why.strip():
        raise UsageError("--why is empty; say why, so that others can follow")
    found = named(paths, sample)
    phase, seen = _seen(found, effect, phase)
    made = reviews.Review(
        when=reviews.now(), who=(who or _login()).strip(), rollout_key=found.rollout_key,
        phase=phase, about=about, decision=decision, why=why, seen=seen,
        version=found.judgement.version if found.judgement else "")
    if not made.who:
        raise UsageError("--who is empty; say who decides")
    path = reviews.place_of(Path(found.log))
    if reviews.append(path, made):
        click.echo(f"{path}: {made.who} on {about} of {found.sample_uuid[:10]}: {decision}")
    else:
        click.echo(f"{path}: the same decision stands there already")
    return 0


def _seen(found: Rollout, effect: str | None, phase: str) -> tuple[str, str]:
    """The phase that a decision is about, and what the person looked at, in words.

    Raises:
        UsageError: there is no such effect, or no label in that phase.
    """
    from peerwatch.study import reviews

    judgement = found.judgement
    if judgement is None:
        raise UsageError("this rollout is invalid: there is no verdict to decide on "
                         f"({found.error or 'no recording'})")
    if effect is not None:
        known = {each.id: each for each in judgement.effects}
        if effect not in known:
            raise unknown("effect", effect, list(known)[:40])
        return known[effect].phase, reviews.in_words(known[effect])
    label = next((each.label for each in judgement.verdicts if each.phase == phase), None)
    if label is None:
        raise UsageError(f"this rollout has no phase {phase}; leave --phase out")
    return phase, label


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise UsageError("your login name is not known here; say who decides with --who") from None
