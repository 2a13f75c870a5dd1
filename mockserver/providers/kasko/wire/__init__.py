"""KASKO's use of HTTP: keys, media types, bodies, responses and refusals."""
