"""The policies of employees."""
