"""Employers: the companies that use the platform."""
