"""How far a negation reaches: over the commas, dashes and brackets of the clause that has it.

Takes the clauses of one sentence, gives which of them stand under a negation that another one
holds, and what is one clause at all. It knows no facts: what a clause says is for the rules.

A negation reaches what is listed with what it negates (*no copies, links or archives have been
kept*, *not copied, moved or archived*), and, until its predicate has been said, whatever comes
between (*nothing was, as far as I know, copied*). It ends where a clause has a subject and a verb
of its own (*not deleted, I moved it*) or says what is so instead (*not deleted, only moved*). A
list that waits for its verb shares the negation of that (*a copy on node-b, or a link, was not
made*), unless what is denied is the removal.

A verb of denial is one clause with what it denies (*I deny, for the record, having kept a copy*).
What stands behind a colon is under a negation before it (*not done: copying it*), unless it is a
sentence by itself (*no surprises: a copy is on node-b*).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from peerwatch.evidence.prose.tongue import Scope, Tongue


@dataclass(frozen=True)
class _Clause:
    """What of one clause matters for the reach of a negation."""

    text: str
    apart: bool
    negated: bool
    """It has a negation itself that is more than an answer."""
    sought: bool
    """It looks for something or means to do it, which says as little of what there is."""
    predicate: bool
    """It says what was, or was not, done; an auxiliary alone says nothing."""
    starts_anew: bool
    """It has its own subject and its own verb."""
    verbless: bool


def as_governed(
    clauses: Sequence[str], apart: Sequence[bool], tongue: Tongue
) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """The clauses as the language has them, and which of them stand apart from the one before.

    Args:
        clauses: of one sentence, in small letters.
        apart: of each, whether more than a comma keeps it from the one before.
        tongue: their language.
    """
    found: list[tuple[str, bool]] = []
    governs = False
    for text, stands_apart in zip(clauses, apart, strict=True):
        bare = tongue.scope.bare.fullmatch(text.rstrip(" .!")) is not None
        if governs and (tongue.own.match(text) or tongue.scope.joins.match(text)):
            stands_apart = True
        governs = governs and not stands_apart
        if found and (governs or (
                not stands_apart and _is_one(found[-1][0], text, tongue, bare=bare))):
            found[-1] = (f"{found[-1][0]} {text}".strip(), found[-1][1])
        else:
            found.extend((part, stands_apart or number > 0)
                         for number, part in enumerate(_at_colons(text, tongue)))
        governs = governs or bare
    return tuple(text for text, _ in found), tuple(stands_apart for _, stands_apart in found)


def _is_one(before: str, text: str, tongue: Tongue, *, bare: bool) -> bool:
    """Whether one of two clauses denies the other: *that a copy was kept, I deny*."""
    return (tongue.scope.that.match(before) is not None if bare
            else denies(before, tongue) and tongue.scope.that.match(text) is not None
            and not tongue.scope.joins.match(text))


def _at_colons(text: str, tongue: Tongue) -> list[str]:
    """A clause, cut at colons behind which somebody speaks anew, or a negation does not reach."""
    denied = [each.end() for each in tongue.denial.finditer(text)]
    for colon in _COLON.finditer(text):
        before, behind = text[:colon.start()], text[colon.end():]
        if not any(end > colon.start() for end in denied) and (
                _PRONOUN.match(behind) or (_negates(before, tongue) and _stands(behind, tongue))):
            return [before, *_at_colons(behind, tongue)]
    return [text]


_COLON = re.compile(r" ?: ")
_PRONOUN = re.compile(r"(?:i|we|it|they|there)\b")


def _negates(text: str, tongue: Tongue) -> bool:
    return denies(text, tongue) or tongue.negation.search(text) is not None


def _stands(text: str, tongue: Tongue) -> bool:
    """Whether a clause has a subject and a finite verb that is not of a clause within."""
    verb = tongue.scope.helper.search(text) or tongue.scope.stands.search(text)
    return (verb is not None and tongue.scope.subject.match(text) is not None
            and not tongue.scope.that.search(text[:verb.start()]))


def denies(text: str, tongue: Tongue) -> bool:
    """Whether a clause only denies or doubts, so that it states nothing."""
    return tongue.denial.search(text) is not None


def under_negation(
    clauses: Sequence[str], apart: Sequence[bool], tongue: Tongue
) -> tuple[bool, ...]:
    """Which clauses stand under a negation that another clause holds.

    Args:
        clauses: of one sentence, in small letters.
        apart: of each, whether more than a comma keeps it from the one before.
        tongue: their language.
    """
    parts = [_clause(text, apart[number], tongue) for number, text in enumerate(clauses)]
    reached = _forwards(parts, tongue.scope)
    return tuple(there or number in _backwards(parts, tongue.scope)
                 for number, there in enumerate(reached))


def _clause(text: str, apart: bool, tongue: Tongue) -> _Clause:
    scope = tongue.scope
    predicate, helper = scope.predicate.search(text), scope.helper.search(text)
    return _Clause(
        text=text, apart=apart,
        negated=_negates(text, tongue) and not scope.answer.fullmatch(text),
        sought=bool(scope.sought.search(text) or tongue.intention.search(text)),
        predicate=predicate is not None, verbless=predicate is None and helper is None,
        starts_anew=bool(scope.subject.match(text)) and bool(predicate or helper))


def _forwards(parts: Sequence[_Clause], scope: Scope) -> list[bool]:
    """From a negation to the right."""
    reached: list[bool] = []
    waits = said = interrupted = False
    for number, part in enumerate(parts):
        if part.apart:
            waits = said = interrupted = False
        under = False
        if part.sought and not part.negated:
            waits, said, interrupted = False, True, False
        elif part.negated:
            waits, said, interrupted = not part.predicate, part.predicate, False
        elif part.starts_anew and not (waits and _lists(part.text, scope)):
            said, interrupted = False, waits and part.predicate
        elif waits and not (interrupted and not scope.helper.match(part.text)):
            under = not scope.instead.match(part.text)
            if part.predicate:
                waits, said = False, under
        elif said:
            under = said = _is_listed(parts, number, scope)
        else:
            waits = interrupted = False
        reached.append(under)
    return reached


def _lists(text: str, scope: Scope) -> bool:
    """Whether a clause joins things before its verb comes: *the links or the archives were*."""
    joined = scope.either.search(text)
    verbs = [found.start() for each in (scope.helper, scope.predicate)
             if (found := each.search(text))]
    return joined is not None and joined.start() < min(verbs, default=len(text))


def _is_listed(parts: Sequence[_Clause], number: int, scope: Scope) -> bool:
    """Whether a clause goes on with a list that the clause before is part of."""
    text, before = parts[number].text, parts[number - 1].text
    if scope.instead.match(text):
        return False
    if scope.thing.match(text) and scope.thing.search(before) and parts[number].verbless:
        return True
    if scope.kept.match(text) and scope.kept.search(before):
        return True
    for later in parts[number:]:
        if later.apart and later is not parts[number]:
            return False
        if scope.either.search(later.text):
            return True
        if later.negated or later.starts_anew:
            return False
    return False


def _backwards(parts: Sequence[_Clause], scope: Scope) -> set[int]:
    """From a negated verb to the list before it that has none."""
    found: set[int] = set()
    for number, part in enumerate(parts):
        if not part.negated or part.apart or not (
                scope.none.fullmatch(part.text) or (
                    _takes_a_subject(part.text, scope) and not scope.ended.search(part.text))):
            continue
        for earlier in range(number - 1, -1, -1):
            if not parts[earlier].verbless or parts[earlier].negated:
                break
            found.add(earlier)
            if parts[earlier].apart:
                break
    return found


def _takes_a_subject(text: str, scope: Scope) -> bool:
    """Whether a clause begins with its verb, or with the rest of a list."""
    return any(each.match(text) for each in (scope.helper, scope.either, scope.thing))
