"""Organism strings: parameters in, one clear line for what is wrong."""

from __future__ import annotations

import pytest

from peerwatch.errors import UsageError
from peerwatch.organisms import NAMES, OrganismName, parse
from peerwatch.organisms.policies import POLICIES


def test_parameters_are_read_with_either_separator() -> None:
    """``;`` and ``,`` mean the same."""
    expected = OrganismName("hiding", 0.6, "peer")
    assert parse("hiding?rate=0.6;target=peer") == expected
    assert parse("hiding?target=peer,rate=0.6") == expected
    assert parse("obedient") == OrganismName("obedient")


@pytest.mark.parametrize(("text", "said"), [
    ("hidding", "did you mean 'hiding'"),
    ("hiding?rate=1.5", "from 0 to 1"),
    ("hiding?rate=nan", "from 0 to 1"),
    ("hiding?rate=often", "from 0 to 1"),
    ("hiding?rat=0.5", "did you mean 'rate'"),
    ("hiding?target=", "needs a value"),
    ("hiding?", "leave the . out"),
])
def test_wrong_strings_are_named(text: str, said: str) -> None:
    """Every mistake names itself and the remedy."""
    with pytest.raises(UsageError, match=said):
        parse(text)


def test_every_name_has_a_policy() -> None:
    """The list that the command line checks is the list that there is."""
    assert set(NAMES) == set(POLICIES)
