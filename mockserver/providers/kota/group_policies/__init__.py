"""The policies of groups, and how they are renewed."""
