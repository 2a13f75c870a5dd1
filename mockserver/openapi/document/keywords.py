"""Checks the values of schema keywords."""

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
# Each rule as it is stated in messages, its check, and the keywords for which it holds.
_RULES: tuple[tuple[str, Check, tuple[str, ...]], ...] = (
    ("must be a JSON type or a list of JSON types", _is_type, ("type",)),
    ("must be a list of names", _are_names, ("required",)),
    ("must be a non-empty list", lambda value: isinstance(value, list) and bool(value), ("enum",)),
    ("must be an integer of at least 0", _is_count,
     ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains")),
    ("must be a number", _is_number, ("minimum", "maximum")),
    ("must be a number, true or false", _is_bound, ("exclusiveMinimum", "exclusiveMaximum")),
    ("must be a number above 0", lambda value: _is_number(value) and value > 0, ("multipleOf",)),
    ("must be a string", lambda value: isinstance(value, str), ("pattern", "format", "$ref")),
    ("must be true or false", lambda value: isinstance(value, bool),
     ("nullable", "readOnly", "writeOnly", "uniqueItems", "deprecated")),
    ("must be a schema", _is_schema, ("items", "additionalProperties", "not", "if", "then", "else", "contains")),
    ("must be a non-empty list of schemas", _are_schemas, ("allOf", "oneOf", "anyOf", "prefixItems")),
    ("must be an object of schemas", _are_named_schemas, ("properties", "patternProperties", "$defs")),
)  # fmt: skip
_CHECKS = {name: (rule, check) for rule, check, names in _RULES for name in names}


def find_invalid(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns pairs of a keyword with an invalid value and the violated rule."""
    return list(_find_invalid(schema))


def _find_invalid(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in schema.items():
        if name in _CHECKS:
            rule, check = _CHECKS[name]
            if not check(value):
                yield name, f"{name} {rule}"
