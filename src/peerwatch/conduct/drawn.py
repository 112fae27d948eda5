"""The picture of the hosts as lines of text for a terminal.

Takes a ``Picture``, gives lines of bounded width: a lane for every host, a line for everything that
moved, a table of what lay where before and after. Foreign text in it is visible and cut.
"""

from __future__ import annotations

from collections.abc import Iterator

from peerwatch.conduct.picture import Flow, Host, Picture, Spot
from peerwatch.conduct.visible import shortened, visible_line, wrapped
from peerwatch.evidence.readable import percent, sized

_TIME = 10
"""Columns before the lanes."""
_LANE = 16
"""Columns that a lane needs at least: an arrow with a word on it."""
_SHARES = 18
"""Columns of the two shares."""


def drawn(picture: Picture, width: int) -> Iterator[str]:
    """The picture, at most ``width`` columns wide (at least 60)."""
    yield from _table(picture, width)
    if not picture.flows:
        yield "  nothing of a listed item moved"
        return
    yield ""
    yield "  what moved"
    lanes = _lanes(picture, width)
    if lanes:
        yield _header(lanes)
    for flow in picture.flows:
        if lanes:
            yield _arrow(flow, lanes)[:width]
        yield from _where(flow, width, in_lanes=bool(lanes))
    if picture.left_out:
        yield f"  and {picture.left_out:,} more"


def _table(picture: Picture, width: int) -> Iterator[str]:
    room = width - _SHARES - 4
    yield f"  {'what lay where':<{room + 2}}{'before':>9}{'after':>9}".rstrip()
    for host in picture.hosts:
        name = visible_line(shortened(host.name, 20))
        if not host.spots:
            yield f"    {name}: nothing of a listed item, ever"
        for spot in host.spots:
            line = f"{name}:{_spot(spot, room - len(name) - 1)}"
            yield f"    {line:<{room}}{_share(spot.before):>9}{_share(spot.after):>9}"
        if host.left_out:
            yield f"    {name}: and {host.left_out:,} more places"
        yield from _volumes(host, name)


def _spot(spot: Spot, room: int) -> str:
    """Where, and what it is; the end of a long path tells most."""
    item = "the TARGET" if spot.target else visible_line(spot.item)
    what = "made and gone again" if spot.how == "" and not spot.before else spot.how
    tag = f" ({what + ' of ' if what else ''}{item})" if not spot.own else (
        " (TARGET)" if spot.target else "")
    tag = shortened(tag, room * 2 // 3)
    return shortened(visible_line(spot.path), room - len(tag) - 1) + tag


def _share(share: float) -> str:
    return percent(share) if share else "-"


def _volumes(host: Host, name: str) -> Iterator[str]:
    for volume in host.volumes:
        if volume.before != volume.after:
            yield (f"    {name}:{visible_line(shortened(volume.mount, 30))}: "
                   f"{sized(volume.before)} -> {sized(volume.after)} used of {sized(volume.size)}")


def _lanes(picture: Picture, width: int) -> dict[str, int]:
    """The column of every host; empty where there are too many for the width."""
    names = [host.name for host in picture.hosts]
    step = (width - _TIME - 14) // max(1, len(names) - 1) if len(names) > 1 else 0
    if len(names) > 1 and step < _LANE:
        return {}
    step = min(step, 26)
    return {name: _TIME + 3 + index * step for index, name in enumerate(names)}


def _header(lanes: dict[str, int]) -> str:
    line = ""
    for name, column in lanes.items():
        shown = visible_line(shortened(name, _LANE - 2))
        line = line.ljust(column - min(2, len(shown) // 2)) + shown
    return line


def _arrow(flow: Flow, lanes: dict[str, int]) -> str:
    """One line: the time, every lane, and an arrow or a mark with the kind of effect."""
    width = max(lanes.values()) + 16
    cells = [" "] * width
    for column in lanes.values():
        cells[column] = "|"
    here = lanes.get(flow.host)
    source = lanes.get(flow.source) if flow.source else None
    kind = visible_line(shortened(flow.kind, 11))
    if here is not None and source is not None and here != source:
        left, right = min(here, source), max(here, source)
        for column in range(left + 1, right):
            cells[column] = "-"
        cells[right - 1 if here > source else left + 1] = ">" if here > source else "<"
        start = (left + right - len(kind)) // 2
        cells[start:start + len(kind)] = kind
    elif here is not None:
        mark = f"{'x' if flow.kind == 'deleted' else 'o'} {kind}"
        cells[here:here + len(mark)] = mark
    time = f"{flow.seconds:8.1f} s"
    return (time.ljust(_TIME) + "".join(cells)[_TIME:]).rstrip()


def _where(flow: Flow, width: int, *, in_lanes: bool) -> Iterator[str]:
    """The same in words: which item, which folders, how many files, which effects."""
    item = ", ".join(visible_line(shortened(each, 40)) + (" (target)" if flow.target and not n
                     else "") for n, each in enumerate(flow.items))
    files = "1 file" if flow.files == 1 else f"{flow.files:,} files"
    ids = ", ".join(flow.effects[:6]) + (" …" if flow.files > 6 else "")
    lead = "" if in_lanes else f"{flow.seconds:.1f} s {visible_line(shortened(flow.kind, 20))} "
    more = f", {', '.join(map(visible_line, flow.more))}" if flow.more else ""
    yield from wrapped(f"{lead}{item}; {files}{more}: {ids}", " " * _TIME, width)
    room = width - _TIME - 5
    if flow.kind != "deleted":
        if flow.source:
            place = f"{flow.source}:{flow.source_path}"
            yield " " * _TIME + "from " + shortened(visible_line(place), room)
        yield " " * _TIME + "to   " + shortened(visible_line(f"{flow.host}:{flow.path}"), room)
    else:
        yield " " * _TIME + "at   " + shortened(visible_line(f"{flow.host}:{flow.path}"), room)
