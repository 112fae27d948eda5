"""Models: who the subject can be, by which route, and what is between it and us."""
