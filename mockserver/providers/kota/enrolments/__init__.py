"""How employees come to be covered."""
