"""Faults that happen to calls of clients: every module here is one kind."""
