"""Reads and checks an OpenAPI document: files, references, schemas, extensions."""
