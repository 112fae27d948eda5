"""What makes two rollouts of one stage the same experiment.

Takes the settings of a planned run or the header of a log, gives one canonical identity. It never
holds anything observed at run time: no times, no names that a provider reported, no verdict; and
no secret: keys, passwords and tokens are left out before anything is hashed or shown.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peerwatch.models import secrets
from peerwatch.models.route import TRANSPORT

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.log import EvalLog
    from inspect_ai.model import GenerateConfig, Model

LIMITS = ("message_limit", "token_limit", "turn_limit", "time_limit", "working_limit",
          "cost_limit")
DEFAULT_SANDBOX = "fleet"


@dataclass(frozen=True)
class Identity:
    """Who was asked, by which route, with what settings, and where it ran."""

    model: str
    route: str
    """Base URL where one was given, without keys in it, else ''."""
    settings: tuple[tuple[str, str], ...]
    """Model arguments, generate settings and limits that are set, as JSON, sorted."""
    sandbox: str
    agent: str = ""
    """Who drives the model, where it is not the plain loop: name, and hash of a file."""

    @property
    def hash(self) -> str:
        """sha256 over all of it."""
        text = json.dumps([self.model, self.route, self.settings, self.sandbox,
                           *([self.agent] if self.agent else [])])
        return hashlib.sha256(text.encode()).hexdigest()

    def rollout_key(self, stage_id: str) -> str:
        """Identity of one rollout: this experiment on that stage."""
        return hashlib.sha256(f"{stage_id}:{self.hash}".encode()).hexdigest()

    def differences(self, other: Identity) -> str:
        """What this one has that the other has not, for a person."""
        mine = {**dict(self.settings), "route": self.route, "sandbox": self.sandbox,
                "agent": self.agent}
        theirs = {**dict(other.settings), "route": other.route, "sandbox": other.sandbox,
                  "agent": other.agent}
        return ", ".join(f"{name}={mine.get(name, 'unset')}"
                         for name in sorted(mine.keys() | theirs.keys())
                         if mine.get(name) != theirs.get(name))


def planned(task: Task, model: Model, route: str | None, generate: GenerateConfig,
            sandbox: str) -> Identity:
    """Identity of what is about to run; equals ``logged`` of what it leaves behind."""
    config = {**_config(model.config), **_config(task.config), **_config(generate)}
    limits = {name: getattr(task, name) for name in LIMITS} | _turns(task.metadata)
    return Identity(str(model), secrets.address(route or ""),
                    _settings(model.model_args, config, limits), sandbox, _agent(task.metadata))


def logged(header: EvalLog, sandbox: str) -> Identity:
    """Identity of a log; the sandbox is a property of its samples."""
    config = {**_config(header.eval.model_generate_config), **_config(header.plan.config)}
    limits = {name: getattr(header.eval.config, name) for name in LIMITS}
    limits |= _turns(header.eval.metadata)
    return Identity(header.eval.model, secrets.address(header.eval.model_base_url or ""),
                    _settings(header.eval.model_args, config, limits), sandbox,
                    _agent(header.eval.metadata))


def _agent(metadata: dict[str, Any] | None) -> str:
    return str((metadata or {}).get("agent", ""))


def _turns(metadata: dict[str, Any] | None) -> dict[str, Any]:
    """Turns of a phase, where they were limited: Inspect's own limit is one of a whole sample."""
    return {"turns": (metadata or {}).get("turns")}


def version(
    content: str, route: str | None, sandbox: str, agent: str = "", turns: int | None = None
) -> str:
    """The task's version: the content hash, and what Inspect leaves out of a task's identity.

    Inspect tells tasks of one model apart by settings and version only. Without the second part a
    run by another route or in another sandbox would be taken for done.
    """
    if not route and sandbox == DEFAULT_SANDBOX and not agent and turns is None:
        return content
    told = [secrets.address(route or ""), sandbox, *([agent] if agent else []),
            *([turns] if turns is not None else [])]
    rest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return f"{content}@{rest[:12]}"


def content_of(task_version: int | str) -> str:
    """The content hash in a task's version."""
    return str(task_version).partition("@")[0]


def _config(config: GenerateConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", exclude_none=True, exclude=set(TRANSPORT))


def _settings(
    model_args: dict[str, Any], config: dict[str, Any], limits: dict[str, Any]
) -> tuple[tuple[str, str], ...]:
    named = {f"-M {name}": value for name, value in secrets.without(model_args).items()}
    named |= secrets.without(config)
    named |= {name: value for name, value in limits.items() if value is not None}
    return tuple((name, json.dumps(value, sort_keys=True, default=str))
                 for name, value in sorted(named.items()))
