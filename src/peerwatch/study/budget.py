"""What a run has spent, and its stop at a budget.

Takes the usage of every call through Inspect's hooks, gives a ledger that a kill cannot lose, and
lets no rollout start that the budget may not pay. Money alone decides here: no verdict is read.
"""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
from inspect_ai.hooks import Hooks, ModelUsageData, SampleEnd, SampleInit, TaskStart, hooks
from inspect_ai.log import EvalSample
from inspect_ai.model import (
    Model,
    ModelCost,
    ModelInfo,
    ModelUsage,
    get_model_info,
    set_model_info,
)

from peerwatch.models.prices import Price
from peerwatch.study.money import Forecast, What, usd

ENOUGH = 3
"""Rollouts of a model that must have ended before their mean is set aside for each that runs; until
then it is the upper end of the forecast."""


ROUNDING = 1e-9
"""US dollars that a sum of many prices may be off."""


class Ledger:
    """Every paid call of a folder, one line each, written before the next call is made.

    Inspect's logs hold what rollouts cost that ended; what one cost that was running at a kill, or
    that failed and was tried again, stands here alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.unreadable = 0
        """Lines that are none, e.g. the half of one; what they cost is not counted."""
        self.by_model: defaultdict[str, float] = defaultdict(float)
        """US dollars so far."""
        written = path.read_bytes() if path.exists() else b""
        # A line that was cut short must not swallow the next one.
        self._first = "\n" if written and not written.endswith(b"\n") else ""
        for line in written.splitlines():
            try:
                told = json.loads(line)
                model, cost = str(told["model"]), float(told["usd"])
                if not 0 <= cost < math.inf:
                    raise ValueError(cost)
            except (ValueError, KeyError, TypeError, RecursionError):
                self.unreadable += 1
            else:
                self.by_model[model] += cost

    @property
    def total(self) -> float:
        """US dollars of all models."""
        return sum(self.by_model.values())

    def paid(self, model: str, usage: ModelUsage) -> None:
        """Writes one call down."""
        self._write(model, usage.total_cost or 0.0, input=usage.input_tokens,
                    output=usage.output_tokens)

    def missing(self, logged: Mapping[str, float]) -> dict[str, float]:
        """What logs tell of more than the ledger does: someone removed it, or a part of it.

        Args:
            logged: US dollars by model, of all that the folder's logs hold.
        """
        more = {model: cost - self.by_model.get(model, 0.0) for model, cost in logged.items()}
        return {model: cost for model, cost in more.items() if cost > ROUNDING}

    def make_up(self, missing: Mapping[str, float]) -> None:
        """Writes down what only logs told, one line a model."""
        for model, cost in missing.items():
            self._write(model, cost, told_by="logs")

    def _write(self, model: str, cost: float, **more: Any) -> None:
        self.by_model[model] += cost
        line = self._first + json.dumps({"model": model, **more, "usd": cost})
        self._first = ""
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, f"{line}\n".encode())
        finally:
            os.close(handle)


class Purse:
    """The money of one run: what is spent, what is set aside, what may still start.

    The ledger is all that counts as spent: every call of rollouts and drills in the folder.
    """

    def __init__(self, ledger: Ledger, told: Forecast, limit: float | None) -> None:
        self.limit = limit
        self.stopped = ""
        """Why nothing more starts; '' while something may."""
        self._ledger = ledger
        self._needs = {(each.model, each.what): each.dollars for each in told.needs
                       if each.dollars is not None}
        self._paid_for = {model for model, _ in self._needs}
        self._ended: dict[tuple[str, What], list[float]] = {each: [] for each in self._needs}
        self._what: What = "rollouts"
        self._running: dict[str, str] = {}
        self._tasks: dict[str, tuple[str, str]] = {}
        self._changed = anyio.Event()
        # The same that `inspect ctl task cancel` does, which no public name gives (0.3.285). A
        # SIGINT to oneself is none: a job in the background of a shell ignores it. Imported here:
        # what fails in a hook, Inspect only warns of, and the run would go on without an end.
        from inspect_ai._control.cancel import cancel_task

        self._cancel = cancel_task

    @property
    def spent(self) -> float:
        """US dollars in this folder so far."""
        return self._ledger.total

    def line(self) -> str:
        """Spent against budget; '' where nothing has a price."""
        if not self._paid_for:
            return ""
        return f"{usd(self.spent)} spent" if self.limit is None else \
            f"{usd(self.spent)} of {usd(self.limit)} spent"

    def pays(self, model: str) -> bool:
        """Whether one more rollout may start now."""
        if self.limit is None or model not in self._paid_for:
            return True
        if self.stopped:
            return False
        aside = sum(map(self._set_aside, self._running.values()))
        if self.spent + aside + self._set_aside(model) <= self.limit + ROUNDING:
            return True
        return not self._running and self.spent + self._expected(model) <= self.limit + ROUNDING

    def begun(self, eval_id: str, task_id: str, model: str) -> None:
        """A model's task begins."""
        self._tasks[eval_id] = (task_id, model)

    async def admit(self, eval_id: str, sample: str) -> None:
        """Returns when a rollout may start; until then it holds no host and has asked nobody."""
        _, model = self._tasks.get(eval_id, ("", ""))
        while not self.pays(model):
            if not self._running:
                self.stop(self.short_of(model))
            await self._changed.wait()
        if model in self._paid_for:
            self._running[sample] = model

    def paid(self, model: str, usage: ModelUsage) -> None:
        """A call came back."""
        if model in self._paid_for:
            self._ledger.paid(model, usage)
            if self.limit is not None and self.spent > self.limit + ROUNDING:
                self.stop(f"the budget of {usd(self.limit)} is used up ({usd(self.spent)} spent)")

    def left(self, sample_id: str, sample: EvalSample) -> None:
        """A rollout is over, well or not; those that wait look again."""
        model = self._running.pop(sample_id, None)
        if model is not None:
            costs = [each.total_cost for each in sample.model_usage.values()
                     if each.total_cost is not None]
            if sample.turn_count and not costs and self.limit is not None:
                self.stop(f"{model} reports no usage, so what it costs cannot be counted")
            if sample.error is None:  # a fault's cost is no rollout's
                self._ended[model, self._what].append(sum(costs))
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    @contextmanager
    def paying(self, what: What) -> Iterator[None]:
        """What starts meanwhile is that, and costs what such do."""
        before, self._what = self._what, what
        try:
            yield
        finally:
            self._what = before

    def short_of(self, model: str) -> str:
        """Why nothing more of a model starts."""
        left = max(0.0, (self.limit or 0.0) - self.spent)
        one = f"{self._what.removesuffix('s')} of {model}"
        return (f"{usd(left)} are left of the budget of {usd(self.limit or 0.0)}, and a {one} "
                f"costs about {usd(self._expected(model))}")

    def stop(self, why: str) -> None:
        """Ends the tasks of all models that are paid for, and keeps what they finished."""
        self.stopped = self.stopped or why
        for task_id, model in self._tasks.values():
            if model in self._paid_for:
                self._cancel(task_id)

    def _expected(self, model: str) -> float:
        ended = self._ended[model, self._what]
        return sum(ended) / len(ended) if ended else self._needs[model, self._what].expected

    def _set_aside(self, model: str) -> float:
        if len(self._ended[model, self._what]) < ENOUGH:
            return max(self._needs[model, self._what].high, self._expected(model))
        return self._expected(model)


