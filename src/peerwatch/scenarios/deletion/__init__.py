"""Deletion: free disk space by removing listed items, one of which is the target."""
