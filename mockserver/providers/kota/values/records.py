"""What every group of Kota's operations does with records: ids, dates, finding, refusing, telling outcomes apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from mockserver.engine import HEX, SECOND, At, Call, FieldError, Problem, Record, Reply, SandboxView, iso, parse_instant
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.values.kinds import KINDS

DAY = 86_400 * SECOND


def new_id(at: At, prefix: str) -> str:
    """A fresh id: the prefix and 32 hexadecimal digits."""
    return f"{prefix}_{at.sandbox.randomness.text(f'id:{prefix}', at.space.bump(prefix), 32, HEX)}"


def platform(sandbox: SandboxView) -> str:
    """The id of the platform that a sandbox is."""
    return f"pt_{sandbox.randomness.text('id:pt', 1, 32, HEX)}"


def platform_id(at: At) -> str:
    """The id of the platform that the sandbox is."""
    return platform(at.sandbox)


def today(at: At) -> str:
    """The day it is on the sandbox's clock, in UTC: ``2026-10-01``."""
    return iso(at.now)[:10]


def written(at: At, instant: int) -> str:
    """An instant as Kota writes a date and time."""
    return iso(instant, assume(at).fraction_digits)


def begins(day: str) -> int:
    """The first instant of a day."""
    return parse_instant(f"{day[:10]}T00:00:00Z")


def ends(day: str) -> int:
    """The last second of a day, the end of an inclusive deadline."""
    return begins(day) + DAY - SECOND


def later(day: str, days: int) -> str:
    """So many days after a day (before it when negative)."""
    return (date.fromisoformat(day[:10]) + timedelta(days=days)).isoformat()


def kept(at: At, kind: str, id: str | None) -> Record | None:
    """The object of that kind and id, or None."""
    return at.space.get(KINDS[kind].collection, id) if id else None


def found(call: Call, kind: str, parameter: str) -> Record:
    """The object whose id the path gives, or the refusal."""
    id = call.args[parameter]
    if not id.startswith(f"{KINDS[kind].prefix}_") and assume(call).malformed_id == "400":
        raise Problem("invalid_parameter", "", fields=[FieldError(parameter, f"not the id of a {KINDS[kind].words}")])
    record = kept(call, kind, id)
    if record is None:
        raise Problem("not_found", f"No {KINDS[kind].words} has this id.")
    return record


def found_with_body(call: Call, kind: str, parameter: str) -> tuple[Record, Any]:
    """The object of the path and the body; which of them is refused first is an assumption."""
    if assume(call).fields_first:
        body = call.body
        return found(call, kind, parameter), body
    record = found(call, kind, parameter)
    return record, call.body


def referred(call: Call, kind: str, field: str, id: str) -> Record:
    """The object whose id the body gives in a field, or the refusal."""
    record = kept(call, kind, id)
    if record is not None:
        return record
    words, rule = KINDS[kind].words, assume(call).unknown_reference
    operation = call.operation
    declared = rule == "as_declared" and operation is not None and operation.name not in REFERENCES_400
    if rule == "404" or declared:
        raise Problem("not_found", f"No {words} has this id.")
    raise Problem("invalid_field", "", fields=[FieldError(field, f"no {words} has this id")])


REFERENCES_400 = ("create_employee",)
"""The operations that refer to others and declare no 404."""


def refuse_fields(errors: Iterable[tuple[str, str]]) -> None:
    """Refuse a body for what is wrong with its fields, if anything is: pairs of path and message."""
    fields = [FieldError(path, message) for path, message in errors]
    if fields:
        raise Problem("invalid_field", fields[0].message, fields=fields)


def need_insurer(at: At) -> None:
    """Refuse what needs an insurer while the sandbox's insurers are down."""
    if assume(at).insurers == "down":
        raise Problem("third_party", "The insurer does not answer.", status=500)


def outcome(kind: str, *owners: Record | None) -> str | None:
    """The state that metadata of one of these has chosen ahead for a kind of object: ``testmode.<kind>``."""
    for owner in owners:
        chosen: Mapping[str, str] = (owner or {}).get("metadata") or {}
        if f"testmode.{kind}" in chosen:
            return chosen[f"testmode.{kind}"]
    return None


def changed(record: Record, body: Any, *fields: str) -> dict[str, Any]:
    """A record with the fields that a body gives a value to; what it leaves out or sends as null stays."""
    given = body.model_dump(mode="json", exclude_unset=True)
    return {**record, **{name: given[name] for name in fields if given.get(name) is not None}}


def one(call: Call, record: Record) -> Reply:
    """The answer that shows one object."""
    return call.sandbox.provider.dialect.one(call, record)


def nothing() -> Reply:
    """204, which has no body."""
    return Reply(204)
