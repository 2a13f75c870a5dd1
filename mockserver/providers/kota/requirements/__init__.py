"""Requirements of intents: forms that clients answer, and the rules for the answers."""
