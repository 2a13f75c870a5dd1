"""Testmode: a local sandbox server that gives developers the test mode real APIs do not."""

__version__ = "0.1.0"
