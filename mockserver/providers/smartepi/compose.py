"""Converts request bodies to the fields of records: SmartEPI's treatment of nulls, nested rows and invalid fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from mockserver.engine import Call, FieldError, Problem, Record
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions, assumptions_of

NESTED_ROW_PREFIXES = {"sizes": "siz_", "certificates": "cer_"}
"""The nested rows of a product, and the prefixes of their ids."""


def build_fields(call: Call, current: Record | None, body: BaseModel) -> dict[str, Any]:
    """Returns the fields that a create (no current record) or an update sets. Raises Problem for invalid fields."""
    assumptions = assumptions_of(call)
    fields = _checked_fields(assumptions, body, new=current is None)
    for name, prefix in NESTED_ROW_PREFIXES.items():
        if name in fields:
            before = current[name] if current else []
            fields[name] = _upsert(call, before, fields[name], prefix)
    if "rules" in fields:
        fields["rules"] = _merge_rules(assumptions, current, fields["rules"])
    return fields


def check_fields(call: Call, body: BaseModel) -> None:
    """Raises Problem for invalid fields of an update, before the record is looked up."""
    _checked_fields(assumptions_of(call), body, new=False)


def _checked_fields(assumptions: SmartEPIAssumptions, body: BaseModel, *, new: bool) -> dict[str, Any]:
    sent = body.model_dump(mode="json", exclude_unset=not new)
    fields = dict(_without_nulls(assumptions, sent, new=new))
    _check(assumptions, fields)
    if "identification" in type(body).model_fields and (new or "identification" in fields):
        _check_identification(assumptions, fields)
    return fields


def _without_nulls(assumptions: SmartEPIAssumptions, sent: Record, *, new: bool) -> Iterator[tuple[str, Any]]:
    for name, value in sent.items():
        if value is not None:
            yield name, value
        elif not new:
            if assumptions.null_fields == "refused" or name in ("name", "rules", *NESTED_ROW_PREFIXES):
                raise _invalid(name, "must not be null")
            if assumptions.null_fields == "cleared":
                yield name, None


def _check(assumptions: SmartEPIAssumptions, fields: Record) -> None:
    for path, value in _texts(fields):
        if len(value) > assumptions.string_limit:
            raise _invalid(path, f"is longer than {assumptions.string_limit} characters")
    email = fields.get("email")
    if email is not None and assumptions.email_check == "has_at" and "@" not in email[1:-1]:
        raise _invalid("email", "is not an e-mail address")


def _check_identification(assumptions: SmartEPIAssumptions, fields: Record) -> None:
    if assumptions.employee_needs_identification and fields.get("identification") is None:
        raise _invalid("identification", "is required")


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for nth, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{nth}]")


def _upsert(call: Call, before: list[Record], sent: list[Record], prefix: str) -> list[dict[str, Any]]:
    assumptions = assumptions_of(call)
    rows = {row["id"]: dict(row) for row in before} if assumptions.nested_rows == "kept" else {}
    known = {row["id"]: row for row in before}
    for row in sent:
        id = row.get("id") or _row_id(call, prefix)
        members = row if assumptions.nested_members == "kept" else {}
        rows[id] = {**known.get(id, {}), **members, "id": id}
    return list(rows.values())


def _row_id(call: Call, prefix: str) -> str:
    return prefix + call.sandbox.randomness.text(f"id:{prefix}", call.nth(f"rows:{prefix}"), 12)


def _merge_rules(assumptions: SmartEPIAssumptions, current: Record | None, sent: Iterable[Record]) -> list[Record]:
    rules = [rule if assumptions.nested_members == "kept" else {"productId": rule["productId"]} for rule in sent]
    if current is None or assumptions.group_rules == "replaced":
        return rules
    return list({rule["productId"]: rule for rule in (*current["rules"], *rules)}.values())


def _invalid(path: str, message: str) -> Problem:
    return Problem("invalid_field", f"{path} {message}", fields=[FieldError(path, message)], raised_in="validate")
