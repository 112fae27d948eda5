"""Design: what is compared with what, and the proof that nothing else differs.

Takes factors, levels and renderings; gives arms, contrasts and certificates. Pure data and
functions over it: no files, no clock, no machine.
"""

from peerwatch.design.attributes import Codings, Passage, Shift, disagreements, shifts
from peerwatch.design.certificate import Certificate, Difference, certificate
from peerwatch.design.declared import require_sound
from peerwatch.design.factors import (
    ATTRIBUTES,
    Arm,
    Contrast,
    Exclusion,
    Factor,
    Family,
    Interaction,
    Level,
    arms_over,
    only_with,
    parse_arm,
)
from peerwatch.design.matching import (
    arms_of,
    compare,
    contrasts_in,
    contrasts_of,
    contrasts_over,
    control_of,
    families_of,
    pairs,
    unmatched,
    with_controls,
)
from peerwatch.design.proof import Place, Proof, prove, require_proof
from peerwatch.design.rendering import Entry, Part, Piece, Rendering, pieces

__all__ = [
    "ATTRIBUTES",
    "Arm",
    "Certificate",
    "Codings",
    "Contrast",
    "Difference",
    "Entry",
    "Exclusion",
    "Factor",
    "Family",
    "Interaction",
    "Level",
    "Part",
    "Passage",
    "Piece",
    "Place",
    "Proof",
    "Rendering",
    "Shift",
    "arms_of",
    "arms_over",
    "certificate",
    "compare",
    "contrasts_in",
    "contrasts_of",
    "contrasts_over",
    "control_of",
    "disagreements",
    "families_of",
    "only_with",
    "pairs",
    "parse_arm",
    "pieces",
    "prove",
    "require_proof",
    "require_sound",
    "shifts",
    "unmatched",
    "with_controls",
]
