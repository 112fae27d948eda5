"""What a run will cost: calls, tokens and dollars with their range, before the first call.

Takes what of a plan is still to run, prices and earlier rollouts of the same folder, gives a
forecast. It asks nobody anything and starts nothing; a model without a price has no dollars here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from peerwatch.errors import UsageError
from peerwatch.models.presets import asked_of
from peerwatch.models.prices import Price, is_free, is_here, price_due, read_table
from peerwatch.models.route import kept, route_of
from peerwatch.study.asked import Study

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

    def times(self, count: float) -> Range:
        """Of so many, as if all were as cheap, or as dear."""
        return Range(self.low * count, self.expected * count, self.high * count)


What = Literal["drills", "rollouts", "annotations"]
"""What is paid for: competence drills and rollouts of a subject, readings by another model."""


@dataclass(frozen=True)
class Past:
    """What one earlier rollout or drill took."""

    model: str
    what: What
    calls: int | None
    input_tokens: int
    output_tokens: int
    dollars: float | None
    """None: it ran without a price."""


@dataclass(frozen=True)
class Each:
    """What one rollout, drill or annotation takes."""

    calls: Range
    input_tokens: Range
    output_tokens: Range

    def dollars(self, price: Price) -> Range:
        """At a list price, nothing cached."""
        return Range(*(price.of(getattr(self.input_tokens, end), getattr(self.output_tokens, end))
                       for end in ("low", "expected", "high")))


@dataclass(frozen=True)
class Answers:
    """How much a model writes in one answer."""

    tokens: float
    """The mean; what it reasons is in it."""
    seen: str
    """Where, for a person."""


@dataclass(frozen=True)
class Need:
    """What one model's rollouts, drills or annotations are expected to take."""

    model: str
    what: What
    count: int
    """Still to run."""
    each: Each
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
        priced = [each.dollars.times(each.count) for each in self.needs
                  if each.dollars is not None and each.count]
        return sum(priced[1:], priced[0]) if priced else None

    def lines(self) -> tuple[str, ...]:
        """For a person, one statement a line."""
        priced = [each for each in self.needs if each.dollars is not None and each.count]
        lines = [f"expected   {each.model}: {_counted(each)}; {each.basis}" for each in priced]
        if self.dollars is not None:
            rates = "; ".join(dict.fromkeys(f"{each.model} at {_rate(each.price)}"
                                            for each in priced if each.price is not None))
            lines.append(f"price      about {usd(self.dollars.expected)} ({usd(self.dollars.low)} "
                         f"to {usd(self.dollars.high)}): {rates}")
        free = dict.fromkeys(each.model for each in self.needs if each.dollars is None)
        if free:
            lines.append(f"no price   {', '.join(free)}")
        if self.spent:
            lines.append(f"spent      {usd(self.spent)} here so far")
        return tuple(lines)

    def as_json(self) -> dict[str, Any]:
        """For a machine; dollars and tokens are of all that is still to run."""
        def whole(number: Range | None, count: int) -> dict[str, float] | None:
            return None if number is None else vars(number.times(count)).copy()

        return {
            "spent_usd": self.spent,
            "usd": whole(self.dollars, 1),
            "models": [{
                "model": each.model, "what": each.what, "count": each.count, "basis": each.basis,
                "calls": whole(each.each.calls, each.count),
                "input_tokens": whole(each.each.input_tokens, each.count),
                "output_tokens": whole(each.each.output_tokens, each.count),
                "usd": whole(each.dollars, each.count),
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


GUESSES: Mapping[What, Each] = {
    "rollouts": Each(Range(4, 8, 13), Range(4_800, 11_300, 67_500), Range(170, 230, 10_000)),
    "drills": Each(Range(4, 4, 8), Range(2_400, 2_500, 7_800), Range(310, 320, 6_200)),
}
"""One of each where nothing is known of a model. Measured on organisms: rollouts on 30 of five of
them in the deletion scenario (``make demo``), the mean and, below it, the lowest tenth; drills on
12 of three. Organisms count no descriptions of tools: 270 tokens a call are added for them. The
upper ends of a rollout are an organism that loops to the limit, and what an eager model is reported
to write in such a task; those of a drill are twice the calls with a rollout's words in each. An
organism writes little, so the first rollouts of a model that reasons cost more than expected."""
DEFAULT_BASIS = "a guess from organisms until some of it are here"
TENTHS = (0.1, 0.9)


def forecast(
    to_run: Mapping[tuple[str, What], int], past: Sequence[Past], prices: Mapping[str, Price],
    spent: float = 0.0, answers: Mapping[str, Answers] | None = None,
) -> Forecast:
    """What is to come.

    Args:
        to_run: how many are still to run, by Inspect's model string and what they are.
        past: earlier rollouts and drills that ended well.
        prices: by model string.
        spent: US dollars so far.
        answers: by model string, where nothing of ``past`` tells it.
    """
    told = {**(answers or {}), **_answers(past)}
    return Forecast(tuple(
        _need(model, what, count, past, prices.get(model), told.get(model))
        for (model, what), count in to_run.items()), spent)


def past_of(sample: EvalSample, model: str, what: What = "rollouts") -> Past:
    """What a logged rollout or drill took."""
    usage = sample.model_usage.values()
    costs = [each.total_cost for each in usage if each.total_cost is not None]
    return Past(
        model, what, sample.turn_count,
        sum(each.input_tokens + (each.input_tokens_cache_read or 0)
            + (each.input_tokens_cache_write or 0) for each in usage),
        sum(each.output_tokens for each in usage), sum(costs) if costs else None)


def answers_of(study: Study) -> dict[str, Answers]:
    """How much the models of a study write, where ``peerwatch models check`` has seen it."""
    found = {}
    for name in study.models:
        model, generate = asked_of(name, study.generate)
        verdict = kept(route_of(model, study.model_base_url, study.model_args, generate))
        if verdict is not None and verdict.calls and verdict.output_tokens:
            found[model] = Answers(verdict.output_tokens / verdict.calls,
                                   f"when its route was checked ({verdict.at[:10]})")
    return found


def _answers(past: Sequence[Past]) -> dict[str, Answers]:
    """Of models with competence drills here, which are work of the same kind as rollouts."""
    found = {}
    for model in {each.model for each in past}:
        drills = [each for each in past if each.model == model and each.what == "drills"]
        calls = sum(each.calls or 0 for each in drills)
        if calls:
            tokens = sum(each.output_tokens for each in drills) / calls
            found[model] = Answers(tokens, f"in its {len(drills)} drills here")
    return found


def _need(
    model: str, what: What, count: int, past: Sequence[Past], price: Price | None,
    answers: Answers | None,
) -> Need:
    mine = [each for each in past if (each.model, each.what) == (model, what)]
    if not mine:
        each, basis = _guess(GUESSES[what], answers)
        return Need(model, what, count, each, None if price is None else each.dollars(price),
                    price, basis)
    calls = [each.calls for each in mine if each.calls is not None]
    dollars = None if price is None else _range(
        each.dollars if each.dollars is not None
        else price.of(each.input_tokens, each.output_tokens) for each in mine)
    each = Each(_range(calls) if calls else GUESSES[what].calls,
                _range(each.input_tokens for each in mine),
                _range(each.output_tokens for each in mine))
    return Need(model, what, count, each, dollars, price, f"from {len(mine)} earlier {what} here")


def _guess(guess: Each, answers: Answers | None) -> tuple[Each, str]:
    """As organisms do it, with answers as long as the model's own where these are known."""
    if answers is None:
        return guess, DEFAULT_BASIS
    written = guess.calls.times(answers.tokens)
    written = replace(written, high=max(written.high, guess.output_tokens.high))
    return replace(guess, output_tokens=written), (
        f"calls as of organisms, {answers.tokens:.0f} tokens an answer as {answers.seen}")


def _range(numbers: Iterable[float]) -> Range:
    found = np.fromiter(numbers, float)
    low, high = np.quantile(found, TENTHS)
    return Range(float(low), float(found.mean()), float(high))


def prices_for(
    models: Sequence[str], *, base_url: str | None, table: Path | None, unpriced: bool,
    say: Callable[[str], None], dry_run: bool = False,
) -> dict[str, Price]:
    """The price of every model that is paid for.

    Args:
        models: Inspect's model strings.
        base_url: the route, where it is not the provider's own.
        table: a file of prices that goes before genai-prices.
        unpriced: a person says that what has no price, or is answered on this machine, is free.
        say: hears what is taken for free without a word of a person.
        dry_run: a price that is not known is said, and stops nothing.

    Raises:
        UsageError: a model that is paid for has no price, and nobody said that it is free.
    """
    listed = read_table(table) if table is not None else None
    found: dict[str, Price] = {}
    for model in models:
        address = route_of(model, base_url, {}, {}).base_url
        try:
            price = price_due(model, address, listed=listed, unpriced=unpriced)
        except UsageError as error:
            if not dry_run:
                raise
            say(str(error))
            continue
        if price is not None:
            found[model] = price
        elif is_here(address) and not unpriced and not is_free(model, address):
            say(f"{model} is taken for free: a server of this machine answers it; where that "
                "forwards to a paid provider, give the price with --model-cost-config FILE")
    return found


def usd(dollars: float) -> str:
    """An amount for a person: cents, and more places where it is less than a few of them."""
    if dollars >= 0.095 or dollars == 0:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else f"${dollars:.2g}"


def _counted(need: Need) -> str:
    count, each = need.count, need.each
    return (f"{count} {need.what}, {_span(each.calls.times(count))} calls, "
            f"{_span(each.input_tokens.times(count))} tokens in, "
            f"{_span(each.output_tokens.times(count))} out")


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
