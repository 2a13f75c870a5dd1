"""Values that a schema admits."""
