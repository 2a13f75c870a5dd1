"""Groups and their employees."""
