"""``peerwatch run``: plan, run, table, rows and page of one study.

Takes options, gives an output folder and a table on stdout. The heavy rooms are imported in the
functions: the command's own help needs none of them.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from peerwatch.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from peerwatch.study.money import Forecast

GENERATE = (
    click.option("--temperature", type=float, help="Sampling temperature."),
    click.option("--top-p", type=float, help="Nucleus sampling."),
    click.option("--max-tokens", type=int, help="Most tokens of one answer."),
    click.option("--seed", type=int, help="Seed for the provider, where it takes one."),
    click.option("--reasoning-effort", help="Reasoning effort, e.g. low, medium, high."),
    click.option("--reasoning-tokens", type=int, help="Most tokens of reasoning."),
    click.option("--max-connections", type=int, help="Connections to the provider at once."),
    click.option("--timeout", type=int, help="Seconds for one request to the provider."),
)


ASK_ABOVE = 5.0
"""US dollars that a command may cost without a person's word."""
PRICES = (
    click.option("--yes", is_flag=True,
                 help=f"Do not ask where it may cost more than ${ASK_ABOVE:g}."),
    click.option("--model-cost-config", "prices", metavar="FILE",
                 type=click.Path(exists=True, dir_okay=False, path_type=Path),
                 help="Prices of models, in Inspect's format; others are looked up in "
                      "genai-prices."),
    click.option("--unpriced", is_flag=True,
                 help="A model whose price is not known, or that a server of this machine "
                      "answers, is free; organisms and embedded models always are."),
)


def price_options(command: Any) -> Any:
    """Adds the options on what models cost, and on being asked about it."""
    for option in reversed(PRICES):
        command = option(command)
    return command


def generate_options(command: Any) -> Any:
    """Adds the options of ``GenerateConfig`` that a route's identity knows."""
    for option in reversed(GENERATE):
        command = option(command)
    return command


@click.command(epilog="Exit codes: 0 fine, 2 usage or environment, 3 every rollout is invalid, "
                      "130 stopped with Ctrl-C; the same command then goes on.")
@click.argument("scenario")
@click.option("--model", "models", multiple=True, required=True, metavar="MODEL",
              help="A name of `peerwatch models`, organism/NAME, or any model string of "
                   "Inspect's; quote one with parameters. Give it again for more models.")
@click.option("--rollouts", type=click.IntRange(min=1), default=3, show_default=True,
              metavar="N", help="Rollouts in every arm of every model.")
@click.option("--factor", "factors", multiple=True, metavar="FACTOR=LEVEL[,LEVEL]",
              help="Arms to run; several factors are crossed. The matched control of every arm "
                   "is added.")
@click.option("--contrast", "contrasts", multiple=True, metavar="FACTOR",
              help="A factor to contrast: each of its levels against its default, all else equal. "
                   "[default: target]")
@click.option("--family", "families", multiple=True, metavar="NAME",
              help="A built-in family of contrasts, with its arms; again for more. "
                   "peerwatch design show lists them.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
              help="Output folder; the same one again extends it.  [default: peerwatch-SCENARIO]")
@click.option("--drill", type=click.IntRange(min=0), metavar="N",
              help="Competence drills of every model before its first rollout; 0 for none.  "
                   "[default: 4, and none for organisms]")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--sandbox", default="fleet", show_default=True,
              help="Where the hosts are: fleet, or docker (needs an engine; see docs/docker.md).")
@click.option("--agent", metavar="AGENT",
              help="Drive the models with this Inspect agent: a registry name, e.g. react, or "
                   "FILE.py@NAME.  [default: a plain tool loop that adds no text]")
@click.option("--turns", type=click.IntRange(min=1), metavar="N",
              help="Most turns of a phase, where they are to be fewer than the scenario's 40, in "
                   "the competence drill too.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="USD",
              help="Start nothing that would bring what the folder cost above this; what is there "
                   "is kept, and a larger budget goes on.")
@price_options
@click.option("--model-base-url", metavar="URL", help="Another route to the models.")
@click.option("-M", "model_args", multiple=True, metavar="KEY=VALUE",
              help="An argument for the model's provider. Not for keys: Inspect logs most of them.")
@click.option("--unfit", is_flag=True,
              help="Run by a route that `peerwatch models check` found unfit, all the same.")
@click.option("--max-sandboxes", type=click.IntRange(min=1), metavar="N",
              help="Rollouts at once at most; memory may allow fewer.")
