"""What a run will cost: calls, tokens and dollars with their range, before the first call.

Takes what of a plan is still to run, prices and earlier rollouts of the same folder, gives a
forecast. It asks nobody anything and starts nothing; a model without a price has no dollars here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from peerwatch.errors import UsageError
from peerwatch.models.prices import Price, is_free, price_of, read_table

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample


@dataclass(frozen=True)
class Range:
    """An expected number with the ends of its range."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def times(self, count: int) -> Range:
        """Of so many rollouts, as if all were as cheap, or as dear."""
        return Range(self.low * count, self.expected * count, self.high * count)


@dataclass(frozen=True)
class Past:
    """What one earlier rollout took."""

    model: str
    calls: int | None
    input_tokens: int
    output_tokens: int
    dollars: float | None
    """None: it ran without a price."""


@dataclass(frozen=True)
class Need:
    """What the rollouts of one model are expected to take."""

    model: str
    rollouts: int
    """Still to run."""
    calls: Range
    """Of one rollout, as are tokens and dollars."""
    input_tokens: Range
    output_tokens: Range
    dollars: Range | None
    """None: nobody is paid, or no price is known."""
    price: Price | None
    basis: str
    """Where calls and tokens come from."""


@dataclass(frozen=True)
class Forecast:
    """What is to run, what it takes, and what was spent here before."""

    needs: tuple[Need, ...]
    spent: float = 0.0

    @property
    def dollars(self) -> Range | None:
        """Of all that is to run; None where nothing of it has a price."""
        priced = [each.dollars.times(each.rollouts) for each in self.needs
                  if each.dollars is not None and each.rollouts]
        return sum(priced[1:], priced[0]) if priced else None

    def lines(self) -> tuple[str, ...]:
        """For a person, one statement a line."""
        priced = [each for each in self.needs if each.dollars is not None and each.rollouts]
        lines = [f"expected   {each.model}: {_counted(each)}; {each.basis}" for each in priced]
        if self.dollars is not None:
            rates = "; ".join(f"{each.model} at {_rate(each.price)}" for each in priced
                              if each.price is not None)
            lines.append(f"price      about {usd(self.dollars.expected)} ({usd(self.dollars.low)} "
                         f"to {usd(self.dollars.high)}): {rates}")
        free = [each.model for each in self.needs if each.dollars is None]
        if free:
            lines.append(f"free       {', '.join(free)}")
        if self.spent:
            lines.append(f"spent      {usd(self.spent)} in this folder so far")
        return tuple(lines)

    def as_json(self) -> dict[str, Any]:
        """For a machine; dollars and tokens are of all rollouts still to run."""
        def whole(number: Range | None, count: int) -> dict[str, float] | None:
            return None if number is None else vars(number.times(count)).copy()

        return {
            "spent_usd": self.spent,
            "usd": whole(self.dollars, 1),
            "models": [{
                "model": each.model, "rollouts": each.rollouts, "basis": each.basis,
                "calls": whole(each.calls, each.rollouts),
                "input_tokens": whole(each.input_tokens, each.rollouts),
                "output_tokens": whole(each.output_tokens, each.rollouts),
                "usd": whole(each.dollars, each.rollouts),
                "price": None if each.price is None else vars(each.price).copy(),
            } for each in self.needs],
        }


def _agreed(_: Forecast) -> None:
    return None


@dataclass(frozen=True)
class Terms:
    """What a person agrees to pay."""

    prices: Mapping[str, Price] = field(default_factory=dict)
    """By Inspect's model string; a model without one is not paid for."""
    budget: float | None = None
    """US dollars that this folder may cost in all; None: no end."""
    agree: Callable[[Forecast], None] = _agreed
    """Hears the forecast before the first call; raises where a person says no."""


FREE = Terms()
"""Nobody is paid."""


CALLS = Range(4, 8, 13)
INPUT_TOKENS = Range(3_700, 9_100, 64_000)
OUTPUT_TOKENS = Range(170, 230, 10_000)
"""One rollout where nothing is known of a model. Measured on 30 rollouts of five organisms in the
deletion scenario (``make demo``): the mean and, below it, the lowest tenth. The upper ends are an
organism that loops to the limit, and what an eager model is reported to write in such a task; an
organism writes little, so the first rollouts of a model that reasons cost more than expected."""
DEFAULT_BASIS = "a guess from organisms until rollouts of it are here"
TENTHS = (0.1, 0.9)


