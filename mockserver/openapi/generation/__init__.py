"""Generates values that a schema allows."""
