"""Kota's lists: pages by number, filters, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from mockserver.engine import Call, FieldError, Problem, Record, Reply, Space
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.values.fields import comma_separated_validator
from mockserver.providers.kota.values.kinds import INDEXES
from mockserver.providers.kota.wire.dialect import render_page

MAX_PAGE_SIZE = 100
"""The most items a page may have."""


class PageQuery(BaseModel):
    """The query that every list takes."""

    model_config = ConfigDict(extra="ignore", defer_build=True)
    page: int = 1
    page_size: int = 10


def comma_separated_filter(*known: str) -> AfterValidator:
    """Annotates a filter that takes several of these, separated by commas."""
    check = comma_separated_validator(*known)
    return AfterValidator(lambda value: None if value is None else check(value))


def filter_values(csv: str | None, otherwise: Iterable[str] = ()) -> frozenset[str] | None:
    """The values of a filter, or None where it lets everything through."""
    return frozenset(csv.split(",") if csv else otherwise) or None


def iter_records(space: Space, collection: str, *, oldest_first: bool = False, **wanted: Any) -> Iterator[Record]:
    """The records of a collection, newest first, whose fields are as wanted: a value, a set of values, or None."""
    filters = {name: value for name, value in wanted.items() if value is not None}
    indexed = next((name for name in INDEXES[collection] if isinstance(filters.get(name), str)), None)
    way: dict[str, Any] = {"field": indexed, "equals": filters[indexed]} if indexed else {}
    for _, record in space.scan(collection, descending=not oldest_first, **way):
        if all(_fits(record.get(name), value) for name, value in filters.items()):
            yield record


def _fits(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, frozenset) else value == wanted


def render_list(
    call: Call, records: Iterable[Record], shown: Callable[[Record], Record] = dict, total: int | None = None
) -> Reply:
    """The page that the query asks for; ``total`` spares counting what is known."""
    number, size = _requested_page(call)
    rest, start = iter(records), (number - 1) * size
    before = sum(1 for _ in islice(rest, start))
    items = list(islice(rest, size))
    if total is None:
        total = before + len(items) + sum(1 for _ in rest)
    return render_page(call, [shown(record) for record in items], number, size, total)


def _requested_page(call: Call) -> tuple[int, int]:
    query: Any = call.query_parameters
    number, size = query.page, query.page_size
    errors = []
    if number < 1:
        errors.append(FieldError("page", "must be 1 or more"))
    if not 1 <= size <= MAX_PAGE_SIZE:
        errors.append(FieldError("page_size", f"must be 1 to {MAX_PAGE_SIZE}"))
    if errors and assumptions_of(call).page_out_of_range == "refused":
        raise Problem("invalid_parameter", errors[0].message, fields=errors)
    return max(number, 1), min(max(size, 1), MAX_PAGE_SIZE)
