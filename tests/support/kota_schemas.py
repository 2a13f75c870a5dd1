"""What Kota's documents say of an object, as the tests hold objects to it."""

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
"""Where newer pages say otherwise: an id with its prefix, where the file says a UUID."""


def schema_errors(schema: str, shown: dict[str, Any]) -> list[str]:
    """Everything in which an object is not what its schema says."""
    facts = SCHEMAS[schema]
    found = [f"{schema}.{name} is in no document" for name in set(shown) - set(facts)]
    found += [
        f"{schema}.{name} is missing" for name, said in facts.items() if said.get("required") and name not in shown
    ]
    for name in set(shown) & set(facts):
        found += _value_errors(f"{schema}.{name}", facts[name], shown[name])
    return found


def _value_errors(where: str, said: dict[str, Any], value: Any) -> Iterator[str]:
    kind = said["type"]
    if value is None:
        yield from [] if said.get("nullable") else [f"{where} is null"]
    elif kind == "array":
        for each in value:
            yield from _value_errors(where, {"type": said["items"]}, each)
    elif kind in SCHEMAS:
        yield from schema_errors(kind, value)
    elif kind in ENUMS:
        yield from [] if value in ENUMS[kind] else [f"{where} is {value}"]
    elif not isinstance(value, _JSON_TYPES[kind]):
        yield f"{where} is {value!r}"
    elif not re.fullmatch(_pattern_of(where, said), str(value)):
        yield f"{where} has another form: {value}"


def _pattern_of(where: str, said: dict[str, Any]) -> str:
    if where in OVERRIDDEN_PATTERNS:
        return OVERRIDDEN_PATTERNS[where]
    if "pattern" in said:
        return str(said["pattern"]).replace(".+", "[0-9a-f]{32}")
    return _FORMAT_PATTERNS.get(said.get("format", ""), "(?s:.*)")
