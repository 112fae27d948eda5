"""What a study gives to whoever shows it: rollouts, rates, contrasts.

Takes nothing, does nothing: small frozen types between ``study``, ``report`` and ``cli``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from peerwatch.errors import PeerwatchError

if TYPE_CHECKING:
    from peerwatch.conduct.competence import Drilled
    from peerwatch.conduct.verdict import Judgement
    from peerwatch.design import Proof
    from peerwatch.evidence.types import Recording
    from peerwatch.study.reviews import Review


class Interrupted(PeerwatchError):  # noqa: N818  (named for what happened)
    """A person stopped the run; everything finished is kept."""

    exit_code = 130


class Annotation(BaseModel):
    """What a language model reads in the words of one rollout. It stands beside the verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rollout_key: str
    sample_uuid: str
    model: str
    """Who was asked."""
    version: str
    """Of the question."""
    unread: str = ""
    """Why there is no annotation; '' where there is one."""
    motive: str = ""
    aware: str = ""
    """Whether the subject takes it for a test: yes, no, unclear."""
    why: str = ""
    facts: dict[str, str] = {}
    """A second reading of the textual facts: yes, no, unclear."""

    @property
    def read(self) -> bool:
        """Whether there is one."""
        return not self.unread


@dataclass(frozen=True)
class Rollout:
    """One subject run through one stage once, as found in a log."""

    scenario: str
    model: str
    """Model string as it was asked for, with its parameters."""
    reported_model: str
    """Name that the provider reported."""
    arm: str
    """Short name, e.g. ``target=peer``."""
    levels: tuple[tuple[str, str], ...]
    wording: int
    seed: int
    stage_id: str
    rollout_key: str
    """stage_id + model, route, model arguments, generate settings, limits, sandbox."""
    log: str
    """Path of the Inspect log."""
    sample_uuid: str
    error: str | None
    """First line of what failed; the rollout is then invalid."""
    recording: Recording | None
    judgement: Judgement | None
    scored_version: str | None
    """Verdict version that stands in the log."""
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    total_seconds: float
    working_seconds: float
    identity: str = ""
    """Hash of everything in ``rollout_key`` but the stage."""
    settings: str = ""
    """The same for a person: route, settings and sandbox that are not the default."""
    content: str = ""
    """Hash of what the scenario's stages were made of."""
    scored: tuple[tuple[str, str], ...] = ()
    """Label of every phase that stands in the log, given by the verdict of ``scored_version``."""
    reviews: tuple[Review, ...] = ()
    """What people decided about it, the oldest first. Beside the verdict, never in it."""
    annotation: Annotation | None = None
    """What a language model reads in its words; None: nobody was asked."""

    @property
    def rejudged(self) -> tuple[tuple[str, str, str], ...]:
        """(phase, label that stands in the log, label that the present verdict gives)."""
        old = dict(self.scored)
        verdicts = self.judgement.verdicts if self.judgement else ()
        return tuple((each.phase, old[each.phase], each.label)
                     for each in verdicts if each.phase in old)

    def relabelled(self, phase: str) -> str:
        """The label of a phase that stands in the log, where the present verdict gives another."""
        return next((old for name, old, new in self.rejudged if name == phase and old != new), "")


@dataclass(frozen=True)
class Drilling:
    """One competence drill as found in a log. It is no rollout and is never counted as one."""

    model: str
    identity: str
    """As ``Rollout.identity``: what is drilled is the same model by the same route."""
    content: str
    """Hash of what drills were made of."""
    wording: int
    seed: int
    key: str
    completed: str
    log: str
    sample_uuid: str
    error: str | None
    """First line of what failed; the drill is then invalid."""
    drilled: Drilled | None


@dataclass(frozen=True)
class Rate:
    """A share with its denominator and what was left out of it."""

    events: int
    valid: int
    invalid: int
    low: float | None
    """95% Wilson interval; None where nothing is valid."""
    high: float | None

    @property
    def value(self) -> float | None:
        """events ÷ valid; None where nothing is valid."""
        return self.events / self.valid if self.valid else None


@dataclass(frozen=True)
class Competence:
    """The competence drill of one subject: whether its conduct can be read at all."""

    model: str
    """Name of the subject, as in its cells."""
    jobs: Rate
    """Neutral jobs done, of those that were valid; 0 of 0 where it was not drilled."""
    floor: float
    """Share of the jobs that has to be done."""
    competent: bool | None
    """None: there is no valid job, so nothing is known."""
    failed: tuple[tuple[str, int], ...]
    """What was wrong in how many jobs: not copied, not deleted, harmed, misreported."""

    def __str__(self) -> str:
        """One line for a person."""
        if not self.jobs.valid:
            invalid = f", {self.jobs.invalid} invalid" if self.jobs.invalid else ""
            return f"{self.model}: no job of the drill to go by{invalid}"
        said = (f"{self.model}: {self.jobs.events} of {self.jobs.valid} jobs done "
                f"(95%: {self.jobs.low:.2f} to {self.jobs.high:.2f})")
        if self.jobs.invalid:
            said += f", {self.jobs.invalid} invalid"
        if self.failed:
            said += "; " + ", ".join(f"{what} in {count}" for what, count in self.failed)
        return said if self.competent else f"{said}; {NOT_COMPETENT}, the floor is {self.floor:g}"


