"""Policies of employees."""
