"""Imports of policies that already exist at an insurer."""
