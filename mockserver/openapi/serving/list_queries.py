"""Filters and sorts lists, and fills the members and headers of a response that describe the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockserver.engine import Call, Record
from mockserver.openapi.document.schemas import Schema, Schemas
from mockserver.openapi.generation.fake_values import normalize_name
from mockserver.openapi.serving.paging import DIRECTION_NAMES, SORT_NAMES, Paging, RecordPage
from mockserver.openapi.serving.request import ParsedRequest


def read_filters(request: ParsedRequest, properties: Mapping[str, Schema], paging: Paging) -> dict[str, Any]:
    """Returns the wanted values of the properties that the query names, except paging and sort parameters."""
    by_name = {normalize_name(each): each for each in properties}
    filters = {}
    for name, value in request.query.items():
        candidates = (normalize_name(name), normalize_name(name).removesuffix("s"))
        property = next((by_name[each] for each in candidates if each in by_name), None)
        if (
            property is not None
            and name in request.sent_names
            and name not in paging.parameters
            and normalize_name(name) not in (*SORT_NAMES, *DIRECTION_NAMES)
        ):
            filters[property] = value
    return filters


def matches_filters(record: Record, wanted: Mapping[str, Any]) -> bool:
    """Returns whether every property of a record has its wanted value, or one of its wanted values."""
    return all(_matches_value(record["shown"].get(name), value) for name, value in wanted.items())


def _matches_value(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return not wanted or any(_matches_value(value, each) for each in wanted)
    if isinstance(value, list):
        return any(_matches_value(each, wanted) for each in value)
    if isinstance(value, Mapping):
        return wanted in (value.get("name"), value.get("id"))
    return bool(value == wanted) or (isinstance(wanted, str) and _text(value) == wanted)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def sort_records(records: list[Record], request: ParsedRequest, properties: Mapping[str, Schema]) -> list[Record]:
    """Returns the records sorted as the query demands; unsorted if it names no property to sort by."""
    sort = next((str(value) for name, value in request.query.items() if normalize_name(name) in SORT_NAMES), "")
    order = next((str(value) for name, value in request.query.items() if normalize_name(name) in DIRECTION_NAMES), "")
    field, _, suffix = sort.replace(":", " ").lstrip("-+").partition(" ")
    property = next((name for name in properties if normalize_name(name) == normalize_name(field)), None)
    if property is None:
        return records
    descending = sort.startswith("-") or "desc" in (suffix.lower(), order.lower()) or order.lower() == "descending"
    return sorted(records, key=lambda each: _sort_key(each["shown"].get(property)), reverse=descending)


def _sort_key(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool | int | float):
        return (0, value)
    return (2, "") if value is None else (1, str(value))


_PAGE_MEMBERS: dict[str, Callable[[RecordPage, str | None, str | None], Any]] = {
    "total": lambda page, _cursor, _link: page.total,
    "totalcount": lambda page, _cursor, _link: page.total,
    "totalitems": lambda page, _cursor, _link: page.total,
    "totalelements": lambda page, _cursor, _link: page.total,
    "totalresults": lambda page, _cursor, _link: page.total,
    "totalrecords": lambda page, _cursor, _link: page.total,
    "count": lambda page, _cursor, _link: page.total,
    "itemcount": lambda page, _cursor, _link: page.total,
    "numberofelements": lambda page, _cursor, _link: len(page),
    "size": lambda page, _cursor, _link: page.size,
    "limit": lambda page, _cursor, _link: page.size,
    "perpage": lambda page, _cursor, _link: page.size,
    "pagesize": lambda page, _cursor, _link: page.size,
    "offset": lambda page, _cursor, _link: page.start,
    "skip": lambda page, _cursor, _link: page.start,
    "page": lambda page, _cursor, _link: page.number,
    "currentpage": lambda page, _cursor, _link: page.number,
    "pagenumber": lambda page, _cursor, _link: page.number,
    "pages": lambda page, _cursor, _link: page.page_count,
    "totalpages": lambda page, _cursor, _link: page.page_count,
    "lastpage": lambda page, _cursor, _link: page.page_count,
    "hasmore": lambda page, _cursor, _link: page.has_more,
    "hasnext": lambda page, _cursor, _link: page.has_more,
    "hasnextpage": lambda page, _cursor, _link: page.has_more,
    "last": lambda page, _cursor, _link: not page.has_more,
    "first": lambda page, _cursor, _link: page.start == 0,
    "nextcursor": lambda _page, cursor, _link: cursor,
    "cursor": lambda _page, cursor, _link: cursor,
    "nexttoken": lambda _page, cursor, _link: cursor,
    "nextpagetoken": lambda _page, cursor, _link: cursor,
    "endcursor": lambda _page, cursor, _link: cursor,
    "after": lambda _page, cursor, _link: cursor,
    "next": lambda _page, _cursor, link: link,
    "nextpage": lambda _page, _cursor, link: link,
    "nextpageurl": lambda _page, _cursor, link: link,
    "nexturl": lambda _page, _cursor, link: link,
    "previous": lambda _page, _cursor, _link: None,
    "prev": lambda _page, _cursor, _link: None,
}
"""By normalized name of a member of a list response: computes its value from the page, next cursor and next link."""


class EnvelopeFiller:
    """Builds the envelopes of list responses."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def wrap_page(
        self, call: Call, schema: Schema, wrapper: str, page: RecordPage, paging: Paging, records: list[Any]
    ) -> dict[str, Any]:
        """Returns the envelope around ``records``, the rendered records of a page."""
        cursor, link = paging.next_cursor(page) if paging.cursor else None, paging.next_link(call, page)
        return {**self._fill(schema, wrapper, page, cursor, link, 0), wrapper: records}

    def _fill(
        self, schema: Schema, wrapper: str, page: RecordPage, cursor: str | None, link: str | None, depth: int
    ) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name, inner in self._schemas.properties(schema).items():
            if name == wrapper:
                continue
            kinds, compute = self._schemas.types_of(inner), _PAGE_MEMBERS.get(normalize_name(name))
            if "object" in kinds and depth < 2:
                nested = self._fill(inner, "", page, cursor, link, depth + 1)
                members.update({name: nested} if nested else {})
            elif compute is not None:
                value = compute(page, cursor, link)
                if value is not None and _has_type(value, kinds):
                    members[name] = value
                elif value is None and "null" in kinds:
                    members[name] = None
        return members


def _has_type(value: Any, kinds: tuple[str, ...]) -> bool:
    if not kinds:
        return True
    types = {bool: ("boolean",), int: ("integer", "number"), str: ("string",)}[type(value)]
    return any(each in kinds for each in types)


def page_headers(call: Call, names: Iterable[str], page: RecordPage, paging: Paging) -> list[tuple[str, str]]:
    """Returns the headers about a page (total count, link to the next page) among the declared ``names``."""
    link, headers = paging.next_link(call, page), []
    for name in names:
        if normalize_name(name) in ("xtotalcount", "totalcount", "xtotal"):
            headers.append((name, str(page.total)))
        elif normalize_name(name) == "link" and link:
            headers.append((name, f'<{link}>; rel="next"'))
    return headers
