"""Pages of a list: which of three manners an operation's parameters speak of, and what an answer says of them."""

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
    """The records of one page, and where it lies."""

    def __init__(self, records: Sequence[Record], *, start: int, size: int, total: int) -> None:
        super().__init__(records)
        self.start, self.size, self.total = start, size, total

    @property
    def number(self) -> int:
        """Which page it is, from 1."""
        return self.start // max(self.size, 1) + 1

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // max(self.size, 1))

    @property
    def has_more(self) -> bool:
        """Whether another one follows."""
        return self.start + len(self) < self.total


@dataclass(frozen=True, slots=True)
class Paging:
    """How an operation's lists are paged: the parameters that say it, by what they mean."""

    limit: str | None
    offset: str | None
    page: str | None
    cursor: str | None
    first_page: int = 1

    @property
    def parameters(self) -> frozenset[str]:
        """The parameters that speak of pages and order and so are no filters."""
        return frozenset(each for each in (self.limit, self.offset, self.page, self.cursor) if each)

    def select_page(self, records: list[Record], asked: ParsedRequest, default: int) -> RecordPage:
        """The page that was asked for."""
        size = self._number(asked, self.limit, default)
        start = 0
        if self.cursor and asked.query.get(self.cursor) not in (None, ""):
            start = _position_after(
                records, str(asked.query[self.cursor]), by_id=normalize_name(self.cursor) in _ID_CURSOR_NAMES
            )
        elif self.page:
            start = (self._number(asked, self.page, self.first_page) - self.first_page) * size
        elif self.offset:
            start = self._number(asked, self.offset, 0)
        if not self.parameters:
            size = max(len(records), 1)
        start = min(max(start, 0), len(records))
        return RecordPage(records[start : start + size], start=start, size=size, total=len(records))

    def _number(self, asked: ParsedRequest, name: str | None, default: int) -> int:
        value = asked.query.get(name) if name else None
        if not isinstance(value, int) or isinstance(value, bool):
            return (
                int(value)
                if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
                else default
            )
        return max(value, 0)

    def next_cursor(self, page: RecordPage) -> str | None:
        """The cursor of the next page; None behind the last."""
        if not page.has_more or not page:
            return None
        last = page[-1]
        return (
            str(last["own"])
            if self.cursor and normalize_name(self.cursor) in _ID_CURSOR_NAMES
            else encode_cursor(last["nth"])
        )

    def next_link(self, call: Call, page: RecordPage) -> str | None:
        """The URL of the next page; None behind the last."""
        if not page.has_more:
            return None
        moved = {name: value for name, value in call.query if name not in (self.cursor, self.offset, self.page)}
        if self.cursor:
            moved[self.cursor] = self.next_cursor(page) or ""
        elif self.page:
            moved[self.page] = str(page.number + self.first_page)
        elif self.offset:
            moved[self.offset] = str(page.start + page.size)
        return f"{call.origin}{call.path}?{urlencode(moved, errors='replace')}"


def encode_cursor(nth: int) -> str:
    """An opaque cursor for what comes behind a record."""
    return urlsafe_b64encode(f"after:{nth}".encode()).decode().rstrip("=")


def _position_after(records: list[Record], cursor: str, *, by_id: bool) -> int:
    nth = _decode_cursor(cursor)
    for place, each in enumerate(records):
        if each["nth"] == nth or (by_id and str(each["own"]) == cursor):
            return place + 1
    if nth is None:
        raise Problem("invalid_cursor", "The cursor is not one of ours")
    # Its record is gone: what was made later follows.
    return next((place for place, each in enumerate(records) if each["nth"] > nth), len(records))


def _decode_cursor(cursor: str) -> int | None:
    try:
        word, _, nth = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
    except (Error, ValueError):
        return None
    return int(nth) if word == "after" and nth.isascii() and nth.isdigit() and len(nth) < 19 else None


def infer_paging(endpoint: DocumentOperation, defaults: Mapping[str, Any]) -> Paging:
    """How an operation is paged, by the names of its parameters, unless the document says it."""
    names = {normalize_name(each.name): each.name for each in endpoint.parameters if each.location == "query"}

    def called(words: tuple[str, ...]) -> str | None:
        return next((names[word] for word in words if word in names), None)

    said = endpoint.extensions.get("paging")
    manners = {"cursor": called(CURSOR_NAMES), "page": called(PAGE_NAMES), "offset": called(OFFSET_NAMES)}
    if said is not None:
        manners = {name: value or name if name == said else None for name, value in manners.items()}
    page = manners["page"]
    zero = page is not None and defaults.get(page) == 0
    return Paging(
        None if said == "none" else called(LIMIT_NAMES) or ("limit" if said else None),
        manners["offset"],
        page,
        manners["cursor"],
        0 if zero else 1,
    )