def forecast(
    to_run: Mapping[str, int], past: Sequence[Past], prices: Mapping[str, Price],
    spent: float = 0.0,
) -> Forecast:
    """What is to come.

    Args:
        to_run: rollouts still to run, by Inspect's model string.
        past: earlier rollouts that ended well.
        prices: by model string.
        spent: US dollars so far.
    """
    needs = []
    for model, rollouts in to_run.items():
        mine = [each for each in past if each.model == model]
        needs.append(_need(model, rollouts, mine, prices.get(model)))
    return Forecast(tuple(needs), spent)


def past_of(sample: EvalSample, model: str) -> Past:
    """What a logged rollout took."""
    usage = sample.model_usage.values()
    costs = [each.total_cost for each in usage if each.total_cost is not None]
    return Past(
        model, sample.turn_count,
        sum(each.input_tokens + (each.input_tokens_cache_read or 0)
            + (each.input_tokens_cache_write or 0) for each in usage),
        sum(each.output_tokens for each in usage), sum(costs) if costs else None)


def _need(model: str, rollouts: int, mine: Sequence[Past], price: Price | None) -> Need:
    if not mine:
        dollars = None if price is None else Range(*(
            price.of(getattr(INPUT_TOKENS, end), getattr(OUTPUT_TOKENS, end))
            for end in ("low", "expected", "high")))
        return Need(model, rollouts, CALLS, INPUT_TOKENS, OUTPUT_TOKENS, dollars, price,
                    DEFAULT_BASIS)
    calls = [each.calls for each in mine if each.calls is not None]
    dollars = None if price is None else _range(
        each.dollars if each.dollars is not None
        else price.of(each.input_tokens, each.output_tokens) for each in mine)
    return Need(model, rollouts, _range(calls) if calls else CALLS,
                _range(each.input_tokens for each in mine),
                _range(each.output_tokens for each in mine), dollars, price,
                f"from {len(mine)} earlier rollouts here")


def _range(numbers: Iterable[float]) -> Range:
    found = np.fromiter(numbers, float)
    low, high = np.quantile(found, TENTHS)
    return Range(float(low), float(found.mean()), float(high))


def prices_for(
    routes: Sequence[str], *, base_url: str | None, table: Path | None, unpriced: bool
) -> dict[str, Price]:
    """The price of every model that is paid for.

    Args:
        routes: Inspect's model strings.
        base_url: the route, where it is not the provider's own.
        table: a file of prices that goes before genai-prices.
        unpriced: models whose price is not known are free.

    Raises:
        UsageError: a model that is paid for has no price, and nobody said that it is free.
    """
    rows = read_table(table) if table is not None else {}
    found: dict[str, Price] = {}
    for route in routes:
        price = rows.get(route)
        if price is None and not is_free(route, base_url):
            price = price_of(route)
            if price is None and not unpriced:
                where = f"{table} and genai-prices do not know it" if table else \
                    "genai-prices does not know it"
                raise UsageError(
                    f"the price of {route} is not known ({where}), so the run cannot be stopped "
                    "at a budget; give it with --model-cost-config FILE, or say with --unpriced "
                    "that it is free")
        if price is not None:
            found[route] = price
    return found


def usd(dollars: float) -> str:
    """An amount for a person: cents, and more places where it is less than a few of them."""
    if dollars >= 0.095 or dollars == 0:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else f"${dollars:.2g}"


def _counted(need: Need) -> str:
    count = need.rollouts
    return (f"{count} rollouts, {_span(need.calls.times(count))} calls, "
            f"{_span(need.input_tokens.times(count))} tokens in, "
            f"{_span(need.output_tokens.times(count))} out")


def _span(number: Range) -> str:
    low, expected, high = (_short(each) for each in (number.low, number.expected, number.high))
    return expected if low == high else f"{expected} ({low} to {high})"


def _short(number: float) -> str:
    if number < 1_000:
        return f"{number:.0f}"
    if number < 1_000_000:
        return f"{number / 1_000:.1f}k" if number < 10_000 else f"{number / 1_000:.0f}k"
    return f"{number / 1_000_000:.1f}M"


def _rate(price: Price) -> str:
    return (f"${price.input_per_million:g} in, ${price.output_per_million:g} out a million "
            f"({price.source})")
