"""The fault kinds for webhook deliveries, one module each."""
