"""Reads external customer ids. A customer is a company for which an employer of record employs people.

Other types of platforms have no customers.
"""

from __future__ import annotations

from typing import Any

from mockserver.engine import Call, FieldError, Problem, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of, is_employer_of_record
from mockserver.providers.kota.values.records import refuse_fields

CUSTOMER_FIELD = "external_customer_id"


def resolve_customer(at: WriteContext, given: str | None, *, required: bool) -> str | None:
    """Returns the customer id to store; raises Problem if it is required and missing, or not allowed."""
    if is_employer_of_record(at):
        if given is None and required:
            refuse_fields([(CUSTOMER_FIELD, "required of employers of record")])
        return given
    if given is not None and assumptions_of(at).external_customer_elsewhere == "refused":
        refuse_fields([(CUSTOMER_FIELD, "only for employers of record")])
    return None


def customer_filter(call: Call) -> str | None:
    """Returns the customer id that filters a list, or None for the records of all customers."""
    query: Any = call.query_parameters
    given: str | None = query.external_customer_id
    if given is None or is_employer_of_record(call):
        return given
    if assumptions_of(call).external_customer_elsewhere == "refused":
        error = FieldError(CUSTOMER_FIELD, "only for employers of record")
        raise Problem("invalid_parameter", error.message, fields=[error])
    return None
