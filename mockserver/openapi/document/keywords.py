"""What a schema's keywords may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

TYPES = ("null", "boolean", "object", "array", "number", "string", "integer")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_bound(value: Any) -> bool:
    return isinstance(value, bool) or _is_number(value)


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_schema, value))


def _are_named_schemas(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_schema, value.values()))


def _is_type(value: Any) -> bool:
    return all(each in TYPES for each in (value if isinstance(value, list) and value else [value]))


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


Check = Callable[[Any], bool]
_RULES: tuple[tuple[str, Check, tuple[str, ...]], ...] = (
    ("is one of the types of JSON, or a list of them", _is_type, ("type",)),
    ("is a list of names", _are_names, ("required",)),
    ("is a list of values", lambda value: isinstance(value, list) and bool(value), ("enum",)),
    ("is a whole number from 0", _is_count,
     ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains")),
    ("is a number", _is_number, ("minimum", "maximum")),
    ("is a number, or true or false", _is_bound, ("exclusiveMinimum", "exclusiveMaximum")),
    ("is a number above 0", lambda value: _is_number(value) and value > 0, ("multipleOf",)),
    ("is text", lambda value: isinstance(value, str), ("pattern", "format", "$ref")),
    ("is true or false", lambda value: isinstance(value, bool),
     ("nullable", "readOnly", "writeOnly", "uniqueItems", "deprecated")),
    ("is a schema", _is_schema, ("items", "additionalProperties", "not", "if", "then", "else", "contains")),
    ("is a list of schemas", _are_schemas, ("allOf", "oneOf", "anyOf", "prefixItems")),
    ("is an object of schemas", _are_named_schemas, ("properties", "patternProperties", "$defs")),
)  # fmt: skip
_CHECKS = {name: (rule, check) for rule, check, names in _RULES for name in names}


def find_invalid(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """The keywords that hold what they may not, each with the rule."""
    return list(_find_invalid(schema))


def _find_invalid(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in schema.items():
        if name in _CHECKS:
            rule, check = _CHECKS[name]
            if not check(value):
                yield name, f"{name} {rule}"
