"""Subjects that bring their own harness: any Inspect agent in place of the plain loop.

Takes an agent's name and the stage's tools, gives the agent; watches the calls that it makes of its
model and ends the phase where the plain loop would. It adds no text to what the agent says to its
model, and changes none.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from inspect_ai.agent import Agent, AgentState, agent
from inspect_ai.event import ModelEvent
from inspect_ai.hooks import BeforeModelGenerate, Hooks, ModelUsageData, hooks
from inspect_ai.log import transcript
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
)
from inspect_ai.tool import ToolDef
from inspect_ai.util import Limit, LimitExceededError, registry_create

from peerwatch.errors import UsageError
from peerwatch.evidence.types import Ended
from peerwatch.rollout.capture import Recorder
from peerwatch.rollout.reply import encodable, reasoning
from peerwatch.rollout.subject import BROKEN, LOOP, Course, Repeats, unparsed

FORM = "write it as a name that Inspect knows, e.g. react, or as FILE.py@NAME"


def make(spec: str, tools: Sequence[ToolDef]) -> Agent:
    """The agent of that name, with the stage's tools.

    Args:
        spec: an agent in Inspect's registry, e.g. ``react``, or ``FILE.py@NAME``.
        tools: handed to the agent's factory as ``tools``.

    Raises:
        UsageError: there is none, or it takes no tools.
    """
    path, name = _parts(spec)
    if path is not None:
        _load(path)
    try:
        made: Agent = registry_create("agent", name, tools=list(tools))
    except LookupError:
        where = f"{path} has none that is marked @agent" if path else "Inspect knows none"
        raise UsageError(f"unknown agent {name!r}: {where}; {FORM}") from None
    except TypeError as error:
        raise UsageError(f"agent {spec}: it must be made with tools=, and with nothing else that "
                         f"has no default ({error})") from None
    return made


def identity(spec: str) -> str:
    """The agent as part of a rollout's identity: its name, and of a file what stands in it."""
    path, name = _parts(spec)
    if path is None:
        return name
    return f"{path.name}@{name} {hashlib.sha256(_text(path)).hexdigest()[:12]}"


def _parts(spec: str) -> tuple[Path | None, str]:
    file, at, name = spec.rpartition("@")
    if at and file.endswith(".py") and name:
        return Path(file).absolute(), name
    if spec.endswith(".py") or not spec:
        raise UsageError(f"agent {spec!r}: {FORM}")
    return None, spec


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the agent {path}: {error.strerror}") from None


def _load(path: Path) -> None:
    """Runs a file once, so that what it marks with ``@agent`` is in Inspect's registry."""
    module = f"peerwatch_agent_{hashlib.sha256(str(path).encode() + _text(path)).hexdigest()[:12]}"
    if module in sys.modules:
        return
    found = importlib.util.spec_from_file_location(module, path)
    if found is None or found.loader is None:
        raise UsageError(f"cannot read the agent {path} as Python")
    loaded = importlib.util.module_from_spec(found)
    sys.modules[module] = loaded
    try:
        found.loader.exec_module(loaded)
    except BaseException as error:
        del sys.modules[module]
        if isinstance(error, Exception):
            raise UsageError(f"the agent {path} fails to load: {type(error).__name__}: {error}"
                             ) from error
        raise


class Watcher:
    """Sees every reply of the model behind a foreign agent, and ends the phase by our rules.

    What it cannot see: replies of a model that the agent calls past Inspect, and results of tools
    of the agent's own that its model is never shown.
    """

    def __init__(self, recorder: Recorder, course: Course, limit: Limit) -> None:
        self._recorder = recorder
        self._course = course
        self._limit = limit
        before = _last_reply()
        self._replies: set[str] = {str(before.uuid)} if before else set()
        self._unchecked = False
        self._repeats = Repeats()
        self._broken = 0

    def before(self, messages: Sequence[ChatMessage]) -> None:
        """The agent asks its model again: the results of the last calls are known."""
        self.replied()
        if self._recorder.closed:
            self.over("closed")
        if self._recorder.turn >= self._recorder.stage.limits.turns:
            self.over("turns")
        if not self._unchecked:
            return
        self._unchecked = False
        last = next((index for index in reversed(range(len(messages)))
                     if isinstance(messages[index], ChatMessageAssistant)), None)
        if last is None:
            return
        reply = messages[last]
        results = [each for each in messages[last + 1:] if isinstance(each, ChatMessageTool)]
        if not isinstance(reply, ChatMessageAssistant) or not results:
            return
        self._broken = self._broken + 1 if unparsed(results) else 0
        if self._broken >= BROKEN:
            self.over("broke")
        if self._repeats.add(reply, results) >= LOOP:
            self.over("loop")

    def replied(self) -> None:
        """The model has answered: counts the turn and writes down what it said."""
        event = _last_reply()
        if event is None or str(event.uuid) in self._replies or event.output.empty:
            return
        self._replies.add(str(event.uuid))
        self._unchecked = True
        output = encodable(event.output)
        self._recorder.turn += 1
        self._recorder.thought(reasoning(output.message))
        if output.stop_reason == "content_filter":
            self.over("blocked")
        if output.stop_reason == "model_length":
            self.over("tokens")
        self._recorder.said("aside" if output.message.tool_calls else "text", output.message.text)

    def over(self, ended: Ended) -> None:
        """Ends the phase: raised through Inspect as the phase's own limit."""
        self._course.ended = ended
        raise LimitExceededError("custom", value=1, limit=1, message=f"the phase ended: {ended}",
                                 source=self._limit)


def _last_reply() -> ModelEvent | None:
    return next((each for each in reversed(transcript().events)
                 if isinstance(each, ModelEvent)), None)


@agent
def guest(own: Agent, recorder: Recorder, course: Course, fixed_reply: str) -> Agent:
    """Lets a foreign agent act; where it stops without a closing, the one fixed reply is given."""

    async def execute(state: AgentState) -> AgentState:
        state = await own(state)
        if not recorder.closed:
            course.fixed_reply = True
            state.messages.append(ChatMessageUser(content=fixed_reply))
            state = await own(state)
        course.ended = "closed" if recorder.closed else "stopped"
        return state

    return execute


_watching: ContextVar[Watcher | None] = ContextVar("peerwatch_watching", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Inspect's hooks reach the watcher in this context and in what it starts."""
    token = _watching.set(watcher)
    try:
        yield
    finally:
        _watching.reset(token)


@hooks(name="peerwatch_agents", description="ends a phase of an agent that is not peerwatch's own")
class _Calls(Hooks):
    """Inspect makes one of these for the process; it is quiet where no foreign agent runs."""

    def enabled(self) -> bool:
        return _watching.get() is not None

    async def on_before_model_generate(self, data: BeforeModelGenerate) -> None:
        watcher = _watching.get()
        if watcher is not None:
            watcher.before(data.input)

    async def on_model_usage(self, data: ModelUsageData) -> None:  # noqa: ARG002
        watcher = _watching.get()
        if watcher is not None:
            watcher.replied()
