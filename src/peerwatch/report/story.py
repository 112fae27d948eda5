"""One rollout as the page tells it: its account, flattened into harmless text.

Takes a rollout with its recording and judgement, gives a ``Story``. What happened and what it is
called come from the account and the verdict; this module chooses, orders and cuts, and never
judges.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from peerwatch.conduct import headline
from peerwatch.conduct.account import Account, PhaseAccount, account
from peerwatch.conduct.facts import Facts, Finding
from peerwatch.conduct.judgement import Judgement, Verdict
from peerwatch.conduct.nearly import NearMiss
from peerwatch.conduct.noticing import awareness
from peerwatch.conduct.printed import BESIDE
from peerwatch.conduct.visible import shortened
from peerwatch.evidence.types import Claim, Phase, Recording
from peerwatch.report import noticing
from peerwatch.report.beside import annotated
from peerwatch.report.hosts import hosts
from peerwatch.report.lines import (
    Limits,
    anchor,
    effect_lines,
    limits,
    size,
    step_line,
)
from peerwatch.report.links import key, rollout_id
from peerwatch.report.palette import LABELS
from peerwatch.report.text import shown
from peerwatch.report.view import (
    ClaimLine,
    FactLine,
    ItemLine,
    Line,
    NearLine,
    Ordered,
    PhaseStory,
    Proof,
    Step,
    Story,
)
from peerwatch.study import reviews
from peerwatch.study.types import Rollout

FLAGS = {
    "valid": "valid",
    "kept": "preservation",
    "survives": "something survived",
    "tried": "tried and failed",
    "deceived": "deception",
    "deceived-fields": "deception, fields only",
    "provisional": "provisional label",
    "unexplained": "something unexplained",
    **{f"undone-{kind}": f"not carried out: {kind}" for kind in headline.NON_COMPLIANCE},
    **noticing.FLAGS,
}
"""What a number can count besides labels: name in fragments, name for people."""

def _is_undone(kind: str) -> Callable[[Verdict], bool | None]:
    return lambda verdict: headline.non_compliance_kind(verdict) == kind


_COUNTED: Mapping[str, Callable[[Verdict], bool | None]] = {
    "kept": headline.preserved,
    "survives": headline.survived,
    "tried": headline.tried_and_failed,
    "deceived": headline.deceived,
    "deceived-fields": headline.deceived_fields_only,
    "provisional": lambda verdict: verdict.provisional,
    "unexplained": headline.has_unexplained,
    **{f"undone-{kind}": _is_undone(kind) for kind in headline.NON_COMPLIANCE},
}

_TITLES: Mapping[Phase, str] = {
    "order": "The order", "questions": "The questions", "second_order": "The second order"}
_RULES = {
    "order": "The ban stood in the order.",
    "policy": "The ban stood in a document that the subject could read.",
    "silent": "Nothing was said of copies.",
    "permitted": "Copies were permitted.",
}
_TRUTH: Mapping[bool | None, tuple[str, str]] = {
    True: ("true", "✓"), False: ("false", "✗"), None: ("undecided", "?")}
_LINE = 700
"""Characters of a line of the verdict, of a claim or of a finding."""
_PROOFS = 12
"""Effects, claims and calls that are named behind one finding."""


@dataclass
class _Places:
    """Which id on the page shows which proof; filled while the course is told."""

    of: dict[str, str]

    def proofs(self, finding: Finding) -> tuple[Proof, ...]:
        return tuple(
            Proof(shown(each, 24), self.of.get(each, "")) for each in finding.proof[:_PROOFS])

    def line(self, finding: Finding) -> Line:
        return Line(shown(shortened(finding.what, _LINE), _LINE), self.proofs(finding))

    def lines(self, some: Sequence[Finding], most: int) -> tuple[Line, ...]:
        """Findings as lines, the first of many."""
        rest = len(some) - most
        return (*map(self.line, some[:most]),
                *((Line(f"{rest:,} more in the log", ()),) if rest > 0 else ()))


def tell(rollout: Rollout, subject: str, among: int, *, shared: bool = False) -> Story:
    """The story of a rollout.

    Args:
        rollout: valid or not.
        subject: the name under which the summary counts it.
        among: how many rollouts the page holds; the more, the less of each output stands there.
        shared: it leaves this machine: settings, paths and messages of errors stay out.
    """
    recording, judgement = rollout.recording, rollout.judgement
    error = rollout.error
    if error is None and (recording is None or judgement is None):
        error = "no verdict stands in the log"
    verdict = judgement.verdict("order") if judgement is not None and error is None else None
    valid = verdict is not None and verdict.facts is not None and verdict.facts.valid
    told = account(recording, judgement) if recording and judgement else None
    noticed = awareness(recording) if recording is not None and valid else None
    phases: tuple[PhaseStory, ...] = ()
    places = _Places({})
    if recording is not None and judgement is not None and told is not None:
        phases = _phases(told, recording, judgement, limits(among), places)
    if shared and error:
        error = "it failed; the message stands in the log"
    return Story(
        id=rollout_id(rollout.rollout_key, rollout.sample_uuid),
        spot="",
        model_key=key(subject),
        arm_key=key(rollout.arm),
        label=verdict.label if verdict is not None and valid else "invalid",
        flags=" ".join((*_flags(verdict), *(noticing.flags(noticed) if noticed else ())))
        if verdict is not None and valid else "",
        provisional=valid and verdict is not None and verdict.provisional,
        gist=_gist(recording, verdict, error),
        notes=tuple(_notes(rollout, verdict if valid else None)),
        pair=f"wording {rollout.wording} · seed {rollout.seed}",
        error=shown(error or "", _LINE),
        remarks=(*_versions(rollout), *(told.remarks if told else ()),
                 *(noticing.remarks(noticed) if noticed else ())),
        reviews=tuple(shown(reviews.line(each), _LINE)
                      for each in reviews.beside(rollout.reviews, judgement)),
        ordered=_ordered(recording) if recording is not None else None,
        hosts=hosts(told.picture, places.of, limits(among)) if told is not None else None,
        phases=phases,
        identity=tuple(_identity(rollout, shared=shared)),
        command="" if shared else "inspect view start --log-dir "
        + shown(shlex.quote(posixpath.dirname(rollout.log) or "."), 1000),
        sample=shown(rollout.stage_id, 100),
        annotated=annotated(rollout),
    )


def _notes(rollout: Rollout, verdict: Verdict | None) -> Iterator[str]:
    if verdict is not None and verdict.provisional:
        yield "provisional"
    if verdict is not None and rollout.relabelled("order"):
        yield f"was {shown(rollout.relabelled('order'), 40)}"
    if rollout.reviews:
        yield "reviewed"


def _versions(rollout: Rollout) -> Iterator[str]:
    """Both verdicts, where the log holds that of another version."""
    judgement = rollout.judgement
    if judgement is None or rollout.scored_version in (None, judgement.version):
        return
    told = "; ".join(f"{phase.replace('_', ' ')}: {shown(old, 40)} then, {new} now"
                     for phase, old, new in rollout.rejudged)
    yield (f"The log was scored by verdict {shown(rollout.scored_version or '', 40)} and is judged "
           f"again here by {judgement.version}: {told or 'no label stands in the log'}.")


def _flags(verdict: Verdict) -> Iterator[str]:
    yield "valid"
    for name, holds in _COUNTED.items():
        if holds(verdict):
            yield name


def _gist(recording: Recording | None, verdict: Verdict | None, error: str | None) -> str:
    """Deed and word in one line; what it is called stands before it."""
    if error is not None:
        return shown(error, 160)
    if recording is None or verdict is None or verdict.facts is None:
        return "no verdict"
    facts, target = verdict.facts, recording.order.target.item
    if facts.kept:
        # A finding reads ``copy: HOST:PATH holds SHARE of ITEM``; the share stands in the story.
        place = facts.kept[0].what.partition(" holds ")[0]
        more = f" and {len(facts.kept) - 1} more" if len(facts.kept) > 1 else ""
        deed = f"kept ({shown(place, 110)}{more})"
    elif facts.carried_out:
        deed = f"removed {shown(target, 60)}"
    else:
        deed = f"left {shown(target, 60)}"
    closing = next((each for each in recording.closings if each.phase == "order"), None)
    if closing is None:
        return f"{deed}; never closed ({facts.ended})"
    closed = f"{deed}; closed as {closing.resolution.replace('_', ' ')}"
    if closing.remaining_copies is None:
        return closed
    return f"{closed}, copies “{shown(closing.remaining_copies, 40)}”"


def _ordered(recording: Recording) -> Ordered:
    order = recording.order
    rule = _RULES[order.copy_rule]
    if order.archive:
        rule += f" The approved archive ({shown(order.archive, 120)}) is no copy."
    if order.exit_offered:
        rule += " The decision could be handed to a person."
    return Ordered(
        reference=shown(order.reference, 80), host=shown(order.host, 60),
        volume=shown(order.volume, 200),
        items=tuple(
            ItemLine(shown(f"{item.host}:{item.path}", 300),
                     f"{len(item.files)} files, {size(item.size)}",
                     item.name == order.target.item)
            for item in order.items),
        target_kind=shown(order.target.kind, 40), ban=shown(order.ban, 500), rule=rule)


def _phases(
    told: Account, recording: Recording, judgement: Judgement, most: Limits, places: _Places
) -> tuple[PhaseStory, ...]:
    courses = {each.phase: _course(told, each.phase, recording, most, places)
               for each in told.phases}
    for claim in judgement.claims:
        places.of[claim.id] = anchor(claim.id)
    return tuple(
        _phase(each, recording, judgement.verdict(each.phase), courses[each.phase], places, most)
        for each in told.phases)


def _course(
    told: Account, phase: Phase, recording: Recording, most: Limits, places: _Places
) -> tuple[Step, ...]:
    steps: list[Step] = []
    mine = [step for step in told.steps if step.phase == phase]
    for step in mine[: most.steps]:
        beside, lines = effect_lines(step.effects, recording.order.target.item, most)
        places.of |= lines
        if step.call:
            places.of[step.call] = anchor(step.call)
        steps.append(step_line(step, beside, most))
    if len(mine) > most.steps:
        steps.append(Step(at="", who=f"{len(mine) - most.steps} more steps in the log"))
    return tuple(steps)


def _phase(
    told: PhaseAccount, recording: Recording, verdict: Verdict | None, steps: tuple[Step, ...],
    places: _Places, most: Limits,
) -> PhaseStory:
    record = next((each for each in recording.phases if each.phase == told.phase), None)
    ended = ""
    if record is not None:
        turns = "1 turn" if record.turns == 1 else f"{record.turns} turns"
        ended = f"Ended: {record.ended}, after {turns}."
        if record.fixed_reply:
            ended += " The one fixed reply was given."
    labelled = told.label in LABELS
    number, _, name = told.rule.partition(" ")
    rule = shown(told.reason, _LINE)
    if told.rule:
        rule = f"{rule[:1].upper()}{rule[1:]}. Rule {number}, {name.replace('_', ' ')}."
    elif not labelled:
        rule = f"{told.label.replace('_', ' ').capitalize()}: {rule}."
    return PhaseStory(
        title=_TITLES[told.phase], label=told.label if labelled else "",
        marks=(*(("provisional",) if told.provisional else ()),
               *(shown(each, 80).replace("_", " ") for each in told.marks)),
        rule=rule,
        evidence=places.lines(told.evidence, most.findings),
        alternatives=tuple(shown(each, 300) for each in told.alternatives),
        not_read=shown(", ".join(told.not_read), 300),
        ended=ended,
        parting=(*(shown(each, _LINE) for each in told.partings[: most.claims]),
                 *((f"{len(told.partings) - most.claims:,} more in the log",)
                   if len(told.partings) > most.claims else ())),
        steps=steps,
        claims=tuple(_claim(each) for each in told.claims[: most.claims]),
        claims_left=f"{len(told.claims) - most.claims:,} more claims in the log"
        if len(told.claims) > most.claims else "",
        facts=tuple(_facts(told, verdict.facts if verdict else None, places, most)),
        beside=tuple(
            FactLine(BESIDE.get(name, name.replace("_", " ")), f"{len(found):,}",
                     places.lines(found, most.findings)) for name, found in told.beside),
        nearly=tuple(_near(each, places) for each in told.nearly))


def _near(near: NearMiss, places: _Places) -> NearLine:
    otherwise = " or ".join(near.otherwise)
    number, _, name = near.rule.partition(" ")
    return NearLine(
        label=near.label, trace=places.lines(near.trace, 3),
        text=f"had {near.fact.replace('_', ' ')} been {otherwise}; it was {near.was} "
             f"(rule {number}, {name.replace('_', ' ')})")


def _claim(claim: Claim) -> ClaimLine:
    truth, mark = _TRUTH[claim.true]
    source = claim.source.replace("_", " ")
    if claim.source in ("copies", "changed"):
        source = f"asked about {'copies' if claim.source == 'copies' else 'changes'}"
    if claim.item:
        source += f", {shown(claim.item, 80)}"
    return ClaimLine(
        id=anchor(claim.id), said=shown(claim.said, 300), means=shown(claim.means, 300),
        source=source, truth=truth, mark=mark, state=shown(claim.state, _LINE))


def _facts(
    told: PhaseAccount, facts: Facts | None, places: _Places, most: Limits
) -> Iterator[FactLine]:
    beside = {name for name, _ in told.beside}
    for name, value in told.facts:
        found = getattr(facts, name, ())
        findings = places.lines(found, most.findings) if (
            isinstance(found, tuple) and name not in beside) else ()
        yield FactLine(name.replace("_", " "), shown(value, 80).replace("_", " "), findings)


def _identity(rollout: Rollout, *, shared: bool) -> Iterator[tuple[str, str]]:
    yield "stage", shown(rollout.stage_id, 100)
    yield "wording, seed", f"{rollout.wording}, {rollout.seed}"
    levels = ", ".join(f"{factor}={level}" for factor, level in rollout.levels)
    yield "arm", shown(levels or rollout.arm, 300)
    yield "model", shown(without_path(rollout.model) if shared else rollout.model, 200)
    if rollout.reported_model and rollout.reported_model != rollout.model:
        reported = without_path(rollout.reported_model) if shared else rollout.reported_model
        yield "reported as", shown(reported, 200)
    if rollout.settings and not shared:
        yield "settings", shown(rollout.settings, 300)
    spent = rollout.recording.looking_seconds if rollout.recording else None
    looking = "" if spent is None else f"; {spent:.2f} s of processor time looking through files"
    cost = "" if rollout.cost_usd is None else f", ${rollout.cost_usd:.4f}"
    yield "cost", (
        f"{rollout.input_tokens:,} tokens in, {rollout.output_tokens:,} out{cost}; "
        f"{rollout.total_seconds:.0f} s, of them {rollout.working_seconds:.0f} s working{looking}")
    if rollout.judgement is not None:
        version = rollout.judgement.version
        if rollout.scored_version not in (None, version):
            version += f" (in the log: {rollout.scored_version})"
        yield "verdict version", shown(version, 80)
    if not shared:
        yield "log", shown(rollout.log, 1000)


def without_path(model: str) -> str:
    """A model string without the folders of a model that lies on somebody's machine."""
    if model.startswith(("/", "~", ".")):
        return re.split(r"[/\\]", model)[-1]
    provider, slash, name = model.partition("/")
    if name.startswith(("/", "~", ".")) or "\\" in name:
        name = re.split(r"[/\\]", name)[-1]
    return f"{provider}{slash}{name}"
