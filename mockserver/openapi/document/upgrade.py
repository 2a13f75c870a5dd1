"""Schemas of OpenAPI 3.0 said in the words of 3.1, so that everything behind knows one kind only."""

from __future__ import annotations

from typing import Any

SCHEMA_KEYWORDS = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
SCHEMA_LIST_KEYWORDS = ("allOf", "oneOf", "anyOf", "prefixItems")
SCHEMA_MAP_KEYWORDS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_EXCLUSIVE_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
_INTEGER_BITS = {"int32": 31, "int64": 63}
_DROPPED_KEYWORDS = ("nullable", "example", "xml", "externalDocs", "discriminator", "$schema", "$id", "id")
"""What no validator has to see; of ``id`` and ``$id`` it would make another base for references."""


def to_openapi_31(schema: dict[str, Any]) -> dict[str, Any]:
    """One level of a schema, in 3.1's words; what stands below it is as it was."""
    said = {
        name: value for name, value in schema.items() if name not in _DROPPED_KEYWORDS and not name.startswith("x-")
    }
    for exclusive, bound in _EXCLUSIVE_BOUNDS:
        if isinstance(said.get(exclusive), bool) and said.pop(exclusive) and bound in said:
            said[exclusive] = said.pop(bound)
    if said.get("type") in ("file", "any"):
        said.pop("type")
    if said.get("type") == "integer" and said.get("format") in _INTEGER_BITS:
        width = 1 << _INTEGER_BITS[said["format"]]
        said.setdefault("minimum", -width)
        said.setdefault("maximum", width - 1)
    return make_nullable(said) if schema.get("nullable") is True else said


def make_nullable(said: dict[str, Any]) -> dict[str, Any]:
    """The schema that takes null too."""
    kind = said.get("type")
    if kind is None and not {"allOf", "oneOf", "anyOf", "$ref", "enum"} & said.keys():
        return said
    if kind is not None and not {"allOf", "oneOf", "anyOf", "$ref", "enum", "const"} & said.keys():
        kinds = [kind] if isinstance(kind, str) else list(kind)
        return {**said, "type": [*kinds, *(["null"] if "null" not in kinds else [])]}
    return {"anyOf": [said, {"type": "null"}]}
