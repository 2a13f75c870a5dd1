"""How a group's quote becomes a policy."""
