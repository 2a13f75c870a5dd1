"""Events on their way to those who asked to be told: endpoints, deliveries, signatures, retries."""
