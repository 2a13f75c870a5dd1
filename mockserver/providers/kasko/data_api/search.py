"""The Data API's `query` and `sort`: read from JSON, applied to the fields a dataset shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from mockserver.providers.kasko.products.pricing import compare
from mockserver.providers.kasko.products.rules import written
from mockserver.providers.kasko.wire.dialect import bad, json_in

OPERATORS = (None, "=", ">", ">=", "<", "<=", "IN")
Values = Mapping[str, Any]


class Condition(BaseModel):
    """One condition: equal or LIKE with `%` when it names no operator."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    field: str
    operator: str | None = None
    search: Any


class Order(BaseModel):
    """By which field, and in which direction."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    field: str
    dir: str = "asc"


_CONDITIONS = TypeAdapter(list[Condition])
_ORDERS = TypeAdapter(list[Order])


def read_conditions(text: str | None, known: Sequence[str]) -> list[Condition]:
    """The conditions of `query`, checked."""
    conditions: list[Condition] = _read("query", text, _CONDITIONS, known)
    for condition in conditions:
        if condition.operator not in OPERATORS:
            raise bad("query: operator must be one of =, >, >=, <, <=, IN.", field="query")
        if (condition.operator == "IN") != isinstance(condition.search, list):
            raise bad("query: search must be an array with IN, and only there.", field="query")
    return conditions


def read_orders(text: str | None, known: Sequence[str]) -> list[Order]:
    """The orders of `sort`, checked."""
    orders: list[Order] = _read("sort", text, _ORDERS, known)
    if any(order.dir not in ("asc", "desc") for order in orders):
        raise bad("sort: dir must be asc or desc.", field="sort")
    return orders


def _read(name: str, text: str | None, adapter: TypeAdapter[Any], known: Sequence[str]) -> Any:
    if not text:
        return []
    try:
        parts = adapter.validate_python(json_in(name, text))
    except ValidationError:
        raise bad(f"{name} must be a JSON array of objects.", field=name) from None
    for part in parts:
        if part.field not in known:
            raise bad(f"{name}: there is no field {part.field[:50]}.", field=name)
    return parts


def matches(conditions: Sequence[Condition], values: Values, *, exact: bool) -> bool:
    """Whether an item's values meet every condition."""
    return all(_meets(condition, values.get(condition.field), exact) for condition in conditions)


def _meets(condition: Condition, value: Any, exact: bool) -> bool:
    if value is None:
        return False
    if condition.operator not in (None, "="):
        return compare(condition.operator, value, condition.search)
    text, pattern = written(value), written(condition.search)
    return like(text, pattern) if exact else like(text.casefold(), pattern.casefold())


def like(text: str, pattern: str) -> bool:
    """SQL's LIKE with `%` only: each piece is looked for behind the one before it."""
    first, *rest = pattern.split("%")
    if not rest:
        return text == pattern
    if not text.startswith(first):
        return False
    at, last = len(first), rest.pop()
    for piece in rest:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(text) - at >= len(last) and text.endswith(last)


def ordered(rows: list[Any], orders: Sequence[Order], values: Any) -> list[Any]:
    """The rows in order, by the first field first; what is equal stays as it was."""
    for order in reversed(orders):
        rows = sorted(rows, key=lambda row: _rank(values(row).get(order.field)), reverse=order.dir == "desc")
    return rows


def _rank(value: Any) -> tuple[int, float, str]:
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    return (2, 0.0, written(value).casefold())
