"""Group quote intents: what a plan would cost a group."""
