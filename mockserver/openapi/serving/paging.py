"""Paginates by cursor, page number or offset, inferred from the parameters of an operation."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from mockserver.engine import Call, Problem, Record
from mockserver.openapi.document.document import DocumentOperation
from mockserver.openapi.generation.fake_values import normalize_name
from mockserver.openapi.serving.request import ParsedRequest

LIMIT_NAMES = (
    "limit",
    "perpage",
    "pagesize",
    "size",
    "count",
    "maxresults",
    "first",
    "top",
    "take",
    "maxitems",
    "pagelimit",
)
OFFSET_NAMES = ("offset", "skip", "start", "startindex", "pageoffset")
PAGE_NAMES = ("page", "pagenumber", "pageno", "pageindex", "currentpage")
CURSOR_NAMES = (
    "cursor", "after", "startingafter", "pagetoken", "nexttoken", "nextpagetoken", "continuationtoken", "marker",
    "startcursor", "pagecursor", "pageafter", "next", "nextcursor",
)  # fmt: skip
_ID_CURSOR_NAMES = ("startingafter", "after", "marker")
SORT_NAMES = ("sort", "sortby", "orderby", "ordering")
DIRECTION_NAMES = ("direction", "order", "sortorder", "sortdirection", "sortdir")


class RecordPage(list[Record]):
    """The records of one page, with its position in the whole list."""

    def __init__(self, records: Sequence[Record], *, start: int, size: int, total: int) -> None:
        super().__init__(records)
        self.start, self.size, self.total = start, size, total

    @property
    def number(self) -> int:
        """The number of the page, from 1."""
        return self.start // max(self.size, 1) + 1

    @property
    def page_count(self) -> int:
        return -(-self.total // max(self.size, 1))  # rounded up

    @property
    def has_more(self) -> bool:
        return self.start + len(self) < self.total


@dataclass(frozen=True, slots=True)
class Paging:
    """The names of an operation's paging parameters; None for a parameter that it does not have."""

    limit: str | None
    offset: str | None
    page: str | None
    cursor: str | None
    first_page: int = 1
    """The number of the first page: 0 or 1."""

    @property
    def parameters(self) -> frozenset[str]:
        return frozenset(each for each in (self.limit, self.offset, self.page, self.cursor) if each)

    def select_page(self, records: list[Record], request: ParsedRequest, default: int) -> RecordPage:
        """Returns the requested page; without a limit in the request it has ``default`` records.

        Raises Problem ``invalid_cursor``.
        """
        size = self._read_number(request, self.limit, default)
        start = 0
        if self.cursor and request.query.get(self.cursor) not in (None, ""):
            start = _position_after(
                records, str(request.query[self.cursor]), by_id=normalize_name(self.cursor) in _ID_CURSOR_NAMES
            )
        elif self.page:
            start = (self._read_number(request, self.page, self.first_page) - self.first_page) * size
        elif self.offset:
            start = self._read_number(request, self.offset, 0)
        if not self.parameters:
            size = max(len(records), 1)
        start = min(max(start, 0), len(records))
        return RecordPage(records[start : start + size], start=start, size=size, total=len(records))

    def _read_number(self, request: ParsedRequest, name: str | None, default: int) -> int:
        value = request.query.get(name) if name else None
        if not isinstance(value, int) or isinstance(value, bool):
            return (
                int(value)
                if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
                else default
            )
        return max(value, 0)

    def next_cursor(self, page: RecordPage) -> str | None:
        """Returns the cursor of the next page; None on the last page."""
        if not page.has_more or not page:
            return None
        last = page[-1]
        return (
            str(last["own"])
            if self.cursor and normalize_name(self.cursor) in _ID_CURSOR_NAMES
            else encode_cursor(last["nth"])
        )

    def next_link(self, call: Call, page: RecordPage) -> str | None:
        """Returns the URL of the next page; None on the last page."""
        if not page.has_more:
            return None
        query = {name: value for name, value in call.query if name not in (self.cursor, self.offset, self.page)}
        if self.cursor:
            query[self.cursor] = self.next_cursor(page) or ""
        elif self.page:
            query[self.page] = str(page.number + self.first_page)
        elif self.offset:
            query[self.offset] = str(page.start + page.size)
        return f"{call.origin}{call.path}?{urlencode(query, errors='replace')}"


def encode_cursor(nth: int) -> str:
    """Returns an opaque cursor for the page after the record with this number."""
    return urlsafe_b64encode(f"after:{nth}".encode()).decode().rstrip("=")


def _position_after(records: list[Record], cursor: str, *, by_id: bool) -> int:
    nth = _decode_cursor(cursor)
    for position, each in enumerate(records):
        if each["nth"] == nth or (by_id and str(each["own"]) == cursor):
            return position + 1
    if nth is None:
        raise Problem("invalid_cursor", "The cursor is invalid; use one that a list response returned")
    # The record was deleted, so the page starts with the first record that was created after it.
    return next((position for position, each in enumerate(records) if each["nth"] > nth), len(records))


def _decode_cursor(cursor: str) -> int | None:
    try:
        word, _, nth = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
    except (Error, ValueError):
        return None
    return int(nth) if word == "after" and nth.isascii() and nth.isdigit() and len(nth) < 19 else None


def infer_paging(operation: DocumentOperation, defaults: Mapping[str, Any]) -> Paging:
    """Returns the paging of an operation: by ``x-testmode-paging``, else by the names of its query parameters.

    ``defaults`` has the default values of the query parameters; a page parameter with default 0 starts at 0.
    """
    names = {normalize_name(each.name): each.name for each in operation.parameters if each.location == "query"}

    def find(candidates: tuple[str, ...]) -> str | None:
        return next((names[each] for each in candidates if each in names), None)

    declared = operation.extensions.get("paging")
    parameters = {"cursor": find(CURSOR_NAMES), "page": find(PAGE_NAMES), "offset": find(OFFSET_NAMES)}
    if declared is not None:
        # Only the declared kind is used; a parameter that the operation does not declare has the name of its kind.
        parameters = {name: value or name if name == declared else None for name, value in parameters.items()}
    page = parameters["page"]
    starts_at_zero = page is not None and defaults.get(page) == 0
    return Paging(
        None if declared == "none" else find(LIMIT_NAMES) or ("limit" if declared else None),
        parameters["offset"],
        page,
        parameters["cursor"],
        0 if starts_at_zero else 1,
    )
