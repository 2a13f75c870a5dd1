"""Amendments of employees' policies."""
