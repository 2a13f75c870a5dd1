"""Roles and groups, and who has them."""
