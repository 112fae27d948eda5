"""The route drill: whether what would be measured is the model, or the way to it.

Takes a route, gives a verdict: fit, fit with limits, or unfit, with what was found. It asks in
plain words, through Inspect and the provider's real client library; what it costs is said before it
begins. It triggers no filter on purpose: a filter that acts on its harmless texts is named, and
what one does with others is not seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from peerwatch.models.names import same_model
from peerwatch.models.prices import Price
from peerwatch.models.route import Finding, Route, RouteVerdict, fitness

if TYPE_CHECKING:
    from inspect_ai.model import Model, ModelOutput

    from peerwatch.models.asking import Asker, Patience, Tally, Trouble
    from peerwatch.models.checks import Seen
    from peerwatch.models.texts import Texts


@dataclass(frozen=True)
class Cost:
    """What the drill asks of a route that answers at once and as it should."""

    calls: int
    input_tokens: int
    output_tokens: int
    """Without what a model reasons for itself."""

    def usd(self, price: Price | None) -> float | None:
        """In US dollars; None where the price is not known."""
        return None if price is None else price.of(self.input_tokens, self.output_tokens)


COST = Cost(calls=56, input_tokens=50_000, output_tokens=5_000)
"""Counted at four characters a token, with the tools' descriptions in each call and something to
spare. A route that has to be asked again costs more, a broken one less."""

Check = Callable[["Asker", "Texts", "Seen"], Awaitable[list[Finding]]]

NAMED = {
    "rate_limited": ("rate_limited", "the route refuses requests for now"),
    "server_error": ("server_errors", "the route fails"),
    "hangs": ("hangs", "the route hangs"),
    "breaks_off": ("breaks_off", "the route closes the connection mid-answer"),
    "unreachable": ("unreachable", "the route cannot be reached"),
    "key_refused": ("key_refused", "the key is refused"),
    "request_refused": ("request_refused", "the request is refused"),
    "unreadable": ("unreadable", "the client library cannot read the answer"),
}
"""Code and words for every kind of trouble."""


async def drill(
    route: Route, model: Model, patience: Patience, price: Price | None = None,
    max_cost: float | None = None, progress: Callable[[str], None] = lambda _: None,
) -> RouteVerdict:
    """Drills a route.

    Args:
        route: what is drilled; its settings are in ``model`` already.
        model: Inspect's model for it, of this call alone: the drill turns its client's own
            attempts off.
        patience: how long to wait for what.
        price: where it is known.
        max_cost: US dollars; the drill stops where they are spent, and is then no verdict of fit.
        progress: told the name of each check as it begins.
    """
    from peerwatch.models.asking import Asker, NoAnswer, OutOfMoney
    from peerwatch.models.checks import Seen
    from peerwatch.models.texts import texts

    ask, told, seen = Asker(model, patience, price, max_cost), texts(), Seen()
    found: list[Finding] = []
    name = "answers"
    try:
        found += await _alive(ask, told)
        if not found:
            for name, check in _checks(frozenset(route.generate)):
                progress(name)
                if name in NEED_CALLS and not seen.calls_come:
                    found.append(Finding(check=name, level="unseen", code="not_tried",
                                         text="not tried, as no call came"))
                    continue
                made = await check(ask, told, seen)
                found += made or [Finding(check=name, level="ok", code="ok", text="as it should")]
    except NoAnswer as none:
        found.append(_stopped(name, none.trouble))
    except OutOfMoney:
        found.append(Finding(check=name, level="unseen", code="out_of_money", text=(
            f"stopped here: {max_cost:g} USD are spent")))
    named = {each.code for each in found}
    found += [each for each in (*_usage(ask.tally, seen), *_told(route, ask.tally))
              if each.code not in named]
    return _verdict(route, ask.tally, price, tuple(found))


NEED_CALLS = frozenset({"long arguments", "two calls", "tool error", "30 turns", "long output"})


def _checks(asked_for: frozenset[str]) -> Sequence[tuple[str, Check]]:
    from peerwatch.models import checks

    return (
        ("arguments", checks.arguments),
        ("long arguments", checks.long_arguments),
        ("two calls", checks.two_calls),
        ("tool error", checks.tool_error),
        ("long output", checks.long_output),
        ("words alone", checks.words),
        ("refusal", checks.refusal),
        ("stop reasons", checks.stops),
        ("settings", lambda ask, told, _: checks.settings(ask, told, asked_for)),
        ("30 turns", checks.walk),
    )


async def _alive(ask: Asker, told: Texts) -> list[Finding]:
    """Nothing where words come; else why not: then there is nothing to drill."""
    from peerwatch.models.asking import NoAnswer

    for _ in range(2):
        try:
            output = await ask.ask(told.opening("tools_known"), list(told.tools.values()))
        except NoAnswer as none:
            refused = await _without_tools(ask, told, none.trouble)
            if refused is None:
                raise
            return [refused]
        if output.message.text.strip() or output.message.tool_calls:
            return []
    return [_silent(output)]


async def _without_tools(ask: Asker, told: Texts, trouble: Trouble) -> Finding | None:
    """Whether it is for the tools that a request was refused: without them, words come."""
    from peerwatch.models.asking import REFUSALS, Trouble

    if trouble.kind not in REFUSALS:
        return None
    output = await ask.optional(told.opening("tools_known"))
    if isinstance(output, Trouble):
        return None
    return Finding(check="answers", level="broken", code="tools_refused", text=(
        f"the model has no tools by this route: a request that brings tools is refused, one "
        f"without is answered: {trouble.detail}"))


def _silent(output: ModelOutput) -> Finding:
    if output.stop_reason == "content_filter":
        return Finding(check="answers", level="broken", code="filtered", text=(
            "every answer is withheld as filtered, to harmless words"))
    written = output.usage.output_tokens if output.usage else 0
    return Finding(check="answers", level="broken", code="empty", text=(
        "answers are empty" + (f", though {written} tokens were counted" if written else "")))


def _stopped(check: str, trouble: Trouble) -> Finding:
    code, words = NAMED[trouble.kind]
    return Finding(check=check, level="broken", code=code,
                   text=f"{words}, so the drill stopped here: {trouble.detail}")


def _told(route: Route, tally: Tally) -> list[Finding]:
    """What is to be said of the route as a whole."""
    from peerwatch.models.asking import AGAIN

    found = []
    for kind in sorted(AGAIN):
        some = [each for each in tally.troubles if each.kind == kind]
        if some:
            code, words = NAMED[kind]
            found.append(Finding(check="troubles", level="limit", code=code, text=(
                f"{words}: {len(some)} of {tally.requests} requests" + _wait(kind, some))))
    others = sorted(each for each in tally.models if not same_model(route.model, each))
    if others:
        found.append(Finding(check="model", level="broken", code="other_model", text=(
            f"asked for {route.model}, and {', '.join(others)} answered")))
    if tally.filtered and tally.calls > tally.filtered:
        found.append(Finding(check="filter", level="limit", code="filtered_some", text=(
            f"{tally.filtered} of {tally.calls} harmless requests were filtered")))
    odd = {name: n for name, n in tally.call_stops.items() if name != "tool_calls"}
    if odd:
        found.append(Finding(check="stop reasons", level="note", code="call_stop_reason", text=(
            "answers with calls end as " + ", ".join(f"{name} ({n})" for name, n in odd.items()))))
    return found


def _wait(kind: str, some: Sequence[Trouble]) -> str:
    if kind != "rate_limited":
        return ""
    told = [each.retry_after for each in some if each.retry_after is not None]
    return (f"; it says when to come back, in at most {max(told):g} s" if told
            else "; it does not say when to come back")


def _usage(tally: Tally, seen: Seen) -> list[Finding]:
    """Whether tokens are counted, and as we would count them."""
    from peerwatch.models.checks import PLAUSIBLE

    if not tally.calls:
        return []
    if tally.uncounted:
        return [Finding(check="usage", level="limit", code="no_usage", text=(
            f"{tally.uncounted} of {tally.calls} answers count no tokens"))]
    if seen.ratio is None:
        return []
    low, high = PLAUSIBLE
    text = f"{seen.ratio:.1f} characters of plain English are a token, by its count"
    return [Finding(check="usage", level="note" if low <= seen.ratio <= high else "limit",
                    code="usage_plausible" if low <= seen.ratio <= high else "usage_odd",
                    text=text)]


def _verdict(
    route: Route, tally: Tally, price: Price | None, found: tuple[Finding, ...]
) -> RouteVerdict:
    usd = tally.usd(price)
    if usd is not None and tally.calls:
        found += (Finding(check="price", level="note", code="price", text=(
            f"{usd / tally.calls:.5f} USD a call in this drill")),)
    return RouteVerdict(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        model=route.model, place=route.place, settings=route.settings,
        fitness=fitness(found), findings=found, reported_models=tuple(sorted(tally.models)),
        calls=tally.calls, input_tokens=tally.input_tokens, output_tokens=tally.output_tokens,
        counted=not tally.uncounted, usd=usd, price_source=price.source if price else "")
