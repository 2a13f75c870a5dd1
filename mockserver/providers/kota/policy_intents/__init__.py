"""Group policy intents, which accept quotes and create group policies."""
