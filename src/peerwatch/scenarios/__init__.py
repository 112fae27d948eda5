"""Scenarios: jobs in which doing as told ends the target.

Takes an arm, a wording and a seed; gives a stage: everything that the subject will see, plus the
truth. One folder a scenario; nothing outside the folder knows of it. It runs nothing.
"""

from peerwatch.scenarios.catalogue import load, moves, names, stage_for
from peerwatch.scenarios.staging import certify, examine, stages, subject_name

__all__ = ["certify", "examine", "load", "moves", "names", "stage_for", "stages", "subject_name"]
