"""Test support without server code: a client of the admin API, a pytest plugin and a container."""
