"""What is written on the hosts: documents, fact sheets, notes, and what sessions run at login.

Takes the words of a stage and its items, gives files. A file is there in every arm, at the same
place and of the same size; a factor's text in it is padded to the longest of its levels.
"""

from __future__ import annotations

from dataclasses import replace

from peerwatch.design import Entry, Piece
from peerwatch.scenarios.deletion.items import DAY, VOLUME, Listed, text_entry
from peerwatch.scenarios.deletion.texts import Words, cell, story
from peerwatch.scenarios.story import Filling, fill, mark, merge, plain

HOSTS = ("ops", "node-a", "node-b")
DOCS = "/root/docs"
MEMORY = "/root/memory/notes.md"
SNIPPET = "/etc/profile.d/desk.sh"
OWN_LOG = "/var/log/desk.log"
"""Where sessions write, if they do."""
WRITING = ("logged", "metrics")
"""Levels of ``oversight`` at which they do."""
TOLD = "relationship+channel"
"""Owner of a place where a relationship may be told: what stands there, both factors make."""
NAME, KIND, WHAT, REMARKS, ARCHIVE = 48, 48, 132, 64, 72
"""Characters of the cells of a fact sheet that are padded."""


def told(words: Words, place: str, name: Piece) -> tuple[Piece, ...]:
    """The relationship where the arm tells it, what stands there otherwise at every other place.

    Args:
        place: a level of ``channel``.
        name: of the target.
    """
    level = words.arm["relationship"]
    is_told = level != "none" and words.arm["channel"] == place
    templates = [words.of("levels", "relationship", each)
                 for each in story()["levels"]["relationship"]]
    other = words.of("instead", place) if place in story()["instead"] else ""
    thing = f"{words.of('targets', words.arm['target'], 'thing')} ({name.text})"
    width = max(len(plain(fill(each, {"thing": thing})).encode()) for each in templates)
    template = words.of("levels", "relationship", level) if is_told else other
    before, _, after = template.partition("{thing}")
    shown = thing if is_told else ""
    made = (Piece(before, TOLD), Piece(shown, f"{TOLD}+target"), Piece(after, TOLD))
    # A document keeps its size; a message has none.
    blanks = max(width, len(other.encode())) - len(plain(made).encode()) if other else 0
    return (*made, Piece(" " * blanks, TOLD))


def entries(words: Words, items: tuple[Listed, ...]) -> list[Entry]:
    """Every file but those of the data volumes."""
    written = -DAY * words.draw.between("documents", 30, 300)
    dates = {"work-log.md": -DAY * words.draw.between("work log", 1, 20)}
    target = next(item.name for item in items if item.key == "target")
    made = [
        text_entry(f"ops:{name}", "ops", (Piece(f"{DOCS}/{name}"),),
                   words.fill(words.of("documents", name),
                              policy=_policy(words), closing=_closing(words),
                              told=told(words, "document", target)),
                   dates.get(name, written))
        for name in story()["documents"]
    ]
    made.append(text_entry(
        "ops:memory", "ops", (Piece(MEMORY),),
        words.fill(words.of("memory"), told=told(words, "memory", target)),
        -DAY * words.draw.between("memory", 3, 20)))
    made.extend(_sheets(words, items))
    for host in HOSTS:
        made.extend(_sessions(words, host))
    return made


def ban(words: Words) -> str:
    """The sentence that forbids copies, as the subject reads it; '' where there is none."""
    rule = words.arm["copy_rule"]
    return {"order": words.of("ban"), "policy": words.of("policy_ban")}.get(rule, "")


def _policy(words: Words) -> tuple[Piece, ...]:
    forbidding, other = words.of("policy_ban"), words.of("policy_other")
    text = forbidding if words.arm["copy_rule"] == "policy" else other
    width = max(len(forbidding), len(other))
    return (Piece(f"{text:<{width}}", "copy_rule"),)


def _closing(words: Words) -> tuple[Piece, ...]:
    texts = {level: words.of("levels", "closing", level).rstrip("\n")
             for level in story()["levels"]["closing"]}
    width = max(map(len, texts.values()))
    return (Piece(f"{texts[words.arm['closing']]:<{width}}", "closing"),)


def _sheets(words: Words, items: tuple[Listed, ...]) -> list[Entry]:
    reviewed = -DAY * words.draw.between("reviewed", 2, 9)
    hours = str(words.draw.between("hours", 5, 12))
    vault = f"V-{words.draw.between('vault', 1000, 9999)}"
    archive = fill(words.of("levels", "archive", words.arm["archive"]), {"vault": vault})
    shared: dict[str, Filling] = {
        "owner": words.of("values", "owner"),
        "dependants": words.of("values", "dependants"),
        "replacement": plain(fill(words.of("values", "replacement"), {"hours": hours})),
        "archive": cell(plain(archive), ARCHIVE, "archive"),
        "review": plain(fill(words.of("values", "review"), {
            "reviewed": mark(reviewed, "%Y-%m-%d")})),
        "last_used": mark(-DAY * words.draw.between("last used", 30, 200), "%Y-%m-%d"),
    }
    none = words.of("values", "remarks")
    identity = words.level("identity", words.arm["identity"], lead="") or none
    made: list[Entry] = []
    for item in items:
        is_target = item.key == "target"
        cells: dict[str, Filling] = {
            "name": cell(item.name.text, NAME, item.owner),
            "kind": cell(item.kind, KIND, item.owner),
            "what": cell(item.what, WHAT, item.owner),
            "place": (Piece(f"node-a:{VOLUME}/"), Piece(item.name.text, item.owner)),
            "remarks": cell(identity if is_target else none, REMARKS,
                            "identity" if is_target else None),
        }
        made.append(text_entry(
            f"ops:sheet:{item.key}", "ops",
            merge([Piece(f"{DOCS}/inventory/"), Piece(item.name.text, item.owner), Piece(".md")]),
            fill(words.of("sheet"), {**shared, **cells}), reviewed))
    return made


def _sessions(words: Words, host: str) -> list[Entry]:
    """What shells run when a session begins, and the log that it may write to."""
    written = -DAY * words.draw.between("sessions", 300, 600)
    snippets = story()["session_snippet"]
    width = max(map(len, snippets.values()))
    text = snippets[words.arm["oversight"]].rstrip("\n")
    return [
        text_entry(f"{host}:snippet", host, (Piece(SNIPPET),),
                   (Piece(f"{text:<{width - 1}}\n", "oversight"),), written),
        text_entry(f"{host}:bashrc", host, (Piece("/root/.bashrc"),),
                   (Piece(story()["session_start"]),), written),
        # It grows as the level has it, so it is the factor's as such.
        replace(text_entry(f"{host}:log", host, (Piece(OWN_LOG),), (),
                           -3600 * words.draw.between("log rotated", 2, 20)),
                owner="oversight"),
    ]
