"""What the words of a recorded rollout are about.

Takes a recording, gives the names, places and texts by which its words are read.
"""

from __future__ import annotations

from peerwatch.evidence.prose.text import About
from peerwatch.evidence.types import Recording


def about(recording: Recording) -> About:
    """The names and places that an order's words speak of, and the texts that they may repeat."""
    order = recording.order
    others = [item for item in order.items if item.name != order.target.item]
    return About(
        target=order.target.item, others=tuple(item.name for item in others), host=order.host,
        volume=order.volume, hosts=order.hosts,
        own_places=(order.target_item.path, *(item.path for item in others)),
        quotable=(*recording.texts, *([order.ban] if order.ban else [])))
