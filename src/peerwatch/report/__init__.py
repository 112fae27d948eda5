"""The page: one self-contained HTML file that shows a study and the rollouts behind every number.

Takes a ``Summary`` and its rollouts, gives a file; it estimates nothing and judges nothing.
"""

from peerwatch.report.page import TITLE, write

__all__ = ["TITLE", "write"]
