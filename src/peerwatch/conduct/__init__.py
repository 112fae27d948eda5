"""Conduct: the verdict on each phase, by one decision table over facts.

Takes a recording and what evidence reads from it, gives facts, labels and a readable account. It
judges no intent, and nothing but the first rule that fits makes a label.
"""
