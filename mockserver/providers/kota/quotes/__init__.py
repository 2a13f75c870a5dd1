"""Group quote intents, which request the price of a plan for a group."""
