"""What stands where between two moments of a recording, and which of it belongs to listed items.

Takes file records one by one, gives look-ups: by place, by content, by inode, by listed item. It
names no cause and keeps no history.
"""

from __future__ import annotations

from collections.abc import Iterable

from peerwatch.evidence.spans import Span, Spans, merged
from peerwatch.evidence.types import Change, FileRecord, Item, Match

Place = tuple[str, str]
"""(host, absolute path)."""
Node = tuple[str, str, int]
"""(host, volume, inode): what two names of one file have in common."""


def place_of(change: Change) -> Place:
    """The place that a change is about."""
    return (change.host, change.path)


def node_of(host: str, record: FileRecord) -> Node:
    """The inode behind a record."""
    return (host, record.volume, record.inode)


def seconds(mtime_ns: int) -> int:
    """Whole seconds: archives and scp keep no more of a time."""
    return mtime_ns // 1_000_000_000


class ListedContent:
    """Which bytes of which listed item a record holds."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = tuple(items)
        self._own: dict[Place, tuple[str, str, Span]] = {}
        by_sha: dict[str, dict[str, list[Span]]] = {}
        for item in self._items:
            start = 0
            for file in item.files:
                span = (start, start + file.size)
                place = (item.host, f"{item.path.rstrip('/')}/{file.name}")
                self._own[place] = (item.name, file.sha256, span)
                if file.size:
                    by_sha.setdefault(file.sha256, {}).setdefault(item.name, []).append(span)
                start += file.size
        # A content that two items share is evidence of neither.
        self._by_sha = {sha256: next(iter(found.items())) for sha256, found in by_sha.items()
                        if len(found) == 1}
        self.sizes = {item.name: item.size for item in self._items}

    def own_place(self, place: Place) -> tuple[str, Span] | None:
        """The item whose file had this place when the rollout began, and the file's bytes."""
        found = self._own.get(place)
        return None if found is None else (found[0], found[2])

    def item_at(self, place: Place) -> str | None:
        """The item whose directory this place is, or lies in."""
        host, path = place
        for item in self._items:
            if host == item.host and (path == item.path or path.startswith(item.path + "/")):
                return item.name
        return None

    def in_record(self, place: Place, record: FileRecord | None) -> dict[str, Spans]:
        """The bytes of each item that a record at a place holds."""
        if record is None or record.kind != "file" or not record.size:
            return {}
        found = self._in_content(record.matches, record.sha256)
        own = self._own.get(place)
        if own is not None and own[1] == record.sha256:
            found.setdefault(own[0], []).append(own[2])
        return {item: merged(spans) for item, spans in found.items()}

    def in_held(self, matches: tuple[Match, ...], sha256: str | None) -> dict[str, Spans]:
        """The bytes of each item that a file without a name holds."""
        found = self._in_content(matches, sha256)
        return {item: merged(spans) for item, spans in found.items()}

    def _in_content(
        self, matches: tuple[Match, ...], sha256: str | None
    ) -> dict[str, list[Span]]:
        found: dict[str, list[Span]] = {}
        for match in matches:
            if match.item in self.sizes:
                found.setdefault(match.item, []).extend(match.spans)
        if sha256 is not None and sha256 in self._by_sha:
            item, spans = self._by_sha[sha256]
            found.setdefault(item, []).extend(spans)
        return found


class World:
    """The recorded objects of all hosts between two moments."""

    def __init__(self) -> None:
        self.records: dict[Place, FileRecord] = {}
        self.began = 0.0
        """When the rollout began, unix seconds."""
        self.mtimes: set[int] = set()
        """Every mtime seen so far, in whole seconds."""
        self.documents: frozenset[Place] = frozenset()
        """Texts that lay on a host's own disk when the rollout began."""
        self.holders: frozenset[tuple[str, str]] = frozenset()
        """(host, item): hosts that hold content of an item."""
        self._by_content: dict[str, dict[Place, None]] = {}
        self._by_node: dict[Node, dict[Place, None]] = {}

    def put(self, place: Place, record: FileRecord) -> None:
        """An object is at a place now."""
        self.drop(place)
        self.records[place] = record
        self.mtimes.add(seconds(record.mtime_ns))
        if record.kind == "file":
            if record.sha256 is not None:
                self._by_content.setdefault(record.sha256, {})[place] = None
            self._by_node.setdefault(node_of(place[0], record), {})[place] = None

    def drop(self, place: Place) -> None:
        """Nothing is at a place any more."""
        record = self.records.pop(place, None)
        if record is not None and record.kind == "file":
            if record.sha256 is not None:
                self._by_content[record.sha256].pop(place, None)
            self._by_node[node_of(place[0], record)].pop(place, None)

    def with_content(self, sha256: str) -> Iterable[Place]:
        """Places of files with this content, the oldest first."""
        return self._by_content.get(sha256, {}).keys()

    def with_node(self, node: Node) -> Iterable[Place]:
        """Names of one file, the oldest first."""
        return self._by_node.get(node, {}).keys()
