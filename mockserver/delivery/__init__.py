"""Delivers webhooks: the background worker, and the HTTP client that refuses addresses it may not call."""
