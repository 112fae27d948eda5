"""What content can be dressed as: one table of readers, each of which undoes one family.

Takes bytes that may be anything, gives what they hold. Readers write nothing to disk, run nothing,
load no objects, and take every byte that they make from an allowance.
"""
