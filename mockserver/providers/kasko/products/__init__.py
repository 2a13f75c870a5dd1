"""The products: their rules and their prices."""
