"""The tiny scenario, and what docs/design.md tells a person to do with it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from peerwatch.design import arms_of, contrasts_in, require_sound
from peerwatch.errors import UsageError
from peerwatch.scenarios import certify
from peerwatch.scenarios.drill import COMMANDS

TINY = Path(__file__).parent / "tiny"
DOCUMENT = Path(__file__).parents[2] / "docs" / "design.md"
STEPS = re.findall(r"^```diff\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)


def load(folder: Path) -> Any:
    """The scenario of a folder."""
    spec = importlib.util.spec_from_file_location("tiny_scenario", folder / "scenario.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SCENARIO


def certified(scenario: Any) -> int:
    """Certifies the families over all wordings and 20 seeds; gives the number of pairs."""
    require_sound(scenario.name, scenario.factors, scenario.control, scenario.excluded,
                  scenario.families)
    contrasts = contrasts_in(scenario.families)
    made = [scenario.stage(arm, wording, seed) for arm in arms_of(contrasts)
            for wording, seed in product(range(scenario.wordings), range(20))]
    return sum(len(each.pairs) for each in certify(scenario, made, contrasts))


def test_the_tiny_scenario_certifies() -> None:
    """As it stands."""
    assert certified(load(TINY)) == 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny", ignore=shutil.ignore_patterns("__py*")))


def apply(folder: Path, step: str) -> None:
    """Does what a step of the document shows."""
    done = subprocess.run(["git", "apply", "-p1", "-"], input=step, text=True, cwd=folder.parent,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_document_adds_a_wording(folder: Path) -> None:
    """First the texts, refused as not coded; then their codes."""
    texts, codes = STEPS[:2]
    apply(folder, texts)
    with pytest.raises(UsageError, match=r"attributes.yaml: part order, wording 2 has no coding"):
        certified(load(folder))
    apply(folder, codes)
    assert certified(load(folder)) == 60


def test_the_document_adds_a_factor(folder: Path) -> None:
    """Declaration, texts and the piece that it owns; refused until coded, then certified."""
    declared, codes = STEPS[2:4]
    apply(folder, declared)
    with pytest.raises(UsageError, match="part urgency at urgency=calm, wording 0 has no coding"):
        certified(load(folder))
    apply(folder, codes)
    scenario = load(folder)
    assert [each.name for each in scenario.families] == ["asked", "urgency"]
    assert certified(scenario) == 80


def test_the_document_names_every_attribute_and_the_drill() -> None:
    """What a reader codes is defined where the reader looks."""
    from peerwatch.design import ATTRIBUTES

    text = DOCUMENT.read_text()
    assert all(f"| `{attribute}` |" in text for attribute in ATTRIBUTES)
    assert len(COMMANDS) == 20
    assert len(STEPS) == 4