@generate_options
def run(
    scenario: str, models: tuple[str, ...], rollouts: int, factors: tuple[str, ...],
    contrasts: tuple[str, ...], families: tuple[str, ...],
    out: Path | None, dry_run: bool, as_json: bool, sandbox: str, budget: float | None,
    agent: str | None, yes: bool, prices: Path | None, unpriced: bool,
    model_base_url: str | None, model_args: tuple[str, ...], max_sandboxes: int | None,
    unfit: bool, drill: int | None, turns: int | None, **generate: Any,
) -> int:
    """Run SCENARIO with each MODEL, and report what the subjects did and said.

    \b
    Examples:
      peerwatch run deletion --model organism/obedient --model organism/hiding --rollouts 5
      peerwatch run deletion --model 'organism/hiding?rate=0.6;target=peer' --factor target=peer
      peerwatch run deletion --model organism/late --factor exit=absent,offered --contrast exit
      peerwatch run deletion --model gpt-5.2 --rollouts 20 --dry-run
      peerwatch run deletion --model gpt-5.2 --rollouts 20 --budget 3
    """
    from peerwatch.scenarios import load
    from peerwatch.study.asked import ask

    found = load(scenario)
    study = ask(
        scenario=scenario, models=models, factors=factors, contrasts=contrasts,
        families=families, rollouts=rollouts,
        generate={name: value for name, value in generate.items() if value is not None},
        model_args=dict(pair(each) for each in model_args),
        model_base_url=model_base_url, sandbox=sandbox, agent=agent, drill=drill, turns=turns)
    from peerwatch.study.money import Terms, prices_for
    from peerwatch.study.plan import make_plan

    terms = Terms(prices_for(study.routes, base_url=model_base_url, table=prices,
                             unpriced=unpriced, dry_run=dry_run, say=partial(click.echo, err=True)),
                  budget, partial(agree, budget=budget, yes=yes))
    plan = make_plan(study, found, max_sandboxes)
    folder = out or Path(f"peerwatch-{scenario}")
    from peerwatch.models.secrets import logged as secrets_logged
    from peerwatch.study.run import foreseen, models_of, require_task

    require_task(plan, found)
    if dry_run:
        told = foreseen(plan, found, folder, terms)
        click.echo(json.dumps(plan.as_json() | {"cost": told.as_json()}, indent=2) if as_json
                   else "\n".join((*plan.lines(), *told.lines())))
        return 0
    from peerwatch.models.route import require_servers

    require_servers(study.routes, model_base_url)
    subjects = models_of(study)
    from peerwatch.cli.models import require_fit

    require_fit(study, unfit=unfit, prices=prices)
    for line in secrets_logged(study.model_args, study.model_base_url):
        click.echo(line, err=True)
    if sandbox == "fleet":
        _require_fleet()
    elif sandbox == "docker":
        from peerwatch.fleet.docker.image import require

        require(lambda line: click.echo(line, err=True))
    for line in plan.lines():
        click.echo(line, err=True)
    from peerwatch.cli.results import finish

    try:
        return finish(plan, found, subjects, folder, as_json=as_json, terms=terms)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write to {error.filename or folder}: {error.strerror or error}; what is done "
            "is kept: put that right and give the same command again") from None


def pair(text: str) -> tuple[str, Any]:
    """A provider's argument, ``key=value``; the value is JSON or plain words."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        # Not what was given: it may be a key, and messages end up in logs.
        raise UsageError("cannot read a -M without a name and a value; write it as -M key=value")
    try:
        return name, json.loads(value)
    except ValueError:  # plain words need no quotes
        return name, value


def agree(told: Forecast, *, budget: float | None, yes: bool) -> None:
    """Says what is expected, and asks where it may be much: the budget is the most that it is."""
    for line in told.lines():
        click.echo(line, err=True)
    most = told.dollars.high if told.dollars else 0.0
    if budget is not None:
        most = min(most, max(0.0, budget - told.spent))
    if most <= ASK_ABOVE or yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this may cost up to ${most:,.2f}, and nobody is there to be asked; add "
                         "--yes, or a smaller --budget USD")
    click.confirm(f"This may cost up to ${most:,.2f}. Start?", abort=True, err=True)


def _require_fleet() -> None:
    """Inspect would start, fail in every sample and say nothing with its display off."""
    from peerwatch.fleet import check

    check.require(base=True)
