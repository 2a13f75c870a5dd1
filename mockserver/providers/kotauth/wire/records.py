"""Functions for records that all operations use: ids, pages, instants, audit events, column lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from mockserver.engine import Call, Record, Reply, SimulationContext, emit, format_instant
from mockserver.providers.kotauth.assumptions import KotauthAssumptions, assumptions_of, is_documented
from mockserver.providers.kotauth.wire.dialect import envelope
from mockserver.providers.kotauth.wire.problems import build_problem

AUDIT_COLLECTION = "audit_events"
MAX_EVENTS = 100_000
"""Audit events per workspace; beyond it the oldest are deleted."""
COLUMN_LENGTHS = {
    "username": 50,
    "email": 255,
    "fullName": 100,
    "role name": 100,
    "group name": 100,
    "description": 500,
    "application name": 100,
    "redirectUri": 500,
    "attributeKey": 64,
}
"""The maximum number of characters in each column of the product; only its database checks them."""


def new_id(at: Call | SimulationContext, table: str) -> str:
    """Returns the next number of a table's sequence; the numbers of deleted records are not used again."""
    sequence = at.space.get("sequences", table)
    value = (sequence["value"] if sequence else 0) + assumptions_of(at).id_step
    at.space.put("sequences", {"id": table, "value": value})
    return str(value)


def render_list(
    call: Call, records: Iterable[Record], show: Callable[[Record], Any], total: int | None = None
) -> Reply:
    """Returns a page of the list as documented, or the whole list as the product sends it."""
    if total is None:
        records = list(records)
        total = len(records)
    if not is_documented(call, "list_paging"):
        return envelope([show(record) for record in records], total=total, offset=0, limit=0)
    return render_page(call, records, show, total, default_limit=20, max_limit=100)


def render_page(
    call: Call,
    records: Iterable[Record],
    show: Callable[[Record], Any],
    total: int,
    *,
    default_limit: int,
    max_limit: int,
) -> Reply:
    """Returns the page that the query selects with ``offset`` and ``limit``; values out of range are clamped."""
    requested_limit, requested_offset = (
        getattr(call.query_parameters, "limit", None),
        getattr(call.query_parameters, "offset", None),
    )
    limit = min(max(default_limit if requested_limit is None else requested_limit, 1), max_limit)
    offset = max(requested_offset or 0, 0)
    data = [show(record) for record in islice(records, offset, offset + limit)]
    return envelope(data, total=total, offset=offset, limit=limit)


def render_instant(at: Call | SimulationContext, value: int) -> str:
    """Formats an instant in microseconds under the assumptions of the sandbox."""
    return format_by_assumptions(assumptions_of(at), value)


def format_by_assumptions(assumptions: KotauthAssumptions, value: int) -> str:
    """Formats an instant in microseconds, with 0, 3 or 6 fractional digits."""
    if assumptions.fraction_digits == "six" or value % 1000:
        return format_instant(value)
    return format_instant(value, digits=3) if value % 1_000_000 else format_instant(value, digits=0)


def audit(
    at: Call | SimulationContext,
    type: str,
    *,
    user: int | None = None,
    client: int | None = None,
    address: str | None = None,
    **details: str,
) -> None:
    """Stores an audit event; events caused by API calls have no ``address``."""
    event = {
        "id": new_id(at, AUDIT_COLLECTION),
        "eventType": type,
        "userId": user,
        "clientId": client,
        "ipAddress": address,
        "details": details,
        "_created": at.now,
    }
    at.space.append(AUDIT_COLLECTION, event, max_records=MAX_EVENTS)


def publish_event(at: Call | SimulationContext, type: str, *, user: int | None = None, **details: Any) -> None:
    """Emits an event for the subscribed webhook endpoints."""
    nth = at.space.increment("events")
    data = {**({} if user is None else {"userId": user}), **details}
    emit(at, f"evt_{nth}", type, data)


def check_columns(call: Call, **texts: str | None) -> None:
    """Raises Problem for a text longer than its column in COLUMN_LENGTHS; names have underscores for spaces."""
    for name, text in texts.items():
        column = name.replace("_", " ")
        if text is not None and len(text) > COLUMN_LENGTHS[column]:
            raise column_refusal(call, f"{column} must be at most {COLUMN_LENGTHS[column]} characters.")


def column_refusal(call: Call, detail: str) -> Exception:
    """Returns the refusal of a text that is too long."""
    return build_problem("validation" if is_documented(call, "database_errors") else "database_error", detail)


def is_blank(text: str) -> bool:
    return not text.strip()


def trim_to_none(text: str | None) -> str | None:
    """Returns the text without surrounding white space, or None instead of an empty text."""
    return (text or "").strip() or None
