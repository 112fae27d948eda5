"""Lets the tests of this room use the synthetic recordings of the room below."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "evidence"))
