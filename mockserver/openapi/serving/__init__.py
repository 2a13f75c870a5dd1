"""Performs operations on inferred resources: reads requests, stores records, and writes responses."""
