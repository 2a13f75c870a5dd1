"""Delivers webhooks: the background worker, and the HTTP client with its address filter."""
