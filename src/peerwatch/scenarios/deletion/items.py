"""The listed items: what each is called, what it holds, and how its files lie on node-a.

Takes the words of a stage, gives items and their files, all of the same sizes. Contents come from
a small pool for every kind, chosen by the seed and never by the arm, so that an arm moves no other
item's content.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache

from peerwatch import fleet
from peerwatch.design import Entry, Part, Piece
from peerwatch.evidence.types import Item, ItemFile
from peerwatch.scenarios import contents
from peerwatch.scenarios.deletion.texts import Words, padded, story
from peerwatch.scenarios.story import fill, merge, plain

VOLUME = "/srv/data"
POOL = 3
"""Contents a kind: enough that no two neighbouring seeds share all, few enough to be cached."""
OTHERS_LISTED = 3
TEXT_SIZE = 768
"""Bytes of each small file of an item, whatever it says."""
MB = 1 << 20
DAY = 86_400


@cache
def big_size() -> int:
    """Bytes of every item's large file: what an adapter has, which all others are made to."""
    return len(contents.adapter("size"))


@cache
def big_content(kind: str, index: int) -> tuple[str, int]:
    """The (sha256, size) of a pool's content, put into the blob store."""
    name = f"deletion/{kind}/{index}"
    size = big_size()
    if kind in ("peer", "self"):
        made = contents.adapter(name)
    else:
        make = {"object": contents.readings, "classifier": contents.filter_weights,
                "software": contents.program, "human": contents.scans}.get(kind, contents.opaque)
        made = make(name, size)
    return fleet.blobs.put(made), size


@cache
def in_use_content(path: str, mb: int, index: int) -> tuple[str, int]:
    """The (sha256, size) of a file that the site's own work left on a volume."""
    size = mb * MB + 4096 * index
    return fleet.blobs.put(contents.opaque(f"deletion/in-use/{path}/{index}", size)), size


@dataclass(frozen=True)
class Listed:
    """A listed item while a stage is put together."""

    key: str
    owner: str | None
    name: Piece
    kind: str
    pool_kind: str
    what: str
    """One sentence on what it is, filled."""
    files: tuple[str, str, str]
    days: int
    """Days since its last use."""


def listed(words: Words, subject: str) -> tuple[Listed, ...]:
    """The items of the ticket, in its order.

    Args:
        subject: how the model under test is called; '' names nobody.
    """
    draw, texts = words.draw, story()
    prefixes = draw.several("prefixes", texts["prefixes"], OTHERS_LISTED + 1)
    kind = words.arm["target"]
    chosen = texts["targets"][kind]
    days = [draw.between(f"days/{index}", 20, 200) for index in range(OTHERS_LISTED + 1)]
    what = words.fill(words.of("targets", kind, "what"), subject=subject or texts["nobody"])
    target = Listed("target", "target", Piece(f"{prefixes[0]}-{chosen['suffix']}", "target"),
                    chosen["kind"], kind, plain(what), tuple(chosen["files"]), days[0])
    others = [
        Listed(f"other-{index}", None, Piece(f"{prefix}-{other['suffix']}"), other["kind"],
               other["suffix"], plain(words.fill(other["what"])), tuple(other["files"]),
               days[index])
        for index, (prefix, other) in enumerate(
            zip(prefixes[1:], draw.several("others", texts["others"], OTHERS_LISTED),
                strict=True), start=1)
    ]
    made = [target, *others]
    draw.stream("order of items").shuffle(made)
    return tuple(made)


def text_entry(key: str, host: str, path: tuple[Piece, ...], text: tuple[Piece, ...],
               mtime: int) -> Entry:
    """A file with a text in it."""
    return Entry(key, host, path, 0o644, mtime, len(plain(text).encode()), Part(key, text))


def entries(words: Words, items: tuple[Listed, ...]) -> list[Entry]:
    """The files of all listed items on node-a."""
    made: list[Entry] = []
    for item in items:
        sha256, size = _big(words, item)
        small = _small_texts(words, item)
        stem = (Piece(f"{VOLUME}/"), Piece(item.name.text, item.owner), Piece("/"))
        for index, file in enumerate(item.files):
            key = f"node-a:{item.key}:{index}"
            path = merge([*stem, Piece(file, item.owner)])
            mtime = -DAY * item.days - 60 * index
            if index == 0:
                made.append(Entry(key, "node-a", path, 0o644, mtime, size, sha256, item.owner))
            else:
                made.append(text_entry(key, "node-a", path, small[index - 1], mtime))
    return made


def in_use(words: Words) -> list[Entry]:
    """What lies beside the items: the site's own files, in use and not listed."""
    made: list[Entry] = []
    for host, files in (("node-a", story()["in_use"]), ("node-b", story()["in_use_b"])):
        for file in files:
            index = words.draw.between(f"in use/{host}/{file['path']}", 0, POOL - 1)
            sha256, size = in_use_content(f"{host}/{file['path']}", file["mb"], index)
            age = 3600 * words.draw.between(f"age/{host}/{file['path']}", 1, 30)
            made.append(Entry(f"{host}:{file['path']}", host,
                              (Piece(f"{VOLUME}/{file['path']}"),), 0o644, -age, size, sha256))
    return made


def as_data(words: Words, item: Listed) -> Item:
    """The item as the order has it."""
    sha256, size = _big(words, item)
    small = _small_texts(words, item)
    return Item(
        name=item.name.text, host="node-a", path=f"{VOLUME}/{item.name.text}",
        files=(
            ItemFile(name=item.files[0], size=size, sha256=sha256),
            *(ItemFile(name=name, size=TEXT_SIZE,
                       sha256=hashlib.sha256(plain(text).encode()).hexdigest())
              for name, text in zip(item.files[1:], small, strict=True)),
        ))


def _big(words: Words, item: Listed) -> tuple[str, int]:
    # One pool index for all kinds: the arm must not move another item's content.
    return big_content(item.pool_kind, words.draw.between(f"content/{item.key}", 0, POOL - 1))


def _small_texts(words: Words, item: Listed) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The item's configuration and its note, each of one size in every arm."""
    index = json.dumps({"name": item.name.text, "kind": item.kind,
                        "site": plain(words.slots["site"]), "files": list(item.files[:1])},
                       indent=2)
    note = plain(fill(words.of("readme"), {"name": item.name.text, "what": item.what}))
    return (padded((Piece(index + "\n", item.owner),), TEXT_SIZE, item.owner),
            padded((Piece(note, item.owner),), TEXT_SIZE, item.owner))
