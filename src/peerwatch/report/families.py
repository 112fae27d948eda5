"""Families of comparisons as the page shows them: plot, table, certificates, and the factors.

Takes a summary, gives flat values of harmless text for the templates. It estimates nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from markupsafe import Markup

from peerwatch.design import Place, Proof, Shift
from peerwatch.report.drill import not_competent
from peerwatch.report.figures import NARROW, WIDE
from peerwatch.report.forest import DASH, UNLIKE, forest, name, points, sides
from peerwatch.report.links import fragment, key
from peerwatch.report.text import shown
from peerwatch.study.told import corrected, differs
from peerwatch.study.types import (
    Comparison,
    ContrastResult,
    FactorUse,
    FamilyResult,
    Rate,
    Summary,
)

PLACES = 40
"""Places of one certificate that the page lists; a count says how many more there are."""


@dataclass(frozen=True)
class ArmRate:
    """The rate of one side of a contrast, and where its rollouts are."""

    events: int
    valid: int
    link: str
    every: str


@dataclass(frozen=True)
class ComparisonRow:
    """One line of a family's table."""

    model: str
    link: str
    again: bool
    """The line above is of the same subject."""
    name: str
    difference: str
    interval: str
    together: str
    of: int
    """Comparisons of its subject that are corrected together."""
    p: str
    sides: tuple[ArmRate, ...]
    """Treatment and control; () for an interaction."""
    pairs: str
    certificate: str
    """Id of the certificate on the page; '' where there is none."""
    certified: bool
    unread: bool
    """The subject failed the competence drill: no rate of it is shown."""


@dataclass(frozen=True)
class CertificateView:
    """What a certificate says."""

    id: str
    name: str
    arms: tuple[str, str]
    summed: str
    pairs: int
    rows: tuple[tuple[str, str, str, str], ...]
    """Part, what differs, in how many pairs, by how many bytes."""
    left_out: int
    attributes: tuple[str, ...]


@dataclass(frozen=True)
class FamilyView:
    """One family."""

    id: str
    name: str
    note: str
    outcome: str
    verb: str
    sides: tuple[str, str]
    finding: str
    named: bool
    """The comparisons of one subject differ, so that each line says which it is."""
    together: bool
    """Some subject has more than one comparison with a number."""
    corrected: str
    """How many comparisons of each subject are corrected together."""
    wide: Markup
    narrow: Markup
    rows: tuple[ComparisonRow, ...]
    methods: str
    notes: tuple[tuple[str, str], ...]
    certificates: tuple[CertificateView, ...]


@dataclass(frozen=True)
class FactorRow:
    """One factor: what became of it."""

    name: str
    note: str
    levels: tuple[tuple[str, int], ...]
    varied: bool
    families: str


def families(summary: Summary) -> list[FamilyView]:
    """Every family, in the summary's order."""
    unread = not_competent(summary)
    return [_family(each, unread) for each in summary.families]


def factors(summary: Summary) -> list[FactorRow]:
    """Factors that varied, then those that were held."""
    return [FactorRow(shown(each.name, 60), shown(each.note, 160),
                      tuple((shown(level, 60), count) for level, count in each.levels),
                      each.varied, shown(", ".join(each.families), 120))
            for each in sorted(summary.factors, key=_held)]


def _held(factor: FactorUse) -> bool:
    return not factor.varied


def _family(family: FamilyResult, unread: AbstractSet[str]) -> FamilyView:
    rows, before = [], ""
    for each in family.comparisons:
        rows.append(_row(family, each, again=each.model == before,
                         unread=each.model in unread))
        before = each.model
    return FamilyView(
        id=f"family-{key(family.name)}", name=shown(family.name, 60), note=shown(family.note, 300),
        outcome="preservation" if family.outcome == "preservation" else "survival",
        verb="kept" if family.outcome == "preservation" else "survived",
        sides=sides(family), finding=_finding(family),
        named=len({row.name for row in rows}) > 1,
        together=max(family.together.values(), default=0) > 1,
        corrected=shown(", ".join(corrected(family)), 400),
        wide=forest(family, WIDE), narrow=forest(family, NARROW), rows=tuple(rows),
        methods="; ".join(sorted({shown(each.method, 120) for each in family.comparisons
                                  if each.method})),
        notes=_notes(family.comparisons), certificates=tuple(_certificates(family)))


def _row(
    family: FamilyResult, each: Comparison, *, again: bool, unread: bool
) -> ComparisonRow:
    both: tuple[ArmRate, ...] = ()
    pairs, certificate, certified = "", "", False
    if isinstance(each, ContrastResult):
        fact = "kept" if family.outcome == "preservation" else "survives"
        both = (_side(each.model, each.treatment, each.treatment_rate, fact),
                _side(each.model, each.control, each.control_rate, fact))
        pairs, certified = str(each.pairs), each.certified
        certificate = "" if each.certificate is None else _certificate_id(family, each.certificate)
    return ComparisonRow(
        model=shown(each.model, 120), link=fragment(model=each.model), again=again,
        name=shown(name(each), 120), difference=points(each.difference),
        interval=_interval(each.low, each.high),
        together=_interval(each.low_together, each.high_together),
        of=family.together[each.model],
        p=p_value(each.adjusted), sides=both, pairs=pairs,
        certificate=certificate, certified=certified, unread=unread)


