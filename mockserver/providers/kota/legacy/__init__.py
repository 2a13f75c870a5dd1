"""The older health insurance objects of employers and employees."""
