"""Resolves schemas: follows references, merges allOf, and lists the alternatives of oneOf and anyOf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.openapi.document.linking import LinkedDocument
from mockserver.openapi.document.upgrade import to_openapi_31

Schema = Any
"""A schema of the document: an object, true or false."""
_STRICTER = {
    "minimum": max,
    "exclusiveMinimum": max,
    "minLength": max,
    "minItems": max,
    "minProperties": max,
    "maximum": min,
    "exclusiveMaximum": min,
    "maxLength": min,
    "maxItems": min,
    "maxProperties": min,
}
"""The function that returns the stricter of two values of a keyword."""
_MAX_CACHED = 200_000
"""Maximum number of cached schemas. At this number the cache is cleared, because value generation creates temporary
schemas, which would accumulate."""
_MAX_DEPTH = 60
"""Maximum depth of references and allOf; a deeper schema is treated as a cycle."""


class Schemas:
    """The schemas of one document."""

    def __init__(self, linked: LinkedDocument) -> None:
        self._linked = linked
        self._flattened: dict[int, tuple[Schema, dict[str, Any]]] = {}

    def resolve(self, schema: Schema) -> Schema:
        """Follows the references of a schema."""
        return self._linked.resolve(schema)

    def flatten(self, schema: Schema) -> dict[str, Any]:
        """Merges ``$ref`` and ``allOf`` into one object; ``choices`` lists the alternatives of each oneOf or anyOf."""
        known = self._flattened.get(id(schema))
        # A temporary schema can have the id() of an earlier one, so the cache also keeps the schema itself.
        if known is None or known[0] is not schema:
            if len(self._flattened) >= _MAX_CACHED:
                self._flattened.clear()
            known = self._flattened[id(schema)] = (schema, self._merge_parts(schema, 0))
        return known[1]

    def _merge_parts(self, schema: Schema, depth: int) -> dict[str, Any]:
        if not isinstance(schema, dict) or depth > _MAX_DEPTH:
            return {}
        simple = {name: value for name, value in schema.items() if name not in ("$ref", "allOf", "oneOf", "anyOf")}
        keywords = to_openapi_31(simple)
        extra = {name: schema[name] for name in ("example", "discriminator") if name in schema}
        extra |= {name: value for name, value in schema.items() if name.startswith("x-testmode-")}
        # ``simple`` has no anyOf. If there is one now, to_openapi_31 added it for a nullable enum or const.
        alternatives = keywords.pop("anyOf", None)
        if alternatives is not None:
            keywords = {**alternatives[0], "null": True}
        merged = {**keywords, **extra}
        choices = [list(schema[name]) for name in ("oneOf", "anyOf") if name in schema]
        if choices:
            merged["choices"] = choices
        for part in ([{"$ref": schema["$ref"]}] if "$ref" in schema else []) + list(schema.get("allOf", ())):
            is_reference = isinstance(part, dict) and part.keys() == {"$ref"}
            target = self.resolve(part) if is_reference else part
            if target is not schema:
                merged = merge_levels(self._merge_parts(target, depth + 1), merged)
        return merged

    def properties(self, schema: Schema) -> dict[str, Schema]:
        """Returns the properties that a schema names, including those of its alternatives."""
        properties: dict[str, Schema] = {}
        for level in self._levels(schema, 0):
            for name, inner in level.get("properties", {}).items():
                properties.setdefault(name, inner)
        return properties

    def _levels(self, schema: Schema, depth: int) -> Iterator[dict[str, Any]]:
        level = self.flatten(schema)
        yield level
        for choice in level.get("choices", ()) if depth < 5 else ():
            for alternative in choice:
                yield from self._levels(alternative, depth + 1)

    def types_of(self, schema: Schema) -> tuple[str, ...]:
        """Returns the types that a schema and its alternatives allow; empty if unknown."""
        return tuple(dict.fromkeys(kind for level in self._levels(schema, 0) for kind in level_types(level)))

    def is_read_only(self, schema: Schema) -> bool:
        return self.flatten(schema).get("readOnly") is True

    def is_write_only(self, schema: Schema) -> bool:
        return self.flatten(schema).get("writeOnly") is True

    def is_same_record(self, one: Schema, other: Schema) -> bool:
        """Returns whether two schemas describe the same records.

        They do if they are the same schema, or if they have in common at least two properties and more than half of
        the properties of the smaller schema.
        """
        if self.resolve(one) is self.resolve(other):
            return True
        first, second = self.properties(one).keys(), self.properties(other).keys()
        return (
            bool(first and second)
            and 2 * len(first & second) > min(len(first), len(second))
            and len(first & second) > 1
        )


def level_types(level: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the types that a level (a flattened schema) allows; without ``type``, other keywords determine them."""
    declared = level.get("type")
    if declared is not None:
        return tuple(declared) if isinstance(declared, list) else (declared,)
    if level.keys() & {"properties", "additionalProperties", "required", "minProperties"}:
        return ("object",)
    if level.keys() & {"items", "prefixItems", "minItems"}:
        return ("array",)
    if level.keys() & {"pattern", "minLength", "maxLength", "format"}:
        return ("string",)
    return ("number",) if level.keys() & {"minimum", "maximum", "multipleOf"} else ()


def merge_levels(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Merges two levels; a value must meet both."""
    merged = {**base, **more}
    for name in base.keys() & more.keys():
        first, second = base[name], more[name]
        if name == "properties":
            both = {each: {"allOf": [first[each], second[each]]} for each in first.keys() & second.keys()}
            merged[name] = {**first, **second, **both}
        elif name == "required":
            merged[name] = list(dict.fromkeys([*first, *second]))
        elif name == "choices":
            merged[name] = [*first, *second]
        elif name in _STRICTER:
            merged[name] = _STRICTER[name](first, second)
        elif name == "enum":
            merged[name] = [each for each in first if each in second] or second
        elif name == "type":
            first, second = level_types({"type": first}), level_types({"type": second})
            common = [each for each in first if each in second or (each == "integer" and "number" in second)]
            merged[name] = common or list(second)
    return merged
