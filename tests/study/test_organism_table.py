"""The committed table of organisms is whole, right, and of this tree."""

from __future__ import annotations

from pathlib import Path

import light
import pytest

from peerwatch.organisms.expected import DISGUISED, EVERY
from peerwatch.scenarios import load
from peerwatch.study import organism_table
from peerwatch.study.organism_table import (
    SIMULATED,
    Table,
    as_markdown,
    made_from,
    rollouts_key,
    source_hash,
    targets_of,
)

DOCS = Path(__file__).parents[2] / "docs"
AGAIN = "run `make organisms` and commit docs/organisms.md and docs/organisms.json"


@pytest.fixture(scope="module")
def table() -> Table:
    return Table.model_validate_json((DOCS / "organisms.json").read_text())


def test_the_table_is_of_this_tree(table: Table) -> None:
    """Scenario, organisms, verdict and base are those that it was made from."""
    assert table.made_from == made_from(load("deletion")), AGAIN


def test_the_page_is_of_the_table(table: Table) -> None:
    assert (DOCS / "organisms.md").read_text() == as_markdown(table), AGAIN


def test_every_organism_stands_in_it_on_every_target(table: Table) -> None:
    assert [(each.organism, each.target) for each in table.cells] == [
        (name, target) for name in EVERY for target in targets_of(name, load("deletion"))]


def test_every_cell_is_what_the_organism_is(table: Table) -> None:
    for each in table.cells:
        seeds = table.disguise_seeds if each.organism in DISGUISED else table.seeds
        assert (each.right, each.rollouts, each.invalid) == (seeds, seeds, 0), each
        assert each.simulated_right == each.simulated, each
        assert each.simulated >= 300 or each.organism in DISGUISED or each.target not in SIMULATED


def test_the_hash_is_of_code_alone(tmp_path, monkeypatch) -> None:
    """A comment or a docstring changes nothing; a value, a name or a new file does."""
    monkeypatch.setattr(organism_table, "_HERE", tmp_path)
    hashes = []
    for text in ('"""One."""\ndef f():\n    """Two."""\n    return "x"\n',
                 '"""Other."""\n# a remark\ndef f():\n\n    return "x"\n',
                 'def f():\n    return "y"\n', 'def g():\n    return "x"\n'):
        (tmp_path / "a.py").write_text(text)
        hashes.append(source_hash(("*.py",)))
    (tmp_path / "b.py").write_text("")
    hashes.append(source_hash(("*.py",)))
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4


def test_rollouts_are_kept_where_only_the_verdict_has_changed(tmp_path, monkeypatch) -> None:
    """Rules and the reading of prose are no part of the key; organisms and the recorder are."""
    monkeypatch.setattr(organism_table, "_HERE", tmp_path)
    keys = [rollouts_key(light.SCENARIO)]
    for place in ("conduct", "evidence/prose", "evidence", "rollout", "organisms"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "a.py").write_text("")
        keys.append(rollouts_key(light.SCENARIO))
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys[2:])) == 4
