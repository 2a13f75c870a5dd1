"""The fault kinds for calls of clients, one module each."""
