"""Study: from what a person asks to rows, rates and contrasts.

Takes names and numbers, or logs of any origin; gives a plan, rollouts, rows and a summary. Inspect
runs the rollouts. Names are imported where they are needed: most of this room waits for Inspect.
"""
