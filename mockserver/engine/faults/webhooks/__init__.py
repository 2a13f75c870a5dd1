"""Fault kinds for webhook deliveries, one module each."""
