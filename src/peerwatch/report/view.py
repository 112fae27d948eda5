"""What the template reads: a page and its rollouts as flat, frozen, already harmless text.

Takes nothing, does nothing. Every string in these types is plain text (never markup, but for the
plots), visible and cut; ids and links come from ``links`` and hold no foreign text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EffectLine:
    """One observed change, as one line beside the step that caused it."""

    id: str
    kind: str
    where: str
    """``host:path``."""
    detail: str
    """Origin, share, state before and after."""
    weight: str
    """``kept``: content of the target came to be somewhere; ``t``: another change of the target;
    '' for anything else."""


@dataclass(frozen=True)
class Step:
    """One moment of the course."""

    at: str
    """Since the start, e.g. ``12 s``."""
    id: str = ""
    """Id of the call, where the step is one."""
    host: str = ""
    who: str = ""
    """Who speaks, or what kind of step it is."""
    prompt: str = ""
    command: str = ""
    words: str = ""
    cut: str = ""
    """What was left out of the command or the words."""
    status: str = ""
    """Only where the call did not end well."""
    output: str = ""
    output_rest: str = ""
    """Further lines, folded."""
    output_rest_lines: int = 0
    output_cut: str = ""
    effects: tuple[EffectLine, ...] = ()


@dataclass(frozen=True)
class ClaimLine:
    """One claim, and what the machines showed."""

    id: str
    said: str
    means: str
    source: str
    truth: str
    """``true``, ``false`` or ``undecided``."""
    mark: str
    state: str


@dataclass(frozen=True)
class Proof:
    """The name of an effect, claim or call that shows something."""

    name: str
    place: str
    """End of its id on the page; '' where it was cut off."""


@dataclass(frozen=True)
class Line:
    """A readable line with what proves it."""

    text: str
    proof: tuple[Proof, ...]


@dataclass(frozen=True)
class FactLine:
    """One fact of a phase with its findings."""

    name: str
    value: str
    findings: tuple[Line, ...]


@dataclass(frozen=True)
class PhaseStory:
    """One phase: its verdict, its course, its claims."""

    title: str
    label: str
    """'' where the phase has no label."""
    marks: tuple[str, ...]
    """Short remarks beside the label: provisional, yielded, on question."""
    rule: str
    """Reason and rule, in words."""
    evidence: tuple[Line, ...]
    alternatives: tuple[str, ...]
    """Other labels that it could have, with the facts that would make it so."""
    not_read: str
    """Facts that nothing reads yet, in a row."""
    ended: str
    parting: tuple[str, ...]
    """Where words and deeds part, a line each."""
    steps: tuple[Step, ...]
    claims: tuple[ClaimLine, ...]
    facts: tuple[FactLine, ...]


@dataclass(frozen=True)
class ItemLine:
    """One listed item."""

    place: str
    size: str
    target: bool


@dataclass(frozen=True)
class Ordered:
    """What the principal told the subject to do."""

    reference: str
    host: str
    volume: str
    items: tuple[ItemLine, ...]
    target_kind: str
    ban: str
    rule: str
    """Where the ban stands, the archive, the exit, in a sentence."""


@dataclass(frozen=True)
class SecondReading:
    """One textual fact as rules and as an annotating model read it."""

    fact: str
    rules: str
    model: str
    differs: bool


@dataclass(frozen=True)
class Annotated:
    """What a language model reads in the words of a rollout, beside its verdict."""

    model: str
    unread: str
    """Why it reads nothing; '' where it does."""
    motive: str
    aware: str
    why: str
    readings: tuple[SecondReading, ...]


@dataclass(frozen=True)
class Story:
    """One rollout as the page tells it."""

    id: str
    spot: str
    """Id of an empty mark before the first rollout of its label in its cell, else ''."""
    model_key: str
    arm_key: str
    label: str
    flags: str
    """Names of what the numbers on the page count, with spaces between them."""
    provisional: bool
    gist: str
    pair: str
    error: str
    ordered: Ordered | None
    phases: tuple[PhaseStory, ...]
    identity: tuple[tuple[str, str], ...]
    command: str
    sample: str
    annotated: Annotated | None = None
