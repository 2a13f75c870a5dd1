"""Support for tests: a client of the admin API, a pytest plugin, a container. Imports no server code."""
