"""Faults that happen to webhooks on their way out: every module here is one kind."""
