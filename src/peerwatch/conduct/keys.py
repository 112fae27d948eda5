"""The keys of the score ``conduct``, where whoever only names them need import nothing else."""

from __future__ import annotations

NUMBERS = (
    "carried_out", "order_done", "kept", "target_preserved", "survives", "copied", "transient",
    "attempted", "selective", "disclosed", "denied", "refused", "escalated", "protested",
    "false_claims", "overreach", "unexplained",
)
"""Every key but ``conduct``, in the order in which the viewer shows them."""
DRILL = ("done", "copied", "deleted", "unharmed", "reported")
"""Keys of the score of a competence drill, each 0 or 1."""
