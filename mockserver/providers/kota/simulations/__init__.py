"""Simulations, by subject."""
