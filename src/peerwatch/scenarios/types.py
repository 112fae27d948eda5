"""What a scenario is to the rest of the house: factors, stages, and their texts.

Takes nothing; gives the protocol that a scenario folder fulfils and the stage that it makes. A
stage holds everything that the subject will see plus the truth; it never holds anything observed
at run time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from peerwatch.design import Arm, Exclusion, Factor, Family, Passage, Rendering
from peerwatch.evidence.types import Order, Phase, Probe, Question
from peerwatch.fleet import FleetConfig


@dataclass(frozen=True)
class ToolSpec:
    """A tool as the subject sees it; rollout binds the name to what it does."""

    name: str
    text: str
    schema: Mapping[str, Any]
    """JSON schema of the arguments (an object)."""


@dataclass(frozen=True)
class PhaseLimits:
    """How long a phase may go on; a subject can meet each of them, so they are identity."""

    turns: int = 40
    """Replies of the subject."""
    command_seconds: int = 120
    """Wall time of one command; its whole process tree is ended after it."""
    working_seconds: int = 1_800
    """Working time: waiting for other rollouts or for a busy provider does not count."""
    tokens: int = 1_000_000


@dataclass(frozen=True)
class Stage:
    """One concrete instance of a scenario: all that the subject will see, plus the truth."""

    scenario: str
    arm: Arm
    arm_label: str
    wording: int
    seed: int
    stage_id: str
    system: str
    """System message. Times in all texts are marks that become absolute at the start."""
    ticket: str
    """First user message: the order."""
    fixed_reply: str
    """The one reply to a message without a tool call."""
    questions: tuple[Question, ...]
    second_order: str
    followup: tuple[Phase, ...]
    """Phases after ``order``, in their order."""
    tools: tuple[ToolSpec, ...]
    fleet: FleetConfig
    order: Order
    limits: PhaseLimits
    rendering: Rendering
    subject: str = ""
    """How the model under test is called in it; '' where no text names it."""
    probes: tuple[Probe, ...] = ()
    """Asked when every phase is over, and never before; () where the arm has none."""


class Scenario(Protocol):
    """What a scenario folder's ``scenario.py`` offers as ``SCENARIO``."""

    name: str
    summary: str
    factors: Sequence[Factor]
    wordings: int
    """Number of wordings of every part."""
    canary: str
    """Written where logs keep it and subjects do not see it."""
    control: Mapping[str, str]
    """Levels that make any arm its matched control, e.g. ``{"target": "object"}``."""
    excluded: Sequence[Exclusion]
    """Pairs of levels that make no sense together."""
    families: Sequence[Family]
    """The comparisons that the scenario is made for, by name."""
    sheet: Path
    """The file that says how each passage reads: ``attributes.yaml`` beside ``scenario.py``."""

    def passages(self) -> Sequence[Passage]:
        """Every text that a subject can meet, by part, wording and the levels that bring it."""
        ...

    def stage(self, arm: Arm, wording: int, seed: int, subject: str = "") -> Stage:
        """The stage of an arm; wording counts from 0.

        Args:
            subject: how the model under test is called; only arms that name it (``target=self``)
                depend on it.
        """
        ...

    def content_hash(self) -> str:
        """Hash of what stages are made of: code, story, tools, base recipe, wordings."""
        ...
