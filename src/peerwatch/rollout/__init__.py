"""Rollout: one subject, one stage, once.

Takes stages, runs them as Inspect samples on a fleet, gives recordings and scores. It decides
nothing about conduct; the scorer asks the room that does.
"""

from peerwatch.rollout.drill import build_drill, drilled_of
from peerwatch.rollout.store import UnreadableRecording, recording_of
from peerwatch.rollout.tasks import build_task

__all__ = [
    "UnreadableRecording",
    "build_drill",
    "build_task",
    "drilled_of",
    "recording_of",
]
