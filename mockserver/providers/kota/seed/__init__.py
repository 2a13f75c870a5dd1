"""The seed data of a new sandbox."""
