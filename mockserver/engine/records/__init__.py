"""Declares records: CRUD resources, cursors, versions and lifecycles. Generates the OpenAPI document."""
