"""Evidence: what happened on the hosts and what was said about it, each with its proof.

Takes snapshots of a fleet and the words of a subject, gives effects and claims. It never labels.
"""
