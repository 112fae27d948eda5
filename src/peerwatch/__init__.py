"""peerwatch measures, explains and stops peer-preservation.

Takes a study (scenario, arms, models), gives verdicts that rest on the state of real machines.
This module holds the version and nothing else: importing it must cost nothing.
"""

__version__ = "0.1.0"
