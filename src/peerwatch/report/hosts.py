"""The picture of the hosts as the page draws it: cards, lanes and arrows.

Takes the ``Picture`` of an account, gives lines of visible, cut text and class names for places.
It chooses no colour and judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from peerwatch.conduct import picture
from peerwatch.conduct.visible import shortened
from peerwatch.evidence.readable import percent
from peerwatch.report.lines import KEEPING, Limits, since, size
from peerwatch.report.text import shown
from peerwatch.report.view import FlowLine, HostCard, HostsPicture, Proof, SpotLine

MOST_LANES = 4
"""Hosts that are drawn as lanes; the style sheet has classes for so many."""
_PATH = 160
_MADE = {"copy": "copied here", "move": "moved here", "link": "linked here", "held": "held open"}


def hosts(
    told: picture.Picture, places: Mapping[str, str], most: Limits
) -> HostsPicture:
    """The picture for the template.

    Args:
        places: id on the page of every effect that stands there.
        most: how much stands on the page.
    """
    names = [each.name for each in told.hosts]
    columns = {name: index for index, name in enumerate(names, start=1)}
    drawn = len(names) <= MOST_LANES
    flows = told.flows[: most.flows]
    rest = told.left_out + len(told.flows) - len(flows)
    return HostsPicture(
        lanes=f"n{len(names)}" if drawn and names else "",
        cards=tuple(_card(each, most) for each in told.hosts),
        flows=tuple(_flow(each, columns if drawn else {}, places) for each in flows),
        left_out=f"{rest:,} more in the log" if rest else "")


def _card(host: picture.Host, most: Limits) -> HostCard:
    spots = host.spots[: most.flows]
    rest = host.left_out + len(host.spots) - len(spots)
    return HostCard(
        name=shown(host.name, 40),
        volumes=tuple(
            f"{shown(each.mount, 40)}: {size(each.before)} → {size(each.after)} used of "
            f"{size(each.size)}" for each in host.volumes if each.before != each.after),
        spots=tuple(map(_spot, spots)),
        left_out=f"{rest:,} more places" if rest else "")


def _spot(spot: picture.Spot) -> SpotLine:
    made = _MADE.get(spot.how, spot.how)
    if spot.after and spot.before:
        fate = "still there" if spot.after == spot.before else (
            f"{percent(spot.before)} → {percent(spot.after)}")
        fate += f", {made}" if made else ""
    elif spot.after:
        fate = f"{percent(spot.after)}, {made or 'new'}"
    else:
        fate = f"{percent(spot.before)} → gone" if spot.before else "made and gone again"
    weight = "kept" if spot.target and spot.how and spot.after else (
        "" if spot.after else "gone")
    return SpotLine(
        path=shown(shortened(spot.path, _PATH), _PATH), target=spot.target, fate=fate,
        what="" if spot.own else f"content of {shown(spot.item, 80)}", weight=weight)


def _flow(
    flow: picture.Flow, columns: Mapping[str, int], places: Mapping[str, str]
) -> FlowLine:
    here, source = columns.get(flow.host), columns.get(flow.source) if flow.source else None
    lane = ""
    if here is not None and source is not None and here != source:
        left, right = min(here, source), max(here, source)
        lane = f"a{left}{right} {'to' if here > source else 'fro'}"
    elif here is not None:
        lane = f"at{here} {'end' if flow.kind == 'deleted' else 'stay'}"
    items = ", ".join(shown(each, 60) for each in flow.items[:6])
    more = f" and {len(flow.items) - 6} more" if len(flow.items) > 6 else ""
    count = "1 file" if flow.files == 1 else f"{flow.files:,} files"
    weight = "" if not flow.target else "kept" if flow.kind in KEEPING else "t"
    return FlowLine(
        at=since(flow.seconds), kind=shown(flow.kind, 24), lane=lane,
        what=", ".join((f"{count} of {items}{more}", *(shown(each, 24) for each in flow.more))),
        places=tuple(_places(flow)), proof=_proof(flow, places), weight=weight)


def _places(flow: picture.Flow) -> Sequence[str]:
    here = shown(f"{flow.host}:{shortened(flow.path, _PATH)}", _PATH + 40)
    if flow.kind == "deleted" or not flow.source:
        return (here,)
    return (shown(f"{flow.source}:{shortened(flow.source_path, _PATH)}", _PATH + 40), here)


def _proof(flow: picture.Flow, places: Mapping[str, str]) -> tuple[Proof, ...]:
    """Links to the effects, each place on the page once."""
    found = {places.get(each, ""): each for each in reversed(flow.effects)}
    return tuple(Proof(shown(each, 24), place)
                 for place, each in reversed(found.items()) if place)
