"""Shows how far a run is: a bar on a terminal, plain lines elsewhere.

Takes Inspect's events through a hook, gives lines on stderr. It decides nothing and never stops a
run: stdout belongs to results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from inspect_ai.hooks import Hooks, SampleEnd, TaskStart, hooks
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

PLAIN_SECONDS = 10.0
"""Without a terminal one line at most so often: a log of CI stays readable."""


class Watch:
    """Counts rollouts by model as they end."""

    def __init__(self, planned: Mapping[str, set[str]], done: Mapping[str, set[str]],
                 console: Console, what: str = "rollouts",
                 spent: Callable[[], str] = str) -> None:
        """``spent`` says what the run has cost so far; '' where it costs nothing."""
        self._spent = spent
        self.planned = planned
        self.what = what
        """What is counted, in the plural."""
        self.done = {model: set(done.get(model, ())) & ids for model, ids in planned.items()}
        self.failed: dict[str, set[str]] = {model: set() for model in planned}
        self._models: dict[str, str] = {}
        self._console = console
        self._spoke = time.monotonic()
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}", style="red"), TimeElapsedColumn(),
            _Money(spent), console=console, disable=not console.is_terminal)
        self._ids = {
            model: self._bars.add_task(str(Text(model)), total=len(ids),
                                       completed=len(self.done[model]), failed="")
            for model, ids in planned.items()}

    def started(self, eval_id: str, model: str) -> None:
        """A model's task begins."""
        self._models[eval_id] = model

    def ended(self, eval_id: str, stage_id: str, *, failed: bool) -> None:
        """A rollout has ended for good, well or not."""
        model = self._models.get(eval_id, "")
        if stage_id not in self.planned.get(model, ()):
            return
        (self.failed if failed else self.done)[model].add(stage_id)
        over = len(self.done[model]) + len(self.failed[model])
        count = len(self.failed[model])
        self._bars.update(self._ids[model], completed=over,
                          failed=f"{count} invalid" if count else "")
        self._speak()

    def _speak(self) -> None:
        if self._console.is_terminal or time.monotonic() - self._spoke < PLAIN_SECONDS:
            return
        self._spoke = time.monotonic()
        self._console.print(self.line(), highlight=False, markup=False)

    @property
    def finished(self) -> str:
        """How many ended well, of how many: ``12 of 42``."""
        done, planned = sum(map(len, self.done.values())), sum(map(len, self.planned.values()))
        return f"{done} of {planned}"

    def line(self) -> str:
        """Where the whole run stands, in one line."""
        failed = sum(map(len, self.failed.values()))
        spent = self._spent()
        return (f"{self.finished} {self.what} done" + (f", {failed} invalid" if failed else "")
                + (f", {spent}" if spent else ""))

    def __enter__(self) -> Watch:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


class _Money(ProgressColumn):
    """What all models have cost, beside the first of them; it moves with every call."""

    max_refresh = 0.5

    def __init__(self, spent: Callable[[], str]) -> None:
        super().__init__()
        self._spent = spent

    def render(self, task: Task) -> Text:
        return Text(self._spent() if task.id == 0 else "", style="cyan")


_watches: list[Watch] = []


@contextmanager
def shown(watch: Watch) -> Iterator[Watch]:
    """Shows a watch while a run goes on."""
    _watches.append(watch)
    try:
        with watch:
            yield watch
    finally:
        _watches.remove(watch)


@hooks(name="peerwatch_progress", description="counts rollouts for peerwatch's progress bar")
class _Listener(Hooks):
    """Inspect makes one of these for the process; it is quiet unless a run is being shown."""

    async def on_task_start(self, data: TaskStart) -> None:
        for watch in _watches:
            watch.started(data.eval_id, data.spec.model)

    async def on_sample_end(self, data: SampleEnd) -> None:
        for watch in _watches:
            watch.ended(data.eval_id, str(data.sample.id), failed=data.sample.error is not None)
