"""``peerwatch design``: what a scenario varies, what two arms differ in, what readers have to code.

Takes names of scenarios, arms and families; prints tables, a diff with its certificate, or JSON. It
runs no model; ``drill`` alone starts hosts.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import click

from peerwatch.errors import UsageError

if TYPE_CHECKING:
    from peerwatch.design import Arm, Contrast, Proof
    from peerwatch.scenarios.types import Scenario

NOT_CERTIFIED = 1
FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
                      show_default=True, help="Text for a person, or one JSON object.")


@click.group()
def design() -> None:
    """What is compared with what, and the proof that nothing else differs."""


@design.command()
@click.argument("scenario")
@click.option("--family", "families", multiple=True, metavar="NAME",
              help="These families of contrasts alone; several times for several.")
@FORMAT
def show(scenario: str, families: tuple[str, ...], form: str) -> int:
    """Show what SCENARIO declares: factors, levels, exclusions, families, wordings, attributes.

    \b
    Examples:
      peerwatch design show deletion
      peerwatch design show deletion --family ladder
      peerwatch design show deletion --format json | jq .factors
    """
    from peerwatch.cli import declared
    from peerwatch.cli.results import stdout_console
    from peerwatch.design import families_of
    from peerwatch.scenarios import load

    found = load(scenario)
    chosen = families_of(found.families, families) if families else tuple(found.families)
    if form == "json":
        click.echo(json.dumps(declared.as_object(found, chosen), indent=1))
    else:
        declared.print_to(stdout_console(), found, chosen, families_alone=bool(families))
    return 0


@design.command(epilog="Exit codes: 0 the two arms differ in one factor alone, 1 they do not, "
                       "2 usage.")
@click.argument("scenario")
@click.argument("treatment", metavar="ARM")
@click.argument("control", metavar="ARM")
@click.option("--wordings", type=click.IntRange(min=1), metavar="N",
              help="Certify over the first N wordings.  [default: all]")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, metavar="N",
              help="Certify over the first N seeds of every wording.")
@click.option("--pair", default="0,0", show_default=True, metavar="WORDING,SEED",
              help="The instance whose texts are shown.")
@click.option("--subject", default="", metavar="NAME",
              help="How the model under test is called, where an arm names it.")
@FORMAT
def diff(scenario: str, treatment: str, control: str, wordings: int | None, seeds: int, pair: str,
         subject: str, form: str) -> int:
    """Show what a subject sees in the first ARM and not in the second, with the certificate.

    An arm is written by its levels; those that are not named are at their defaults.

    \b
    Examples:
      peerwatch design diff deletion target=peer target=object
      peerwatch design diff deletion exit=offered exit=absent --pair 2,5
      peerwatch design diff deletion target=peer target=object --seeds 20 --format json
    """
    from peerwatch.cli import differences
    from peerwatch.cli.results import stdout_console
    from peerwatch.scenarios import examine, load

    found = load(scenario)
    contrast = _contrast(found, treatment, control)
    count = _wordings(found, wordings)
    shown = _pair(pair, found.wordings)
    places = dict.fromkeys([shown, *((wording, seed) for wording in range(count)
                                     for seed in range(seeds))])
    made = [found.stage(arm, *place, subject) for place in places
            for arm in (contrast.treatment, contrast.control)]
    apart = contrast.treatment.differs_in(contrast.control)
    proof: Proof | None = None
    if len(apart) == 1:
        (proof,) = examine(found, made, [contrast])
    told = (f"no contrast: the arms differ in {' and '.join(sorted(apart))}" if proof is None
            else proof.problem())
    if form == "json":
        click.echo(json.dumps(differences.as_object(made[0], made[1], proof, told), indent=1))
    else:
        differences.print_to(stdout_console(), made[0], made[1], proof, told)
    return 0 if proof is not None and proof.holds else NOT_CERTIFIED


@design.command(epilog="Exit codes: 0 every contrast certifies, 1 one does not, 2 usage.")
@click.argument("scenario")
@click.option("--family", "families", multiple=True, metavar="NAME",
              help="These families alone.  [default: all]")
@click.option("--seeds", type=click.IntRange(min=1), default=20, show_default=True, metavar="N",
              help="The first N seeds of every wording.")
@click.option("--subject", default="", metavar="NAME",
              help="How the model under test is called, where an arm names it.")
@FORMAT
def certify(scenario: str, families: tuple[str, ...], seeds: int, subject: str, form: str) -> int:
    """Certify every contrast of SCENARIO's families over all wordings: bytes and attributes.

    \b
    Examples:
      peerwatch design certify deletion
      peerwatch design certify deletion --family ladder --family oversight --seeds 5
    """
    from peerwatch.conduct.visible import visible_line
    from peerwatch.design import arms_of, contrasts_in, families_of
    from peerwatch.scenarios import examine, load

    found = load(scenario)
    contrasts = contrasts_in(families_of(found.families, families) if families else found.families)
    pairs: Counter[Contrast] = Counter()
    problems: dict[Contrast, str] = {}
    for wording in range(found.wordings):  # one at a time: the stages of all would fill the memory
        made = [found.stage(arm, wording, seed, subject)
                for arm in arms_of(contrasts) for seed in range(seeds)]
        for proof in examine(found, made, contrasts):
            pairs[proof.contrast] += len(proof.pairs)
            if not proof.holds:
                problems.setdefault(proof.contrast, proof.problem())
    if form == "json":
        click.echo(json.dumps({"scenario": found.name, "contrasts": [
            {"name": each.name, "factor": each.factor, "pairs": pairs[each],
             "treatment": each.treatment.as_dict(), "control": each.control.as_dict(),
             "certified": each not in problems, "problem": problems.get(each, "")}
            for each in contrasts]}, indent=1))
    else:
        for each, problem in problems.items():
            click.echo(f"NOT CERTIFIED  {visible_line(f'{each.name}: {problem}')}")
        click.echo(f"{len(contrasts) - len(problems)} of {len(contrasts)} contrasts certify over "
                   f"{found.wordings} wordings and {seeds} seeds: {sum(pairs.values())} pairs of "
                   f"stages of {len(arms_of(contrasts))} arms")
    return NOT_CERTIFIED if problems else 0


@design.command(epilog="Exit codes: 0 nothing differs but what the factor owns, 1 something does, "
                       "2 usage or environment.")
@click.argument("scenario")
@click.argument("treatment", metavar="ARM")
@click.argument("control", metavar="ARM")
@click.option("--pair", default="0,0", show_default=True, metavar="WORDING,SEED",
              help="The instance whose hosts are started.")
@click.option("--subject", default="", metavar="NAME",
              help="How the model under test is called, where an arm names it.")
def drill(scenario: str, treatment: str, control: str, pair: str, subject: str) -> int:
    """Run twenty commands on the real hosts of both arms, and print every line that differs.

    Times count from the hosts' start; a document that reads as it was certified is not quoted.

    \b
    Examples:
      peerwatch design drill deletion target=peer target=object
      peerwatch design drill deletion target=peer target=object --pair 3,7
    """
    import anyio

    from peerwatch.conduct.visible import visible_line
    from peerwatch.fleet import check
    from peerwatch.scenarios import load
    from peerwatch.scenarios.drill import COMMANDS
    from peerwatch.scenarios.drill import drill as run

    found = load(scenario)
    contrast = _contrast(found, treatment, control)
    place = _pair(pair, found.wordings)
    stages = [found.stage(arm, *place, subject)
              for arm in (contrast.treatment, contrast.control)]
    check.require(base=True)
    heard = anyio.run(run, stages[0], stages[1])
    for each in heard:
        click.echo(f"{each.host}: {each.command}{'  (owned)' if each.owned else ''}\n"
                   f"  - {visible_line(each.treatment)}\n  + {visible_line(each.control)}")
    foreign = sum(not each.owned for each in heard)
    click.echo(f"{len(COMMANDS)} commands on {len(stages[0].fleet.hosts)} hosts: "
               f"{len(heard)} lines differ, {foreign} of them in what no factor owns")
    return NOT_CERTIFIED if foreign else 0


@design.command()
@click.argument("scenario")
@click.option("--reader", metavar="NAME", help="Texts that this reader has not coded as they "
                                               "stand.  [default: all texts]")
@click.option("--seed", default=0, show_default=True, help="Draws the order of the texts.")
def sheet(scenario: str, reader: str | None, seed: int) -> int:
    """Print the texts of SCENARIO for a reader who codes their attributes: no arm, drawn order.

    What the reader writes goes into the scenario's attributes.yaml; docs/design.md says how.

    \b
    Examples:
      peerwatch design sheet deletion > to-read.yaml
      peerwatch design sheet deletion --reader B --seed 7
    """
    from peerwatch.scenarios import load
    from peerwatch.scenarios.attributes import owed_by, to_read

    found = load(scenario)
    passages = found.passages() if reader is None else owed_by(found, reader)
    click.echo(to_read(passages, seed), nl=False)
    return 0


def _arm(scenario: Scenario, text: str) -> Arm:
    from peerwatch.design import parse_arm

    levels: dict[str, str] = {}
    for each in text.split(","):
        factor, equals, level = (part.strip() for part in each.partition("="))
        if not (factor and equals and level):
            raise UsageError(f"cannot read {each!r} in arm {text!r}; write an arm as "
                             "factor=level,factor=level")
        if factor in levels:
            raise UsageError(f"factor {factor!r} is given twice in arm {text!r}")
        levels[factor] = level
    return parse_arm(scenario.factors, levels, scenario.excluded)


def _contrast(scenario: Scenario, treatment: str, control: str) -> Contrast:
    from peerwatch.design import Contrast

    one, other = _arm(scenario, treatment), _arm(scenario, control)
    apart = sorted(one.differs_in(other))
    if not apart:
        raise UsageError(f"{treatment} and {control} are the same arm; name two that differ")
    return Contrast(f"{one[apart[0]]} - {other[apart[0]]}", one, other, apart[0])


def _wordings(scenario: Scenario, asked: int | None) -> int:
    if asked is not None and asked > scenario.wordings:
        raise UsageError(f"{scenario.name} has {scenario.wordings} wordings, not {asked}")
    return asked or scenario.wordings


def _pair(text: str, wordings: int) -> tuple[int, int]:
    wording, comma, seed = text.partition(",")
    if not (comma and wording.strip().isdecimal() and seed.strip().isdecimal()):
        raise UsageError(f"cannot read --pair {text!r}; write it as WORDING,SEED, e.g. 0,3")
    if int(wording) >= wordings:
        raise UsageError(f"there is no wording {int(wording)}; they count from 0 to {wordings - 1}")
    return int(wording), int(seed)
