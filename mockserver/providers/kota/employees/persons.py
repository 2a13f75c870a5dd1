"""Operations on associated persons: an employee's spouse, partner, children and others, who can become dependents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply, WriteContext
from mockserver.providers.kota.employees import schemas
from mockserver.providers.kota.employees.calls import date_of_birth_errors
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.values.records import (
    apply_changes,
    get_or_404,
    get_or_404_with_body,
    new_id,
    platform_id,
    refuse_fields,
    render_one,
)
from mockserver.providers.kota.wire.lists import PageQuery, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model

_FIELDS = ("first_name", "last_name", "date_of_birth", "sex_at_birth", "relationship_type")
_CLEARABLE_FIELDS = ("email", "phone_number")
"""The fields that null clears; null leaves all other fields unchanged."""


def create_person(at: WriteContext, employee: Record, fields: Mapping[str, Any]) -> Record:
    record = {
        "object": "associated_person",
        "id": new_id(at, "ap"),
        "platform_id": platform_id(at),
        "employee_id": employee["id"],
        **{name: fields[name] for name in _FIELDS},
        **{name: fields.get(name) for name in _CLEARABLE_FIELDS},
    }
    at.space.put("associated_persons", record)
    return record


def _create(call: Call) -> Reply:
    employee, body = get_or_404_with_body(call, "employee", "employee_id")
    refuse_fields(date_of_birth_errors(call, body.date_of_birth))
    return render_one(call, create_person(call, employee, body.model_dump(mode="json")))


def _list(call: Call) -> Reply:
    employee = get_or_404(call, "employee", "employee_id")
    return render_list(call, iter_records(call.space, "associated_persons", employee_id=employee["id"]))


def _get_person(call: Call) -> Record:
    """Returns the associated person of the path; refuses a person of another employee with 404."""
    employee = get_or_404(call, "employee", "employee_id")
    person = get_or_404(call, "associated_person", "associated_person_id")
    if person["employee_id"] != employee["id"]:
        raise Problem("not_found", "No associated person of the employee has this id.")
    return person


def _retrieve(call: Call) -> Reply:
    return render_one(call, _get_person(call))


def _update(call: Call) -> Reply:
    _, body = get_or_404_with_body(call, "employee", "employee_id")
    person = _get_person(call)
    refuse_fields(date_of_birth_errors(call, body.date_of_birth))
    cleared = {
        name: None for name in _CLEARABLE_FIELDS if name in body.model_fields_set and getattr(body, name) is None
    }
    record = {**apply_changes(person, body, *_FIELDS, *_CLEARABLE_FIELDS), **cleared}
    call.space.put("associated_persons", record)
    ids = {name: record[name] for name in ("id", "employee_id")}
    publish_event(call, "associated_person.updated", "associated_person", ids)
    return render_one(call, record)


def _delete(call: Call) -> Reply:
    person = _get_person(call)
    call.space.drop("associated_persons", person["id"])
    return render_one(call, person)


def operations() -> Iterator[Operation]:
    model, path = (
        response_model("employees", "AssociatedPersonResponse"),
        "/employees/{employee_id}/associated_persons",
    )
    item_path, create = f"{path}/{{associated_person_id}}", schemas.CreateAssociatedPersonRequest
    update = schemas.UpdateAssociatedPersonRequest
    yield define_operation(
        "create_associated_person", f"POST {path}", _create, "Add a person", body=create, response=model
    )
    yield define_operation(
        "list_associated_persons",
        f"GET {path}",
        _list,
        "List persons",
        query=PageQuery,
        response=paged_response_model(model),
    )
    yield define_operation("get_associated_person", f"GET {item_path}", _retrieve, "Get a person", response=model)
    yield define_operation(
        "update_associated_person", f"PUT {item_path}", _update, "Update a person", body=update, response=model
    )
    yield define_operation(
        "delete_associated_person", f"DELETE {item_path}", _delete, "Delete a person", response=model
    )
