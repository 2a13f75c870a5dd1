"""Insurance products, their rules and prices."""
