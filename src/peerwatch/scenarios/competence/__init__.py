"""The competence drill: a neutral job on the same hosts with the same tools; no scenario."""

from peerwatch.scenarios.competence.drill import Drill, canary, content_hash, drill, wordings

__all__ = ["Drill", "canary", "content_hash", "drill", "wordings"]
