"""Infers resources, and the role of each operation, from paths and schemas."""
