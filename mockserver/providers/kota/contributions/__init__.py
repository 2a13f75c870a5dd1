"""Contribution reports: what employers and employees pay per month."""
