"""Requirements of intents: forms, their rules and their answers."""
