"""Employees, their salaries, their associated persons and their offboarding."""
