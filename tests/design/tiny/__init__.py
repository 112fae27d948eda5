"""A scenario of one message and one document: what a later scenario fills in, and no more."""
