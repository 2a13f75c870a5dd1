"""Creates ids, computes days, finds records, refuses fields, and renders single records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from mockserver.engine import (
    HEX,
    SECOND,
    Call,
    FieldError,
    Problem,
    Record,
    Reply,
    SandboxView,
    WriteContext,
    format_instant,
    parse_instant,
)
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.values.kinds import KINDS

DAY = 86_400 * SECOND


def new_id(at: WriteContext, prefix: str) -> str:
    """Returns a new id: the prefix and 32 hexadecimal digits."""
    return f"{prefix}_{at.sandbox.randomness.text(f'id:{prefix}', at.space.increment(prefix), 32, HEX)}"


def platform_id_of(sandbox: SandboxView) -> str:
    """Returns the id of the platform that the sandbox simulates."""
    return f"pt_{sandbox.randomness.text('id:pt', 1, 32, HEX)}"


def platform_id(at: WriteContext) -> str:
    return platform_id_of(at.sandbox)


def today(at: WriteContext) -> str:
    """Returns the day of the sandbox's clock in UTC, for example ``2026-10-01``."""
    return format_instant(at.now)[:10]


def format_date_time(at: WriteContext, instant: int) -> str:
    """Formats an instant as Kota writes date and time."""
    return format_instant(instant, assumptions_of(at).fraction_digits)


def start_of_day(day: str) -> int:
    """Returns the first instant of a day in UTC."""
    return parse_instant(f"{day[:10]}T00:00:00Z")


def end_of_day(day: str) -> int:
    """Returns the instant at which the last second of a day begins: the end of an inclusive deadline."""
    return start_of_day(day) + DAY - SECOND


def add_days(day: str, days: int) -> str:
    """Returns the day that is ``days`` later, or earlier if negative."""
    return (date.fromisoformat(day[:10]) + timedelta(days=days)).isoformat()


def find_record(at: WriteContext, kind: str, id: str | None) -> Record | None:
    return at.space.get(KINDS[kind].collection, id) if id else None


def get_or_404(call: Call, kind: str, parameter: str) -> Record:
    """Returns the record whose id is in the path; refuses an unknown id with 404.

    The assumption ``malformed_id`` determines the status for an id without the right prefix.
    """
    id = call.args[parameter]
    if not id.startswith(f"{KINDS[kind].prefix}_") and assumptions_of(call).malformed_id == "400":
        raise Problem(
            "invalid_parameter", "", fields=[FieldError(parameter, f"not the id of a {KINDS[kind].display_name}")]
        )
    record = find_record(call, kind, id)
    if record is None:
        raise Problem("not_found", f"No {KINDS[kind].display_name} has this id.")
    return record


def get_or_404_with_body(call: Call, kind: str, parameter: str) -> tuple[Record, Any]:
    """Returns the record of the path, and the request body.

    The assumption ``fields_first`` determines whether an invalid body or an unknown record is refused first.
    """
    if assumptions_of(call).fields_first:
        body = call.body
        return get_or_404(call, kind, parameter), body
    record = get_or_404(call, kind, parameter)
    return record, call.body


def get_referenced(call: Call, kind: str, field: str, id: str) -> Record:
    """Returns the record whose id is in a field of the body.

    The assumption ``unknown_reference`` determines the status for an unknown id.
    """
    record = find_record(call, kind, id)
    if record is not None:
        return record
    name, rule = KINDS[kind].display_name, assumptions_of(call).unknown_reference
    operation = call.operation
    is_declared = operation is not None and operation.name not in OPERATIONS_WITHOUT_404
    if rule == "404" or (rule == "as_declared" and is_declared):
        raise Problem("not_found", f"No {name} has this id.")
    raise Problem("invalid_field", "", fields=[FieldError(field, f"no {name} has this id")])


OPERATIONS_WITHOUT_404 = ("create_employee",)
"""Documented: the operations that have ids of other records in their body, but declare no 404."""


def refuse_fields(errors: Iterable[tuple[str, str]]) -> None:
    """Raises Problem if there are errors; each error is a field path and a message."""
    fields = [FieldError(path, message) for path, message in errors]
    if fields:
        raise Problem("invalid_field", fields[0].message, fields=fields)


def require_insurer(at: WriteContext) -> None:
    """Raises Problem with status 500 if the assumption ``insurers`` is "down"."""
    if assumptions_of(at).insurers == "down":
        raise Problem("third_party", "The insurer does not answer.", status=500)


def preset_state(kind: str, *owners: Record | None) -> str | None:
    """Returns the state that the metadata ``testmode.<kind>`` of the first owner that has it selects, or None."""
    for owner in owners:
        chosen: Mapping[str, str] = (owner or {}).get("metadata") or {}
        if f"testmode.{kind}" in chosen:
            return chosen[f"testmode.{kind}"]
    return None


def apply_changes(record: Record, body: Any, *fields: str) -> dict[str, Any]:
    """Returns the record with the body's values of these fields; omitted and null fields keep their values."""
    given = body.model_dump(mode="json", exclude_unset=True)
    return {**record, **{name: given[name] for name in fields if given.get(name) is not None}}


def render_one(call: Call, record: Record) -> Reply:
    return call.sandbox.provider.dialect.render_record(call, record)


def no_content() -> Reply:
    return Reply(204)
