"""What a schema says in the end: references followed, allOf put together, alternatives told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.openapi.document.linking import LinkedDocument
from mockserver.openapi.document.upgrade import to_openapi_31

Schema = Any
"""A schema as it stands in the document: an object, or true or false."""
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
_MAX_CACHED = 200_000
"""So many schemas are remembered: generated values make passing ones, which must not pile up."""
_MAX_DEPTH = 60
"""How many schemas may stand in one another's place before it is taken for a circle."""


class Schemas:
    """The schemas of one document."""

    def __init__(self, linked: LinkedDocument) -> None:
        self._linked = linked
        self._flattened: dict[int, tuple[Schema, dict[str, Any]]] = {}

    def resolve(self, schema: Schema) -> Schema:
        """What a schema refers to in the end."""
        return self._linked.resolve(schema)

    def flatten(self, schema: Schema) -> dict[str, Any]:
        """A schema as one level: no $ref, no allOf; its alternatives are under ``choices``, a list of lists."""
        known = self._flattened.get(id(schema))
        if known is None or known[0] is not schema:
            if len(self._flattened) >= _MAX_CACHED:
                self._flattened.clear()
            known = self._flattened[id(schema)] = (schema, self._merge_parts(schema, 0))
        return known[1]

    def _merge_parts(self, schema: Schema, turns: int) -> dict[str, Any]:
        if not isinstance(schema, dict) or turns > _MAX_DEPTH:
            return {}
        own = {name: value for name, value in schema.items() if name not in ("$ref", "allOf", "oneOf", "anyOf")}
        said = to_openapi_31(own)
        extra = {name: schema[name] for name in ("example", "discriminator") if name in schema}
        extra |= {name: value for name, value in schema.items() if name.startswith("x-testmode-")}
        alternatives = said.pop("anyOf", None)  # What modern makes of a nullable enum.
        if alternatives is not None:
            said = {**alternatives[0], "null": True}
        made = {**said, **extra}
        choices = [list(schema[name]) for name in ("oneOf", "anyOf") if name in schema]
        if choices:
            made["choices"] = choices
        for part in ([{"$ref": schema["$ref"]}] if "$ref" in schema else []) + list(schema.get("allOf", ())):
            is_reference = isinstance(part, dict) and part.keys() == {"$ref"}
            target = self.resolve(part) if is_reference else part
            if target is not schema:
                made = merge_levels(self._merge_parts(target, turns + 1), made)
        return made

    def properties(self, schema: Schema) -> dict[str, Schema]:
        """The properties a schema names, those of its first alternatives among them."""
        found: dict[str, Schema] = {}
        for level in self._levels(schema, 0):
            for name, inner in level.get("properties", {}).items():
                found.setdefault(name, inner)
        return found

    def _levels(self, schema: Schema, turns: int) -> Iterator[dict[str, Any]]:
        level = self.flatten(schema)
        yield level
        for choice in level.get("choices", ()) if turns < 5 else ():
            for alternative in choice:
                yield from self._levels(alternative, turns + 1)

    def types_of(self, schema: Schema) -> tuple[str, ...]:
        """The types a schema admits, as far as it says so."""
        return tuple(dict.fromkeys(kind for level in self._levels(schema, 0) for kind in level_types(level)))

    def is_read_only(self, schema: Schema) -> bool:
        """Whether clients may not write what the schema describes."""
        return self.flatten(schema).get("readOnly") is True

    def is_write_only(self, schema: Schema) -> bool:
        """Whether answers may not show it."""
        return self.flatten(schema).get("writeOnly") is True

    def is_same_record(self, one: Schema, other: Schema) -> bool:
        """Whether two schemas describe the same records: by reference, or by most of their properties."""
        if self.resolve(one) is self.resolve(other):
            return True
        first, second = self.properties(one).keys(), self.properties(other).keys()
        return (
            bool(first and second)
            and 2 * len(first & second) > min(len(first), len(second))
            and len(first & second) > 1
        )


def level_types(level: Mapping[str, Any]) -> tuple[str, ...]:
    """The types one level admits; guessed from its other words where it does not say."""
    said = level.get("type")
    if said is not None:
        return tuple(said) if isinstance(said, list) else (said,)
    if level.keys() & {"properties", "additionalProperties", "required", "minProperties"}:
        return ("object",)
    if level.keys() & {"items", "prefixItems", "minItems"}:
        return ("array",)
    if level.keys() & {"pattern", "minLength", "maxLength", "format"}:
        return ("string",)
    return ("number",) if level.keys() & {"minimum", "maximum", "multipleOf"} else ()


def merge_levels(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Two levels that both hold."""
    made = {**base, **more}
    for name in base.keys() & more.keys():
        one, other = base[name], more[name]
        if name == "properties":
            both = {each: {"allOf": [one[each], other[each]]} for each in one.keys() & other.keys()}
            made[name] = {**one, **other, **both}
        elif name == "required":
            made[name] = list(dict.fromkeys([*one, *other]))
        elif name == "choices":
            made[name] = [*one, *other]
        elif name in _STRICTER:
            made[name] = _STRICTER[name](one, other)
        elif name == "enum":
            made[name] = [each for each in one if each in other] or other
        elif name == "type":
            first, second = level_types({"type": one}), level_types({"type": other})
            narrow = [each for each in first if each in second or (each == "integer" and "number" in second)]
            made[name] = narrow or list(second)
    return made
