"""Schemas of OpenAPI 3.0 said in the words of 3.1, so that everything behind knows one kind only."""

from __future__ import annotations

from typing import Any

SCHEMAS = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
LISTS = ("allOf", "oneOf", "anyOf", "prefixItems")
MAPS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
_WIDTHS = {"int32": 31, "int64": 63}
_DROPPED = ("nullable", "example", "xml", "externalDocs", "discriminator", "$schema", "$id", "id")
"""What no validator has to see; of ``id`` and ``$id`` it would make another base for references."""


def modern(schema: dict[str, Any]) -> dict[str, Any]:
    """One level of a schema, in 3.1's words; what stands below it is as it was."""
    said = {name: value for name, value in schema.items() if name not in _DROPPED and not name.startswith("x-")}
    for exclusive, bound in _BOUNDS:
        if isinstance(said.get(exclusive), bool) and said.pop(exclusive) and bound in said:
            said[exclusive] = said.pop(bound)
    if said.get("type") in ("file", "any"):
        said.pop("type")
    if said.get("type") == "integer" and said.get("format") in _WIDTHS:
        width = 1 << _WIDTHS[said["format"]]
        said.setdefault("minimum", -width)
        said.setdefault("maximum", width - 1)
    return nullable(said) if schema.get("nullable") is True else said


def nullable(said: dict[str, Any]) -> dict[str, Any]:
    """The schema that takes null too."""
    kind = said.get("type")
    if kind is None and not {"allOf", "oneOf", "anyOf", "$ref", "enum"} & said.keys():
        return said
    if kind is not None and not {"allOf", "oneOf", "anyOf", "$ref", "enum", "const"} & said.keys():
        kinds = [kind] if isinstance(kind, str) else list(kind)
        return {**said, "type": [*kinds, *(["null"] if "null" not in kinds else [])]}
    return {"anyOf": [said, {"type": "null"}]}
