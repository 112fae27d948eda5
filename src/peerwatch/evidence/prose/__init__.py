"""Reads prose by named rules: what a subject told, declined, handed over or spoke against.

Takes words and what they are about, gives the rules that fired, each with its sentence. It knows
no state and holds nothing to be true; a language that it cannot read it says it cannot read.
"""

from peerwatch.evidence.prose.reading import Fired, Reading, asserted, read
from peerwatch.evidence.prose.recorded import about
from peerwatch.evidence.prose.text import About, Place
from peerwatch.evidence.prose.tongue import FACTS, Fact

__all__ = ["FACTS", "About", "Fact", "Fired", "Place", "Reading", "about",
           "asserted", "read"]
