"""Fault kinds for the calls of clients, one module each."""
