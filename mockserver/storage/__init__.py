"""Persistence of sandboxes: the interface in ``base``, implemented on TinyDB and on Redis."""
