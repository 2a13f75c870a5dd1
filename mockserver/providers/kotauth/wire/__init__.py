"""Kotauth's use of HTTP: keys, paths, bodies, records, responses and refusals."""
