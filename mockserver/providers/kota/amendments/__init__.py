"""Policy amendment intents, which change or end the policies of employees."""
