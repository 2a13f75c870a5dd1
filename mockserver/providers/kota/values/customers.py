"""External customers: whom an employer of record employs people for; other platforms have none."""

from __future__ import annotations

from typing import Any

from mockserver.engine import At, Call, FieldError, Problem
from mockserver.providers.kota.assumptions import assume, is_employer_of_record
from mockserver.providers.kota.values.records import refuse_fields

FIELD = "external_customer_id"


def customer_given(at: At, given: str | None, *, needed: bool) -> str | None:
    """The customer that a body names; refused where an employer of record has to name one and does not."""
    if is_employer_of_record(at):
        if given is None and needed:
            refuse_fields([(FIELD, "required of employers of record")])
        return given
    if given is not None and assume(at).external_customer_elsewhere == "refused":
        refuse_fields([(FIELD, "only for employers of record")])
    return None


def customer_filter(call: Call) -> str | None:
    """The customer that a list is filtered by, or None for all."""
    query: Any = call.parameters
    given: str | None = query.external_customer_id
    if given is None or is_employer_of_record(call):
        return given
    if assume(call).external_customer_elsewhere == "refused":
        problem = [FieldError(FIELD, "only for employers of record")]
        raise Problem("invalid_parameter", problem[0].message, fields=problem)
    return None
