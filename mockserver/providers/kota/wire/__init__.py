"""Kota's use of HTTP: keys, responses, refusals, lists, and the declaration of operations."""
