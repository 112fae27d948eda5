"""``peerwatch models``: the models that can be subjects, and the drill of the routes to them.

Takes a model and a route; prints what the drill found as a table or JSON, and keeps it for
``peerwatch run``. What models and providers say is shown harmless.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from peerwatch.cli._named import fetch, list_
from peerwatch.cli.run import generate_options, pair
from peerwatch.conduct.visible import visible_line
from peerwatch.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from peerwatch.models.prices import Price
    from peerwatch.models.route import Route, RouteVerdict
    from peerwatch.study.asked import Study

MARKS = {"ok": "ok", "note": "·", "limit": "limit", "unseen": "not seen", "broken": "BROKEN"}


@click.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """The models that can be subjects, by name, and whether the routes to them are fit."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


models.add_command(list_)
models.add_command(fetch)


@models.command(epilog="Exit codes: 0 drilled, whatever the verdict; 2 usage or environment.")
@click.argument("model")
@click.option("--model-base-url", metavar="URL", help="Another route to the model.")
@click.option("-M", "model_args", multiple=True, metavar="KEY=VALUE",
              help="An argument for the model's provider.")
@click.option("--max-cost", type=click.FloatRange(min=0, min_open=True), metavar="USD",
              help="Do not begin where it may cost more, and stop when it has.")
