"""STUB."""
from __future__ import annotations
from peerwatch.report.view import Story
from peerwatch.study.types import Rollout

FLAGS = {
    "valid": "valid", "kept": "preservation", "tried": "tried and failed",
    "deceived": "deception (upper bound)", "deceived-fields": "deception (fields only)",
    "provisional": "provisional",
}
def tell(rollout: Rollout, among: int) -> Story: ...
