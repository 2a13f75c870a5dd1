"""Perform operations on inferred resources: read requests, store records, write responses."""
