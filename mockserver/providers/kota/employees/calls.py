"""Operations on employees, except offboarding."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.employees import schemas
from mockserver.providers.kota.employees.logic import (
    LIFECYCLE,
    create_employee,
    mask_bank_account,
    publish_employee_event,
)
from mockserver.providers.kota.values.addresses import address_errors, replace_address
from mockserver.providers.kota.values.customers import customer_filter, resolve_customer
from mockserver.providers.kota.values.fields import MIN_DATE
from mockserver.providers.kota.values.records import (
    apply_changes,
    get_or_404,
    get_or_404_with_body,
    get_referenced,
    refuse_fields,
    render_one,
    today,
)
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model

_CHANGEABLE = (
    *("first_name", "last_name", "nationality", "national_tax_id", "phone_number", "email", "start_on"),
    *("earliest_benefits_start_date", "metadata"),
)


def _create(call: Call) -> Reply:
    body: schemas.CreateEmployeeRequest = call.body
    refuse_fields([*date_of_birth_errors(call, body.date_of_birth), *_start_errors(body.start_on)])
    employer = get_referenced(call, "employer", "employer_id", body.employer_id)
    if employer["status"] == "inactive":
        raise Problem("invalid_state", "The employer is inactive")
    customer = resolve_customer(call, body.external_customer_id, required=True)
    return render_one(call, create_employee(call, {**body.model_dump(mode="json"), "external_customer_id": customer}))


def date_of_birth_errors(call: Call, day: str | None) -> Iterator[tuple[str, str]]:
    """Yields an error for a date of birth that is too early or not in the past."""
    if day is not None and not MIN_DATE < day < today(call):
        yield "date_of_birth", f"must be after {MIN_DATE} and in the past"


def _start_errors(day: str | None) -> Iterator[tuple[str, str]]:
    if day is not None and day <= MIN_DATE:
        yield "start_on", f"must be after {MIN_DATE}"


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    filters = {"employer_id": query.employer_id, "external_customer_id": customer_filter(call)}
    employees = iter_records(call.space, "employees", status=filter_values(query.filter), **filters)
    # The filter finds any part of the id in the metadata.
    part = _fold_accents(query.metadata_id or "")
    return render_list(call, (each for each in employees if not part or part in _fold_accents(_metadata_id(each))))


def _metadata_id(record: Record) -> str:
    return str((record["metadata"] or {}).get("id", ""))


def _fold_accents(text: str) -> str:
    """Returns the text in lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, "employee", "employee_id"))


def _update(call: Call) -> Reply:
    record, body = get_or_404_with_body(call, "employee", "employee_id")
    errors = [*address_errors("home_address", record["home_address"], body.home_address)]
    refuse_fields([*errors, *_start_errors(body.start_on), *_date_change_errors(call, record, body)])
    fields = apply_changes(record, body, *_CHANGEABLE)
    if body.home_address is not None:
        fields["home_address"] = replace_address(record["home_address"], body.home_address)
    if body.bank_account is not None:
        fields["bank_account"] = mask_bank_account(body.bank_account.model_dump())
    # The update sets the timer of the check again, because it depends on earliest_benefits_start_date.
    record = LIFECYCLE.update(call, fields)
    publish_employee_event(call, "updated", record)
    return render_one(call, record)


def _date_change_errors(call: Call, record: Record, body: schemas.UpdateEmployeeRequest) -> Iterator[tuple[str, str]]:
    """Yields an error for each date of the body that can no longer be changed."""
    dates = [name for name in ("start_on", "earliest_benefits_start_date") if getattr(body, name) is not None]
    if dates and _has_offer_or_policy(call, record):
        yield from ((name, "cannot change once there is an offer or a policy") for name in dates)
    elif body.start_on is not None and min(record["start_on"], body.start_on) <= today(call):
        yield "start_on", "can change only from one day in the future to another"


def _has_offer_or_policy(call: Call, record: Record) -> bool:
    collections = ("policies", "employee_offers", "employee_policies")
    return any(next(iter_records(call.space, name, employee_id=record["id"]), None) for name in collections)


def operations() -> Iterator[Operation]:
    model, item_path = response_model("employees", "EmployeeResponse"), "/employees/{employee_id}"
    create, update = schemas.CreateEmployeeRequest, schemas.UpdateEmployeeRequest
    yield define_operation(
        "create_employee", "POST /employees", _create, "Create an employee", body=create, response=model
    )
    yield define_operation(
        "list_employees",
        "GET /employees",
        _list,
        "List employees",
        query=schemas.EmployeesQuery,
        response=paged_response_model(model),
    )
    yield define_operation(
        "update_employee", f"PUT {item_path}", _update, "Update an employee", body=update, response=model
    )
    yield define_operation("get_employee", f"GET {item_path}", _retrieve, "Get an employee", response=model)
