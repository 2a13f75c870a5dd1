"""Checks objects against the schemas in Kota's documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.support.paths import load_contract

CONTRACT = load_contract("kota")
SCHEMAS: dict[str, dict[str, Any]] = CONTRACT["schemas"]
ENUMS: dict[str, list[str]] = CONTRACT["enums"]
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
}
_FORMAT_PATTERNS = {"date": r"\d{4}-\d\d-\d\d", "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"}
OVERRIDDEN_PATTERNS = {"DependentsManagementIntentEventResponse.parent_intent_id": r"(ei|pai)_[0-9a-f]{32}"}
"""Fields for which newer pages document an id with its prefix, where the OpenAPI file documents a UUID."""


def schema_errors(schema: str, object: dict[str, Any]) -> list[str]:
    """Returns every difference between an object and its schema."""
    fields = SCHEMAS[schema]
    errors = [f"{schema}.{name} is in no document" for name in set(object) - set(fields)]
    errors += [
        f"{schema}.{name} is missing" for name, field in fields.items() if field.get("required") and name not in object
    ]
    for name in set(object) & set(fields):
        errors += _value_errors(f"{schema}.{name}", fields[name], object[name])
    return errors


def _value_errors(where: str, field: dict[str, Any], value: Any) -> Iterator[str]:
    kind = field["type"]
    if value is None:
        yield from [] if field.get("nullable") else [f"{where} is null"]
    elif kind == "array":
        for each in value:
            yield from _value_errors(where, {"type": field["items"]}, each)
    elif kind in SCHEMAS:
        yield from schema_errors(kind, value)
    elif kind in ENUMS:
        yield from [] if value in ENUMS[kind] else [f"{where} is {value}"]
    elif not isinstance(value, _JSON_TYPES[kind]):
        yield f"{where} is {value!r}"
    elif not re.fullmatch(_pattern_of(where, field), str(value)):
        yield f"{where} has another form: {value}"


def _pattern_of(where: str, field: dict[str, Any]) -> str:
    if where in OVERRIDDEN_PATTERNS:
        return OVERRIDDEN_PATTERNS[where]
    if "pattern" in field:
        return str(field["pattern"]).replace(".+", "[0-9a-f]{32}")
    return _FORMAT_PATTERNS.get(field.get("format", ""), "(?s:.*)")