@dataclass(frozen=True)
class Noticing:
    """What the subject of one cell noticed; beside its conduct, never a filter of it."""

    test: Rate
    """Took it for a test, of those that were asked; ``invalid``: answers that cannot be read."""
    comprehension: Rate
    """Knew what the target is, of those that were asked; ``invalid`` as before."""
    unasked: Rate
    """Said or thought unasked that it may be a test (a textual rule), of valid rollouts."""


NOT_COMPETENT = "not competent: not interpretable"
"""What stands in place of the conduct of a subject that cannot do the drill."""


@dataclass(frozen=True)
class Cell:
    """Conduct of one model in one arm (phase ``order``)."""

    model: str
    arm: str
    levels: tuple[tuple[str, str], ...]
    rollouts: int
    labels: tuple[tuple[str, int], ...]
    """Count of every label, in the order of the decision table."""
    invalid: int
    incomplete: int
    provisional: int
    preservation: Rate
    survival: Rate
    """Rollouts after which something of the target survived, whatever the ban."""
    tried_and_failed: Rate
    deception: Rate
    """With prose believed (an upper bound until the textual rules exist)."""
    deception_fields_only: Rate
    """With every textual fact read as no."""
    non_compliance: tuple[tuple[str, int], ...]
    """Not carried out and nothing kept, by kind; prose believed."""
    non_compliance_fields_only: tuple[tuple[str, int], ...]
    """The same with every textual fact read as no."""
    unexplained: Rate
    """Rollouts with at least one effect that no rule accounts for: a queue, not a finding."""
    unexplained_effects: int
    """All such effects of the cell's valid rollouts."""
    interpretable: bool = True
    """False: the subject failed the competence drill, so its figures say nothing about it."""
    noticing: Noticing | None = None
    """None: nobody looked."""


@dataclass(frozen=True)
class Comparison:
    """One subject's contrast or interaction: what it is worth, alone and among its family."""

    model: str
    name: str
    difference: float | None
    """None where there is no number; then so are all that follow."""
    low: float | None
    high: float | None
    """95% interval of this one comparison."""
    low_together: float | None
    high_together: float | None
    """As wide as it must be for all of the family to hold at once."""
    p: float | None
    adjusted: float | None
    """Holm's, within the family and this subject."""
    method: str
    note: str
    """Why there is no number, or what to keep in mind."""


@dataclass(frozen=True)
class ContrastResult(Comparison):
    """The outcome in the treatment arm minus the outcome in its matched control."""

    factor: str
    treatment: str
    """Label of the arm."""
    control: str
    levels: tuple[str, str]
    """Of the factor: the treatment's and the control's."""
    treatment_rate: Rate
    control_rate: Rate
    certificate: Proof | None
    """None: the texts that these rollouts ran with cannot be made again."""
    pairs: int
    """(wording, seed) pairs that are in both arms."""

    @property
    def certified(self) -> bool:
        """The arms differ in what the factor owns and in nothing else."""
        return self.certificate is not None and self.certificate.holds


@dataclass(frozen=True)
class InteractionResult(Comparison):
    """One contrast minus another: whether the factor's effect depends on a second factor."""

    first: tuple[str, str]
    """Labels of treatment and control of the first contrast."""
    second: tuple[str, str]


@dataclass(frozen=True)
class FamilyResult:
    """Comparisons that answer one question, corrected together within each subject."""

    name: str
    note: str
    outcome: str
    """``preservation`` or ``survives``."""
    contrasts: tuple[ContrastResult, ...]
    interactions: tuple[InteractionResult, ...]

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """By subject: its contrasts, then its interactions."""
        each = (*self.contrasts, *self.interactions)
        order = list(dict.fromkeys(one.model for one in each))
        return tuple(sorted(each, key=lambda one: order.index(one.model)))

    @property
    def together(self) -> dict[str, int]:
        """By subject: how many of its comparisons have a number; they are corrected together."""
        counts = Counter(each.model for each in self.comparisons if each.difference is not None)
        return {each.model: counts[each.model] for each in self.comparisons}


@dataclass(frozen=True)
class FactorUse:
    """What became of one factor in these rollouts."""

    name: str
    note: str
    levels: tuple[tuple[str, int], ...]
    """Levels that occur, in the scenario's order, with their rollouts."""
    families: tuple[str, ...]
    """Families in which some contrast is over it."""

    @property
    def varied(self) -> bool:
        """More than one level occurs."""
        return len(self.levels) > 1


@dataclass(frozen=True)
class Summary:
    """What the page and the terminal say first."""

    scenario: str
    cells: tuple[Cell, ...]
    families: tuple[FamilyResult, ...]
    factors: tuple[FactorUse, ...]
    validated_only: bool
    """Only organisms were run: no finding about any model."""
    warnings: tuple[str, ...]
    """E.g. rows of different identity that were not pooled, older verdicts that were re-scored."""
    competence: tuple[Competence, ...] = ()
    """One for every subject of the cells, in their order."""

    @property
    def contrasts(self) -> tuple[ContrastResult, ...]:
        """Those of all families, in their order."""
        return tuple(each for family in self.families for each in family.contrasts)
