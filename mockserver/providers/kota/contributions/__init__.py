"""Contribution reports: the amounts that employers and employees pay per month."""
