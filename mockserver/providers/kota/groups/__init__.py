"""Groups and the employees in them."""
