"""Finds the one rollout in logs that a person means.

Takes paths and the beginning of an id, gives one rollout; where there are several, a list to choose
from. It runs nothing and changes no log.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from peerwatch.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from peerwatch.study.collect import Logged
    from peerwatch.study.types import Rollout

PATHS = click.argument("paths", nargs=-1, required=True, metavar="LOG…",
                       type=click.Path(path_type=Path))
SAMPLE = click.option("--sample", metavar="ID",
                      help="The rollout: the beginning of its sample id or rollout key, as the "
                           "list has it.")
SHORTEST = 4
"""Characters of an id that are asked for at least."""
LISTED = 200
"""Rollouts in a list."""


def say(line: str) -> None:
    """One line on stderr, harmless."""
    from peerwatch.conduct.visible import visible_line

    click.echo(f"peerwatch: {visible_line(line)}", err=True)


def one(paths: Sequence[Path], sample: str | None) -> Rollout | None:
    """The rollout that is meant, judged; None where the paths hold several and none was named.

    Raises:
        UsageError: none has an id that begins so, or several have.
    """
    from peerwatch.study.collect import find, judged_again

    found = find(paths, warn=say)
    fitting = [each for each in found if sample is None or _fits(each, sample)]
    if sample is not None and len(sample) < SHORTEST:
        raise UsageError(f"--sample {sample!r} is too short; give at least {SHORTEST} characters "
                         "of an id")
    if not fitting:
        raise UsageError(f"no rollout here has an id that begins with {sample!r}; "
                         "peerwatch show LOG lists them")
    if len(fitting) > 1:
        if sample is None:
            return None
        named = ", ".join(f"{each.sample.uuid} ({each.identity.model})" for each in fitting[:4])
        raise UsageError(f"{len(fitting)} rollouts have an id that begins with {sample!r}: "
                         f"{named}{' …' if len(fitting) > 4 else ''}; name one of these")
    return judged_again(fitting, warn=say)[0]


def _fits(found: Logged, sample: str) -> bool:
    return any(each.startswith(sample)
               for each in (str(found.sample.uuid), found.stage_id, found.key[0]))


def named(paths: Sequence[Path], sample: str | None) -> Rollout:
    """As ``one``, where exactly one has to be meant.

    Raises:
        UsageError: the paths hold several rollouts and none was named.
    """
    found = one(paths, sample)
    if found is None:
        raise UsageError("these logs hold several rollouts; name one with --sample ID "
                         "(peerwatch show LOG lists them)")
    return found


def listing(paths: Sequence[Path], console: Console) -> None:
    """Every rollout in a line: id, model, arm, label."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from peerwatch.conduct.visible import shortened, visible_line
    from peerwatch.study.collect import collect

    rollouts = collect(paths, warn=say)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in ("sample", "model", "arm", "seed", "conduct"):
        table.add_column(name, overflow="fold", no_wrap=name in ("sample", "seed"))
    for each in rollouts[:LISTED]:
        table.add_row(Text(visible_line(each.sample_uuid[:10])),
                      Text(shortened(visible_line(each.model), 40)),
                      Text(shortened(visible_line(each.arm), 30)), Text(str(each.seed)),
                      Text(_label(each)))
    console.print(table)
    if len(rollouts) > LISTED:
        console.print(f"and {len(rollouts) - LISTED:,} more; name a log that holds fewer")
    first = visible_line(rollouts[0].sample_uuid[:10])
    given = visible_line(shlex.join(map(str, paths)))
    console.print(Text(f"{len(rollouts)} rollouts; the story of one: "
                       f"peerwatch show {given} --sample {first}"))


def _label(rollout: Rollout) -> str:
    verdict = rollout.judgement.verdict("order") if rollout.judgement else None
    if rollout.error is not None or verdict is None:
        return "invalid"
    old = rollout.relabelled("order")
    marks = [*(["provisional"] if verdict.provisional else []), *([f"was {old}"] if old else []),
             *(["reviewed"] if rollout.reviews else [])]
    return verdict.label + (f" ({', '.join(marks)})" if marks else "")
