"""Roles, groups, and their assignment to users."""
