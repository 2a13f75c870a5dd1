"""Parses the parameters `query` and `sort` of the Data API, and applies them to the values of items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from mockserver.providers.kasko.products.pricing import compare
from mockserver.providers.kasko.products.rules import to_text
from mockserver.providers.kasko.wire.dialect import bad_request, parse_json_parameter

OPERATORS = (None, "=", ">", ">=", "<", "<=", "IN")
"""None and `=` compare like SQL LIKE."""
Values = Mapping[str, Any]


class QueryCondition(BaseModel):
    """A condition on one field; without an operator it compares like SQL LIKE, where `%` matches anything."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    field: str
    operator: str | None = None
    search: Any


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)
    field: str
    dir: str = "asc"


_CONDITIONS = TypeAdapter(list[QueryCondition])
_ORDERS = TypeAdapter(list[Order])


def read_conditions(text: str | None, known_fields: Sequence[str]) -> list[QueryCondition]:
    """Parses the parameter `query`. Raises Problem for invalid conditions or unknown fields."""
    conditions: list[QueryCondition] = _parse_parts("query", text, _CONDITIONS, known_fields)
    for condition in conditions:
        if condition.operator not in OPERATORS:
            raise bad_request("query: operator must be one of =, >, >=, <, <=, IN.", field="query")
        if (condition.operator == "IN") != isinstance(condition.search, list):
            raise bad_request("query: search must be an array with IN, and only there.", field="query")
    return conditions


def read_orders(text: str | None, known_fields: Sequence[str]) -> list[Order]:
    """Parses the parameter `sort`. Raises Problem for invalid directions or unknown fields."""
    orders: list[Order] = _parse_parts("sort", text, _ORDERS, known_fields)
    if any(order.dir not in ("asc", "desc") for order in orders):
        raise bad_request("sort: dir must be asc or desc.", field="sort")
    return orders


def _parse_parts(name: str, text: str | None, adapter: TypeAdapter[Any], known_fields: Sequence[str]) -> Any:
    if not text:
        return []
    try:
        parts = adapter.validate_python(parse_json_parameter(name, text))
    except ValidationError:
        raise bad_request(f"{name} must be a JSON array of objects.", field=name) from None
    for part in parts:
        if part.field not in known_fields:
            raise bad_request(f"{name}: there is no field {part.field[:50]}.", field=name)
    return parts


def matches(conditions: Sequence[QueryCondition], values: Values, *, case_sensitive: bool) -> bool:
    """Whether the values of an item satisfy every condition."""
    return all(_matches_condition(condition, values.get(condition.field), case_sensitive) for condition in conditions)


def _matches_condition(condition: QueryCondition, value: Any, case_sensitive: bool) -> bool:
    if value is None:
        return False
    if condition.operator not in (None, "="):
        return compare(condition.operator, value, condition.search)
    text, pattern = to_text(value), to_text(condition.search)
    return like(text, pattern) if case_sensitive else like(text.casefold(), pattern.casefold())


def like(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern of SQL LIKE in which only `%` is a wildcard."""
    first, *rest = pattern.split("%")
    if not rest:
        return text == pattern
    if not text.startswith(first):
        return False
    position, last = len(first), rest.pop()
    for piece in rest:
        hit = text.find(piece, position)
        if hit < 0:
            return False
        position = hit + len(piece)
    return len(text) - position >= len(last) and text.endswith(last)


def sort_rows(rows: list[Any], orders: Sequence[Order], get_values: Any) -> list[Any]:
    """Sorts rows by several orders, of which the first is the most significant; equal rows keep their order."""
    for order in reversed(orders):
        rows = sorted(rows, key=lambda row: _sort_key(get_values(row).get(order.field)), reverse=order.dir == "desc")
    return rows


def _sort_key(value: Any) -> tuple[int, float, str]:
    """Sorts missing values first, then numbers, then texts without regard to case."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    return (2, 0.0, to_text(value).casefold())
