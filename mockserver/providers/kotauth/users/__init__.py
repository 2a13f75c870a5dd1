"""Users, their passwords, attributes and sessions."""