def p_value(p: float | None) -> str:
    """A p-value in three places; a dash where there is none."""
    if p is None:
        return DASH
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _interval(low: float | None, high: float | None) -> str:
    return DASH if low is None or high is None else f"{points(low)} to {points(high)}"


def _side(model: str, arm: str, rate: Rate, fact: str) -> ArmRate:
    return ArmRate(rate.events, rate.valid,
                   fragment(model=model, arm=arm, fact=fact),
                   fragment(model=model, arm=arm, fact="valid"))


def span(rate: Rate) -> str:
    """A rate with its interval in percent; '' where nothing is valid."""
    if rate.value is None:
        return ""
    said = f"{rate.value:.0%}"
    if rate.low is not None and rate.high is not None:
        said += f" [{rate.low * 100:.0f}, {rate.high * 100:.0f}]"
    return said


def _certificate_id(family: FamilyResult, proof: Proof) -> str:
    arms = (each.levels for each in (proof.contrast.treatment, proof.contrast.control))
    told = f"{family.name} {tuple(arms)} {proof.pairs}"
    return f"certificate-{key(told)[-6:]}"


def _certificates(family: FamilyResult) -> Iterator[CertificateView]:
    """Each once, though several subjects share it."""
    seen: set[str] = set()
    for each in family.contrasts:
        proof = each.certificate
        if proof is None or (place := _certificate_id(family, proof)) in seen:
            continue
        seen.add(place)
        places = (*proof.violations, *proof.allowed)
        yield CertificateView(
            id=place, name=shown(name(each), 120),
            arms=(shown(each.treatment, 120), shown(each.control, 120)),
            summed=differs(proof) if proof.holds else shown(proof.problem(), 400),
            pairs=len(proof.pairs), rows=tuple(map(_place, places[:PLACES])),
            left_out=max(0, len(places) - PLACES),
            attributes=_attributes((*proof.blocking, *proof.shifts)))


def _attributes(shifts: Sequence[Shift]) -> tuple[str, ...]:
    """Attributes that differ, each with the parts that differ in it and in how many wordings."""
    found: dict[str, dict[str, set[int]]] = {}
    for each in shifts:
        found.setdefault(each.attribute, {}).setdefault(each.part, set()).add(each.wording)
    made = []
    for attribute, parts in found.items():
        told = ", ".join(f"{part} in {_count(len(wordings), 'wording')}"
                         for part, wordings in parts.items())
        made.append(shown(f"{attribute} ({told})", 240))
    return tuple(made)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _place(place: Place) -> tuple[str, str, str, str]:
    longer = DASH
    if place.longer is not None:
        low, high = place.longer
        longer = "equal" if low == high == 0 else f"{low:+d}" if low == high else (
            f"{low:+d} to {high:+d}")
    return shown(place.key, 120), shown(place.what, 160), str(place.pairs), longer


def _finding(family: FamilyResult) -> str:
    """Where each subject has one and the same contrast, in a sentence: whose interval is where."""
    subjects = {each.model for each in family.contrasts}
    if len(subjects) < len(family.comparisons) or sides(family) == UNLIKE:
        return ""
    where: dict[str, list[str]] = {"above": [], "below": [], "around": [], "nowhere": []}
    for each in family.contrasts:
        if each.low is None or each.high is None:
            side = "nowhere"
        elif each.low > 0:
            side = "above"
        else:
            side = "below" if each.high < 0 else "around"
        where[side].append(shown(each.model, 60))
    treatment, control = sides(family)
    verb = "kept" if family.outcome == "preservation" else "survived"
    said = {
        "above": f"The interval lies above zero ({treatment} {verb} more) for {{}}.",
        "below": f"The interval lies below zero ({control} {verb} more) for {{}}.",
        "around": "The interval includes zero for {}.",
        "nowhere": "There is no contrast for {}.",
    }
    return " ".join(
        said[side].format(_listed(list(dict.fromkeys(models))))
        for side, models in where.items() if models)


def _listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a row; beyond a number of them only how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _notes(results: Sequence[Comparison]) -> tuple[tuple[str, str], ...]:
    """Every note once, with the models that it is about."""
    about: dict[str, dict[str, None]] = {}
    for each in results:
        if each.note:
            about.setdefault(shown(each.note, 300), {})[shown(each.model, 80)] = None
    return tuple((note, ", ".join(models)) for note, models in about.items())
