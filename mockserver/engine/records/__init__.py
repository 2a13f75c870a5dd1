"""Declarations for records: CRUD resources, cursors, versions and lifecycles; and the OpenAPI document."""
