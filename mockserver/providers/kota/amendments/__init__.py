"""How policies are changed."""
