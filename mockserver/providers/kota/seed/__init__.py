"""Generates the seed data of a new sandbox, and shifts its dates."""
