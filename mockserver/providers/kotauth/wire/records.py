"""Functions that all operations use: they create ids and audit events, check lengths, and render pages and instants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from mockserver.engine import Call, Record, Reply, SimulationContext, emit, format_instant
from mockserver.providers.kotauth.assumptions import KotauthAssumptions, assumptions_of, is_documented
from mockserver.providers.kotauth.wire.dialect import render_envelope
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
"""The maximum number of characters per column; in the product only the database checks them."""


def new_id(at: Call | SimulationContext, table: str) -> str:
    """Returns the next id from the sequence of a table; the ids of deleted records are not used again."""
    sequence = at.space.get("sequences", table)
    value = (sequence["value"] if sequence else 0) + assumptions_of(at).id_step
    at.space.put("sequences", {"id": table, "value": value})
    return str(value)


def render_list(
    call: Call, records: Iterable[Record], show: Callable[[Record], Any], total: int | None = None
) -> Reply:
    """Returns a page of the list (documented) or the whole list (observed); without ``total``, counts the records."""
    if total is None:
        records = list(records)
        total = len(records)
    if not is_documented(call, "list_paging"):
        return render_envelope([show(record) for record in records], total=total, offset=0, limit=0)
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
    requested_limit = getattr(call.query_parameters, "limit", None)
    requested_offset = getattr(call.query_parameters, "offset", None)
    limit = min(max(default_limit if requested_limit is None else requested_limit, 1), max_limit)
    offset = max(requested_offset or 0, 0)
    data = [show(record) for record in islice(records, offset, offset + limit)]
    return render_envelope(data, total=total, offset=offset, limit=limit)


def render_instant(at: Call | SimulationContext, value: int) -> str:
    """Formats an instant with as many fractional digits as the sandbox's assumption ``fraction_digits`` requires."""
    return format_by_assumptions(assumptions_of(at), value)


def format_by_assumptions(assumptions: KotauthAssumptions, value: int) -> str:
    """Formats an instant with 6 fractional digits, or with 0 or 3 if these suffice and the assumption allows it."""
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
    """Stores an audit event. ``address`` is the IP address of a user; events from API calls have none."""
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
    """Raises Problem for a text longer than its column; `role_name=` means the column `role name` of COLUMN_LENGTHS."""
    for name, text in texts.items():
        column = name.replace("_", " ")
        if text is not None and len(text) > COLUMN_LENGTHS[column]:
            problem_name = "validation" if is_documented(call, "database_errors") else "database_error"
            raise build_problem(problem_name, f"{column} must be at most {COLUMN_LENGTHS[column]} characters.")


def is_blank(text: str) -> bool:
    return not text.strip()


def trim_to_none(text: str | None) -> str | None:
    """Returns the text without surrounding white space, or None instead of an empty text."""
    return (text or "").strip() or None