@click.option("--model-cost-config", "prices", metavar="FILE",
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Prices of models, in Inspect's format; others are looked up in genai-prices.")
@click.option("--unpriced", is_flag=True,
              help="A model whose price is not known, or that a server of this machine answers, is "
                   "free.")
@click.option("--patience", type=click.FloatRange(min=0.1), default=120.0, show_default=True,
              metavar="SECONDS", help="A route that has not answered by then hangs.")
@click.option("--again", is_flag=True, help="Drill a route that was found fit before.")
@click.option("--dry-run", is_flag=True, help="Say what it would cost and stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@generate_options
def check(
    model: str, model_base_url: str | None, model_args: tuple[str, ...], max_cost: float | None,
    prices: Path | None, unpriced: bool, patience: float, again: bool, dry_run: bool,
    as_json: bool, **generate: Any,
) -> None:
    """Drill the route to MODEL: is what would be measured the model, or the way to it?

    Some 56 calls in plain words; the settings are part of the route, so give those of the run.

    \b
    Examples:
      peerwatch models check openai/gpt-5.2 --reasoning-effort low --dry-run
      peerwatch models check openai-api/local/NAME --model-base-url http://127.0.0.1:8000/v1
    """
    from peerwatch.models.presets import asked_of
    from peerwatch.models.route import UNDRILLED, keep, kept, route_of
    from peerwatch.study.asked import check_model

    check_model(model)
    model, generate = asked_of(model, generate)
    if model.startswith(UNDRILLED):
        raise UsageError(f"{model} has no route to drill: it answers inside this process")
    route = route_of(model, model_base_url, dict(pair(each) for each in model_args),
                     {name: value for name, value in generate.items() if value is not None})
    price = _price(route, prices, unpriced=unpriced, dry_run=dry_run)
    click.echo(_cost(route, price, max_cost), err=True)
    if dry_run:
        return
    verdict = kept(route)
    if verdict is None or again or verdict.fitness == "unfit":
        verdict = _drill(route, price, max_cost, patience)
        if not verdict.cut_short:
            keep(route, verdict)
    else:
        click.echo(f"drilled before, on {verdict.at}; --again drills anew", err=True)
    click.echo(json.dumps(verdict.model_dump(mode="json"), indent=2)) if as_json else _show(verdict)


def _price(
    route: Route, prices: Path | None, *, unpriced: bool, dry_run: bool
) -> Price | None:
    """The price of a route; None where nobody is paid, or where that is what a person says."""
    from peerwatch.models.prices import price_due, read_table

    listed = read_table(prices) if prices is not None else None
    try:
        return price_due(route.model, route.base_url, listed=listed, unpriced=unpriced)
    except UsageError:
        if dry_run:
            return None
        raise


def _cost(route: Route, price: Price | None, max_cost: float | None) -> str:
    """What the drill will cost, for a person.

    Raises:
        UsageError: more than may be spent, or a limit on what has no price.
    """
    from peerwatch.models.drill import COST
    from peerwatch.models.prices import is_free, is_here

    usd = COST.usd(price)
    if max_cost is not None and usd is None and not is_free(route.model, route.base_url) \
            and not is_here(route.base_url):
        raise UsageError(f"the price of {route.model} is not known, so --max-cost cannot be held")
    if max_cost is not None and usd is not None and usd > max_cost:
        raise UsageError(f"the drill may cost {usd:.2f} USD, more than --max-cost {max_cost:g}")
    asked = (f"about {COST.calls} calls, {COST.input_tokens:,} tokens read and "
             f"{COST.output_tokens:,} written, reasoning not counted")
    if usd is None:
        return f"{asked}; no price"
    return f"{asked}: about {usd:.2f} USD ({price.source if price else ''})"


def _drill(
    route: Route, price: Price | None, max_cost: float | None, patience: float
) -> RouteVerdict:
    from peerwatch.models.asking import Patience
    from peerwatch.models.drill import drill
    from peerwatch.models.making import made

    model = made(route.model, route.generate, base_url=route.base_url, model_args=route.model_args)

    async def drilled() -> RouteVerdict:
        try:
            return await drill(route, model, Patience(answer=patience), price, max_cost,
                               lambda name: click.echo(f"  {name} …", err=True))
        finally:
            await model.api.aclose()

    verdict = asyncio.run(drilled())
    nowhere = next((each for each in verdict.findings
                    if each.code in ("unreachable", "key_refused") and not verdict.calls), None)
    if nowhere is not None:  # says nothing about a route, so nothing is kept of it
        raise EnvironmentProblem(f"{route.model}: {visible_line(nowhere.text)}")
    return verdict


def _show(verdict: RouteVerdict) -> None:
    from rich.table import Table
    from rich.text import Text

    from peerwatch.cli.results import stdout_console

    table = Table(box=None, pad_edge=False)
    for heading in ("check", "", "what was seen"):
        table.add_column(heading, overflow="fold")
    for each in verdict.findings:
        table.add_row(Text(each.check), Text(MARKS[each.level]), Text(visible_line(each.text)))
    stdout_console().print(table)
    click.echo()
    where = f" by {verdict.place}" if verdict.place else ""
    cost = "" if verdict.usd is None else f", {verdict.usd:.3f} USD"
    click.echo(f"{visible_line(verdict.model)}{visible_line(where)}: {verdict.fitness} "
               f"({verdict.calls} calls, {verdict.input_tokens:,} tokens read, "
               f"{verdict.output_tokens:,} written{cost})")


def check_command(
    model: str, base_url: str | None, model_args: Mapping[str, Any], generate: Mapping[str, Any],
    prices: Path | None = None,
) -> str:
    """The command that drills the route of a run with these settings, to be pasted into a shell.

    Args:
        model: as a person wrote it; what a preset asks for comes with it again.
        base_url: where it is not the provider's own. No password in it is told.
        model_args: for the provider; of a secret only the name is told.
        generate: settings that a person gave, named like the options.
        prices: the run's own file of prices.
    """
    from peerwatch.models import secrets
    from peerwatch.models.presets import model_string
    from peerwatch.models.prices import price_due, read_table
    from peerwatch.models.route import TRANSPORT

    words = ["peerwatch", "models", "check", model]
    if base_url:
        words += ["--model-base-url", secrets.address(base_url)]
    for name, value in model_args.items():
        shown = "SECRET" if secrets.is_secret(name) else _written(name, value)
        words += ["-M", f"{name}={shown}"]
    for name, value in generate.items():
        if value is not None and name not in TRANSPORT:
            words += [f"--{name.replace('_', '-')}", str(value)]
    if prices is not None:
        words += ["--model-cost-config", str(prices)]
    try:
        price_due(model_string(model), base_url,
                  listed=None if prices is None else read_table(prices), unpriced=False)
    except UsageError:
        words.append("--unpriced")
    return shlex.join(words)


def _written(name: str, value: Any) -> str:
    """A value as ``-M`` reads it back: plain words where they are read as they stand, else JSON."""
    from peerwatch.models import secrets

    plain = isinstance(value, str) and pair(f"{name}={value}")[1] == value
    if plain:
        return str(value)
    return json.dumps(secrets.hidden(value) if isinstance(value, Mapping) else value)


def require_fit(study: Study, *, unfit: bool, prices: Path | None = None) -> None:
    """Says which of a study's routes were not drilled, and refuses those that were found unfit.

    Raises:
        UsageError: a route is unfit, and ``unfit`` does not allow it.
    """
    from peerwatch.models.presets import asked_of
    from peerwatch.models.route import UNDRILLED, kept, route_of

    for name in study.models:
        model, generate = asked_of(name, study.generate)
        if model.startswith(UNDRILLED):
            continue
        route = route_of(model, study.model_base_url, study.model_args, generate)
        verdict = kept(route)
        again = visible_line(check_command(
            name, route.base_url, study.model_args, study.generate, prices))
        name = visible_line(name)
        if verdict is None:
            click.echo(f"the route to {name} with these settings was not checked: {again}",
                       err=True)
        elif verdict.without_tools and not unfit:
            raise UsageError(
                f"{name} has no tools by this route, so it can be no subject (drilled on "
                f"{verdict.at}: {visible_line(verdict.limits[0])}); take another route, put it "
                f"right and check it again ({again}), or add --unfit")
        elif verdict.fitness == "unfit" and not unfit:
            raise UsageError(
                f"the route to {name} was found unfit on {verdict.at}: "
                f"{visible_line(verdict.limits[0])}; put it right and check it again "
                f"({again}), or add --unfit")
        elif verdict.fitness != "fit":
            click.echo(f"the route to {name} is {verdict.fitness}: "
                       + visible_line("; ".join(verdict.limits)), err=True)
