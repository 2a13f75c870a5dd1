"""Generate values that a schema allows."""
