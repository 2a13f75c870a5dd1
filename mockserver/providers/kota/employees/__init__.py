"""Employees, their salaries, their families, and how they leave."""
