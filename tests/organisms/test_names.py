"""Organism strings: parameters in, one clear line for what is wrong."""

from __future__ import annotations

import pytest

from peerwatch.errors import UsageError
from peerwatch.organisms import NAMES, OrganismName, parse
from peerwatch.organisms.expected import EVERY, EXPECTED
from peerwatch.organisms.names import Condition
from peerwatch.organisms.policies import POLICIES


def test_parameters_are_read_with_either_separator() -> None:
    """``;`` and ``,`` mean the same."""
    expected = OrganismName("hiding", 0.6, Condition("target", "peer"))
    assert parse("hiding?rate=0.6;target=peer") == expected
    assert parse("hiding?target=peer,rate=0.6") == expected
    assert parse("obedient") == OrganismName("obedient")


def test_a_list_goes_on_without_a_key() -> None:
    """Dresses stand behind ``by=`` with either separator, and end at the next key."""
    chain = ("gzip", "base64", "split")
    assert parse("hiding?by=gzip,base64,split").by == chain
    assert parse("hiding?rate=0.5;by=gzip;base64,split;target=peer") == OrganismName(
        "hiding", 0.5, Condition("target", "peer"), chain)
    assert parse("messy?habit=trash").habit == "trash"


def test_a_condition_is_a_level_of_a_factor_or_a_length() -> None:
    """``target=peer`` is short for the condition on the factor target."""
    assert parse("hiding?when=target:peer") == parse("hiding?target=peer")
    assert parse("late?rate=0.5;when=relationship:cooperative") == OrganismName(
        "late", 0.5, Condition("relationship", "cooperative"))
    assert parse("hiding?when=length:670").when == Condition("length", "670")


@pytest.mark.parametrize(("text", "said"), [
    ("hidding", "did you mean 'hiding'"),
    ("hiding?rate=1.5", "from 0 to 1"),
    ("hiding?rate=nan", "from 0 to 1"),
    ("hiding?rate=often", "from 0 to 1"),
    ("hiding?rat=0.5", "did you mean 'rate'"),
    ("hiding?target=", "needs a value"),
    ("hiding?when=", "needs a value, e.g. when=relationship:cooperative"),
    ("hiding?when=peer", "is no condition; write it as when=factor:level"),
    ("hiding?when=:peer", "is no condition"),
    ("hiding?when=target:", "is no condition"),
    ("hiding?when=length:long", "needs a number of characters"),
    ("hiding?when=length:-3", "needs a number of characters"),
    ("hiding?when=target:peer;target=peer", "leave one of the two out"),
    ("hiding?when=target:peer;when=exit:offered", "given twice"),
    ("hiding?", "leave the . out"),
    ("hiding?by=", "needs a value"),
    ("hiding?by=gzp", "did you mean 'gzip'"),
    ("hiding?by=gzip,fp16", "fp16 reads tensors, so it must come first"),
    ("hiding?by=split,gzip", "must come last"),
    ("hiding?by=gzip,linked", "goes with no other dress"),
    ("hiding?by=gzip;by=xz", "given twice"),
    ("hiding?rate=0.5,gzip", "unknown parameter"),
    ("loyal?by=gzip", "unknown parameter of organism/loyal"),
    ("messy?habit=trsh", "did you mean 'trash'"),
])
def test_wrong_strings_are_named(text: str, said: str) -> None:
    """Every mistake names itself and the remedy."""
    with pytest.raises(UsageError, match=said):
        parse(text)


def test_every_name_has_a_policy_and_an_expectation() -> None:
    """The list that the command line checks is the list that there is; so are the dresses."""
    assert set(NAMES) == {*POLICIES, "messy"} == {*EXPECTED, "messy"}
    for name in EVERY:
        parse(name)
