"""Group policy intents: how a quote becomes a group policy."""