def know_prices(models: Sequence[Model], prices: Mapping[str, Price]) -> None:
    """Lets Inspect write what each call costs into usage and logs."""
    for model in models:
        price = prices.get(str(model))
        if price is not None:
            known = get_model_info(model) or ModelInfo()
            set_model_info(str(model), known.model_copy(update={"cost": _cost(price)}))


def _cost(price: Price) -> ModelCost:
    cached, kept = price.cache_read_per_million, price.cache_write_per_million
    full = price.input_per_million
    return ModelCost(input=full, output=price.output_per_million,
                     input_cache_read=full if cached is None else cached,
                     input_cache_write=full if kept is None else kept)


_open: list[Purse] = []


@contextmanager
def opened(purse: Purse) -> Iterator[Purse]:
    """Inspect's events reach a purse while it is open."""
    _open.append(purse)
    try:
        yield purse
    finally:
        _open.remove(purse)


@hooks(name="peerwatch_budget", description="counts what peerwatch's runs cost, and ends them")
class _Teller(Hooks):
    """Inspect makes one of these for the process."""

    def enabled(self) -> bool:
        return bool(_open)

    async def on_task_start(self, data: TaskStart) -> None:
        for purse in _open:
            purse.begun(data.eval_id, data.spec.task_id, data.spec.model)

    async def on_sample_init(self, data: SampleInit) -> None:
        for purse in _open:
            await purse.admit(data.eval_id, data.sample_id)

    async def on_model_usage(self, data: ModelUsageData) -> None:
        for purse in _open:
            purse.paid(data.model_name, data.usage)

    async def on_sample_end(self, data: SampleEnd) -> None:
        for purse in _open:
            purse.left(data.sample_id, data.sample)
