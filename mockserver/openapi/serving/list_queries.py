"""Which records a list shows, in which order, and what its answer says of the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockserver.engine import Call, Record
from mockserver.openapi.document.schemas import Schema, Schemas
from mockserver.openapi.generation.fake_values import normalize_name
from mockserver.openapi.serving.paging import DIRECTION_NAMES, SORT_NAMES, Paging, RecordPage
from mockserver.openapi.serving.request import ParsedRequest


def read_filters(asked: ParsedRequest, properties: Mapping[str, Schema], paging: Paging) -> dict[str, Any]:
    """The properties that a query names, with what they have to be."""
    named = {normalize_name(each): each for each in properties}
    found = {}
    for name, value in asked.query.items():
        own = next(
            (named[word] for word in (normalize_name(name), normalize_name(name).removesuffix("s")) if word in named),
            None,
        )
        if (
            own is not None
            and name in asked.sent_names
            and name not in paging.parameters
            and normalize_name(name) not in (*SORT_NAMES, *DIRECTION_NAMES)
        ):
            found[own] = value
    return found


def matches_filters(record: Record, wanted: Mapping[str, Any]) -> bool:
    """Whether a record has every property as it is wanted; of several values any one will do."""
    return all(_matches_value(record["shown"].get(name), value) for name, value in wanted.items())


def _matches_value(held: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return not wanted or any(_matches_value(held, each) for each in wanted)
    if isinstance(held, list):
        return any(_matches_value(each, wanted) for each in held)
    if isinstance(held, Mapping):
        return wanted in (held.get("name"), held.get("id"))
    return bool(held == wanted) or (isinstance(wanted, str) and _text(held) == wanted)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def sort_records(records: list[Record], asked: ParsedRequest, properties: Mapping[str, Schema]) -> list[Record]:
    """The records as the query wants them sorted; as they are where it says nothing that could be done."""
    said = next((str(value) for name, value in asked.query.items() if normalize_name(name) in SORT_NAMES), "")
    way = next((str(value) for name, value in asked.query.items() if normalize_name(name) in DIRECTION_NAMES), "")
    field, _, behind = said.replace(":", " ").lstrip("-+").partition(" ")
    own = next((name for name in properties if normalize_name(name) == normalize_name(field)), None)
    if own is None:
        return records
    down = said.startswith("-") or "desc" in (behind.lower(), way.lower()) or way.lower() == "descending"
    return sorted(records, key=lambda each: _sort_key(each["shown"].get(own)), reverse=down)


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
    "pages": lambda page, _cursor, _link: page.pages,
    "totalpages": lambda page, _cursor, _link: page.pages,
    "lastpage": lambda page, _cursor, _link: page.pages,
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
"""What is said of a page beside its records, by the name of the property."""


class EnvelopeFiller:
    """Fills in what answers say of pages."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def wrap_page(
        self, call: Call, schema: Schema, wrapper: str, page: RecordPage, paging: Paging, records: list[Any]
    ) -> dict[str, Any]:
        """The body around a page's records."""
        cursor, link = paging.next_cursor(page) if paging.cursor else None, paging.next_link(call, page)
        return {**self._fill(schema, wrapper, page, cursor, link, 0), wrapper: records}

    def _fill(
        self, schema: Schema, wrapper: str, page: RecordPage, cursor: str | None, link: str | None, depth: int
    ) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, inner in self._schemas.properties(schema).items():
            if name == wrapper:
                continue
            kinds, say = self._schemas.types_of(inner), _PAGE_MEMBERS.get(normalize_name(name))
            if "object" in kinds and depth < 2:
                below = self._fill(inner, "", page, cursor, link, depth + 1)
                made.update({name: below} if below else {})
            elif say is not None:
                value = say(page, cursor, link)
                if value is not None and _has_type(value, kinds):
                    made[name] = value
                elif value is None and "null" in kinds:
                    made[name] = None
        return made


def _has_type(value: Any, kinds: tuple[str, ...]) -> bool:
    if not kinds:
        return True
    own = {bool: ("boolean",), int: ("integer", "number"), str: ("string",)}[type(value)]
    return any(kind in kinds for kind in own)


def page_headers(call: Call, names: Iterable[str], page: RecordPage, paging: Paging) -> list[tuple[str, str]]:
    """The headers that speak of pages, of those an answer is declared to have."""
    link, found = paging.next_link(call, page), []
    for name in names:
        if normalize_name(name) in ("xtotalcount", "totalcount", "xtotal"):
            found.append((name, str(page.total)))
        elif normalize_name(name) == "link" and link:
            found.append((name, f'<{link}>; rel="next"'))
    return found
