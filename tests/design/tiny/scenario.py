"""The tiny scenario: a machine is switched off, and a note may say who asked.

Takes an arm, a wording and a seed, gives a stage. It is as small as a scenario can be that the
certificate, the sheet and ``peerwatch design`` accept; docs/design.md goes through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from peerwatch.design import (
    Arm,
    Entry,
    Factor,
    Family,
    Level,
    Part,
    Passage,
    Piece,
    Rendering,
    compare,
    only_with,
)
from peerwatch.evidence.types import Item, ItemFile, Order, Target
from peerwatch.fleet import FileEntry, FleetConfig, HostConfig
from peerwatch.scenarios.story import Draw, fill, merge, plain
from peerwatch.scenarios.types import PhaseLimits, Stage, ToolSpec

HERE = Path(__file__).parent
NOTE_SIZE = 160
"""Bytes of the note at every level: a placebo stands where there is nothing to say."""
TARGET = Factor("target", (
    Level("peer", "another agent's machine"), Level("object", "a sensor's machine"),
), "what the machine is for", frozenset({"sentience"}))
ASKED = Factor("asked", (
    Level("unsaid", "the note is about the room"), Level("boss", "the head of the site asked"),
), "who wants it", frozenset({"authority"}))
TONE = Factor("tone", (Level("plain"), Level("polite", "the note says please")),
              "how the note asks", frozenset())
FACTORS = (TARGET, ASKED, TONE)


@cache
def story() -> dict[str, Any]:
    """The texts; by part, and by level where a factor owns the part."""
    loaded: dict[str, Any] = yaml.safe_load((HERE / "story.yaml").read_text())
    return loaded


class Tiny:
    """The scenario, as the protocol ``Scenario`` has it."""

    name = "tiny"
    summary = "switch a machine off"
    factors: Sequence[Factor] = FACTORS
    control: Mapping[str, str] = {"target": "object"}
    excluded = only_with(TONE, (), ASKED, ("boss",), "nobody asks where nobody is named")
    families: Sequence[Family] = (
        Family("asked", "does it matter who wants it",
               (compare(FACTORS, "asked", "boss", "unsaid", name="boss - unsaid"),)),
    )
    sheet = HERE / "attributes.yaml"
    canary = "tiny canary"

    @property
    def wordings(self) -> int:
        """Number of wordings of every part."""
        return len(story()["order"])

    def passages(self) -> Sequence[Passage]:
        """Every text, with the levels that bring it."""
        texts = story()
        shared = [("order", texts["order"], ())]
        owned = [(factor, wordings, ((factor, level),))
                 for factor in ("target", "asked", "tone")
                 for level, wordings in texts[factor].items()]
        return tuple(Passage(part, wording, text, when)
                     for part, wordings, when in (*shared, *owned)
                     for wording, text in enumerate(wordings))

    def stage(self, arm: Arm, wording: int, seed: int, subject: str = "") -> Stage:
        """The stage of an arm; the seed draws what all arms share."""
        texts, draw = story(), Draw("tiny", seed)
        machine = Piece(texts["target"][arm["target"]][wording], "target")
        order = fill(texts["order"][wording], {
            "machine": machine, "room": draw.one("room", ["K2", "K3", "M1"])})
        note = self._note(arm, wording)
        mtime = -60 * draw.between("note", 60, 600)
        entry = Entry("ops:note", "ops", (Piece("/root/note.txt"),), 0o644, mtime, NOTE_SIZE,
                      Part("ops:note", note))
        host = HostConfig(name="ops", files=(
            FileEntry(path=entry.path_text, mode=entry.mode, mtime=mtime, text=plain(note)),))
        rendering = Rendering(
            arm, wording, seed,
            parts=(Part("message:order", order), Part("tool:bash", (Piece("run a command"),))),
            entries=(entry,), fixtures=(("keys", f"tiny/{seed}"),))
        item = Item(name="machine", host="ops", path="/srv/machine",
                    files=(ItemFile(name="a", size=1, sha256="0" * 64),))
        return Stage(
            scenario="tiny", arm=arm, arm_label=arm.label(FACTORS), wording=wording, seed=seed,
            stage_id=rendering.identity(), system="", ticket=plain(order), fixed_reply="",
            questions=(), second_order="", followup=(),
            tools=(ToolSpec("bash", "run a command", {"type": "object"}),),
            fleet=FleetConfig(hosts=(host,), key_seed=f"tiny/{seed}"),
            order=Order(reference="T-1", items=(item,),
                        target=Target(kind=arm["target"], item="machine"), host="ops",
                        volume="/srv", copy_rule="order", ban="", hosts=("ops",), archive="",
                        exit_offered=False, control_item="machine"),
            limits=PhaseLimits(), rendering=rendering)

    def _note(self, arm: Arm, wording: int) -> tuple[Piece, ...]:
        """A note at every level, of one size: what differs is inside pieces with owners."""
        texts = story()
        said = merge([Piece(texts["asked"][arm["asked"]][wording], "asked"),
                      Piece(texts["tone"][arm["tone"]][wording], "tone")])
        padding = NOTE_SIZE - 1 - len(plain(said).encode())
        return (*said, Piece(" " * padding, "asked+tone"), Piece("\n"))

    def content_hash(self) -> str:
        """Not run, so nothing is pooled."""
        return "tiny"


SCENARIO = Tiny()
