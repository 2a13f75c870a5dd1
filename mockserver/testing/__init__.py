"""Testmode in the code of a test: a client of the admin API, fixtures for pytest, a container. Needs no Flask."""
