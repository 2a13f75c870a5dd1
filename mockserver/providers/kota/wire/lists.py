"""Reads and renders Kota's lists: filtered, newest first, in numbered pages."""

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
"""The largest documented ``page_size``."""


class PageQuery(BaseModel):
    """The query parameters of every list."""

    model_config = ConfigDict(extra="ignore", defer_build=True)
    page: int = 1
    page_size: int = 10


def comma_separated_filter(*known: str) -> AfterValidator:
    """Returns the validator of a filter whose value is one or more of ``known``, separated by commas."""
    check = comma_separated_validator(*known)
    return AfterValidator(lambda value: None if value is None else check(value))


def filter_values(csv: str | None, default: Iterable[str] = ()) -> frozenset[str] | None:
    """Returns the values of a filter, or ``default`` without a filter; None means that every record matches."""
    return frozenset(csv.split(",") if csv else default) or None


def iter_records(space: Space, collection: str, *, oldest_first: bool = False, **wanted: Any) -> Iterator[Record]:
    """Yields the records that match, newest first.

    ``wanted`` has for each field a value, a frozenset of possible values, or None for any value.
    """
    filters = {name: value for name, value in wanted.items() if value is not None}
    indexed = next((name for name in INDEXES[collection] if isinstance(filters.get(name), str)), None)
    index_query: dict[str, Any] = {"field": indexed, "equals": filters[indexed]} if indexed else {}
    for _, record in space.scan(collection, descending=not oldest_first, **index_query):
        if all(_fits(record.get(name), value) for name, value in filters.items()):
            yield record


def _fits(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, frozenset) else value == wanted


def render_list(
    call: Call, records: Iterable[Record], render: Callable[[Record], Record] = dict, total: int | None = None
) -> Reply:
    """Renders the requested page of a list; without ``total``, all records are counted."""
    number, size = _requested_page(call)
    rest, start = iter(records), (number - 1) * size
    before = sum(1 for _ in islice(rest, start))
    items = list(islice(rest, size))
    if total is None:
        total = before + len(items) + sum(1 for _ in rest)
    return render_page(call, [render(record) for record in items], number, size, total)


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
