"""Testmode: a local sandbox server that gives developers the test mode that real APIs do not have."""

__version__ = "0.1.0"
