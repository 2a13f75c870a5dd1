"""What intents need to know: forms, their rules, their answers."""
