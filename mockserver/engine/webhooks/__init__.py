"""Webhooks: events, endpoints, deliveries with their retries, and signatures."""
