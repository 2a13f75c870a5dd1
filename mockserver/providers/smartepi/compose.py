"""Converts request bodies to the fields of records, with SmartEPI's rules for nulls, nested rows and invalid fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from mockserver.engine import Call, FieldError, Problem, Record
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions, assumptions_of

NESTED_ROW_PREFIXES = {"sizes": "siz_", "certificates": "cer_"}
"""Field of a product with nested rows -> prefix of the ids of its rows."""


def build_fields(call: Call, current: Record | None, body: BaseModel) -> dict[str, Any]:
    """Returns the fields to store; ``current`` is None for a new record. Raises Problem for invalid fields."""
    assumptions = assumptions_of(call)
    fields = _dump_and_check(assumptions, body, is_new=current is None)
    for name, prefix in NESTED_ROW_PREFIXES.items():
        if name in fields:
            current_rows = current[name] if current else []
            fields[name] = _merge_rows(call, current_rows, fields[name], prefix)
    if "rules" in fields:
        fields["rules"] = _merge_rules(assumptions, current, fields["rules"])
    return fields


def check_fields(call: Call, body: BaseModel) -> None:
    """Raises Problem for invalid fields of an update, before the record is looked up."""
    _dump_and_check(assumptions_of(call), body, is_new=False)


def _dump_and_check(assumptions: SmartEPIAssumptions, body: BaseModel, *, is_new: bool) -> dict[str, Any]:
    """Returns the fields of a body. Raises Problem for invalid ones."""
    requested = body.model_dump(mode="json", exclude_unset=not is_new)
    fields = dict(_apply_null_rules(assumptions, requested, is_new=is_new))
    _check_texts(assumptions, fields)
    # Only employees have an identification.
    if "identification" in type(body).model_fields and (is_new or "identification" in fields):
        _check_identification(assumptions, fields)
    return fields


def _apply_null_rules(assumptions: SmartEPIAssumptions, fields: Record, *, is_new: bool) -> Iterator[tuple[str, Any]]:
    """Yields the fields to store. Nulls in a new record are dropped; in an update they follow ``null_fields``."""
    for name, value in fields.items():
        if value is not None:
            yield name, value
        elif not is_new:
            if assumptions.null_fields == "refused" or name in ("name", "rules", *NESTED_ROW_PREFIXES):
                raise _invalid(name, "must not be null")
            if assumptions.null_fields == "cleared":
                yield name, None


def _check_texts(assumptions: SmartEPIAssumptions, fields: Record) -> None:
    for path, value in _walk_texts(fields):
        if len(value) > assumptions.string_limit:
            raise _invalid(path, f"is longer than {assumptions.string_limit} characters")
    email = fields.get("email")
    # The @ must be neither the first nor the last character.
    if email is not None and assumptions.email_check == "has_at" and "@" not in email[1:-1]:
        raise _invalid("email", "is not an e-mail address")


def _check_identification(assumptions: SmartEPIAssumptions, fields: Record) -> None:
    if assumptions.employee_needs_identification and fields.get("identification") is None:
        raise _invalid("identification", "is required")


def _walk_texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields each text in nested values with its path, such as `sizes[0].name`."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk_texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for nth, inner in enumerate(value):
            yield from _walk_texts(inner, f"{path}[{nth}]")


def _merge_rows(
    call: Call, current_rows: list[Record], requested_rows: list[Record], prefix: str
) -> list[dict[str, Any]]:
    """Returns the rows after a request: rows with a known id are updated, all others are added."""
    assumptions = assumptions_of(call)
    rows = {row["id"]: dict(row) for row in current_rows} if assumptions.nested_rows == "kept" else {}
    rows_by_id = {row["id"]: row for row in current_rows}
    for row in requested_rows:
        id = row.get("id") or _new_row_id(call, prefix)
        members = row if assumptions.nested_members == "kept" else {}
        rows[id] = {**rows_by_id.get(id, {}), **members, "id": id}
    return list(rows.values())


def _new_row_id(call: Call, prefix: str) -> str:
    return prefix + call.sandbox.randomness.text(f"id:{prefix}", call.nth(f"rows:{prefix}"), 12)


def _merge_rules(assumptions: SmartEPIAssumptions, current: Record | None, requested: Iterable[Record]) -> list[Record]:
    rules = [rule if assumptions.nested_members == "kept" else {"productId": rule["productId"]} for rule in requested]
    if current is None or assumptions.group_rules == "replaced":
        return rules
    # A requested rule replaces the current rule for the same product.
    return list({rule["productId"]: rule for rule in (*current["rules"], *rules)}.values())


def _invalid(path: str, message: str) -> Problem:
    return Problem("invalid_field", f"{path} {message}", fields=[FieldError(path, message)], raised_in="validate")
