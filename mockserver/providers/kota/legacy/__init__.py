"""The health insurance objects of the older API: quotes and policies of employers, offers and policies of employees."""
