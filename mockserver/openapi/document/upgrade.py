"""Converts schemas from OpenAPI 3.0 to 3.1, so that all other modules read only 3.1."""

from __future__ import annotations

from typing import Any

SCHEMA_KEYWORDS = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
SCHEMA_LIST_KEYWORDS = ("allOf", "oneOf", "anyOf", "prefixItems")
SCHEMA_MAP_KEYWORDS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_EXCLUSIVE_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
_INTEGER_BITS = {"int32": 31, "int64": 63}
_DROPPED_KEYWORDS = ("nullable", "example", "xml", "externalDocs", "discriminator", "$schema", "$id", "id")
"""Keywords that are removed: validators ignore them, or (``id``, ``$id``) they would change how references resolve."""


def to_openapi_31(schema: dict[str, Any]) -> dict[str, Any]:
    """Converts one level of a schema; the schemas inside are not converted."""
    converted = {
        name: value for name, value in schema.items() if name not in _DROPPED_KEYWORDS and not name.startswith("x-")
    }
    for exclusive, bound in _EXCLUSIVE_BOUNDS:
        if isinstance(converted.get(exclusive), bool):
            is_exclusive = converted.pop(exclusive)
            if is_exclusive and bound in converted:
                converted[exclusive] = converted.pop(bound)
    # These types do not exist in OpenAPI 3, so the schema allows any type.
    if converted.get("type") in ("file", "any"):
        converted.pop("type")
    if converted.get("type") == "integer" and converted.get("format") in _INTEGER_BITS:
        width = 1 << _INTEGER_BITS[converted["format"]]
        converted.setdefault("minimum", -width)
        converted.setdefault("maximum", width - 1)
    return make_nullable(converted) if schema.get("nullable") is True else converted


def make_nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema extended to allow null."""
    kind = schema.get("type")
    # Without a type or one of these keywords the schema allows null already.
    if kind is None and not {"allOf", "oneOf", "anyOf", "$ref", "enum"} & schema.keys():
        return schema
    if kind is not None and not {"allOf", "oneOf", "anyOf", "$ref", "enum", "const"} & schema.keys():
        kinds = [kind] if isinstance(kind, str) else list(kind)
        return {**schema, "type": [*kinds, *(["null"] if "null" not in kinds else [])]}
    return {"anyOf": [schema, {"type": "null"}]}
