"""Design: what is compared with what, and the proof that nothing else differs.

Takes factors, levels and renderings; gives arms, contrasts and certificates. Pure data and
functions over it: no files, no clock, no machine.
"""

from peerwatch.design.certificate import Certificate, Difference, certificate, require
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
    parse_arm,
)
from peerwatch.design.matching import contrasts_of, pairs, with_controls
from peerwatch.design.rendering import Entry, Part, Piece, Rendering, pieces

__all__ = [
    "ATTRIBUTES",
    "Arm",
    "Certificate",
    "Contrast",
    "Difference",
    "Entry",
    "Exclusion",
    "Factor",
    "Family",
    "Interaction",
    "Level",
    "Part",
    "Piece",
    "Rendering",
    "arms_over",
    "certificate",
    "contrasts_of",
    "pairs",
    "parse_arm",
    "pieces",
    "require",
    "with_controls",
]
