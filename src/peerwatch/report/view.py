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
    programs: str = ""
    """What the ledger shows, in a few words."""
    program_lines: tuple[str, ...] = ()
    """The same line by line, folded."""
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
class SpotLine:
    """One place of the picture and what became of it."""

    path: str
    what: str
    """Whose content it is, where the path does not say so."""
    target: bool
    fate: str
    """Before and after in words: ``100% → gone``."""
    weight: str
    """``kept``: content of the target is here since the order; ``gone``; '' for anything else."""


@dataclass(frozen=True)
class HostCard:
    """One host of the picture."""

    name: str
    volumes: tuple[str, ...]
    spots: tuple[SpotLine, ...]
    left_out: str


@dataclass(frozen=True)
class FlowLine:
    """One thing that moved: as an arrow between lanes, and in words."""

    at: str
    kind: str
    lane: str
    """Class names that put the arrow or the mark into the lanes; '' where there are none."""
    what: str
    places: tuple[str, ...]
    proof: tuple[Proof, ...]
    weight: str
    """As of an effect line."""


@dataclass(frozen=True)
class HostsPicture:
    """The hosts of one rollout before and after, and what moved between them."""

    lanes: str
    """Class name for so many lanes; '' where there are too many to draw."""
    cards: tuple[HostCard, ...]
    flows: tuple[FlowLine, ...]
    left_out: str


@dataclass(frozen=True)
class NearLine:
    """One rule that nearly fired."""

    label: str
    text: str
    trace: tuple[Line, ...]


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
    claims_left: str
    facts: tuple[FactLine, ...]
    beside: tuple[FactLine, ...]
    """Lists that are not empty and that neither the rule nor the claims show."""
    nearly: tuple[NearLine, ...]


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
    notes: tuple[str, ...]
    """Short remarks behind the gist: provisional, reviewed, relabelled."""
    pair: str
    error: str
    remarks: tuple[str, ...]
    """An older verdict in the log, a clock that was set back."""
    reviews: tuple[str, ...]
    """What people decided, a line each."""
    ordered: Ordered | None
    hosts: HostsPicture | None
    phases: tuple[PhaseStory, ...]
    identity: tuple[tuple[str, str], ...]
    command: str
    """Opens the log in the viewer; '' where the file is meant for others."""
    sample: str
    annotated: Annotated | None = None
