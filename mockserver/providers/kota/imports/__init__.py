"""How policies that exist at an insurer are taken over."""
