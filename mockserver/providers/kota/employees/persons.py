"""Associated persons: an employee's spouse, partner, children and others, who may become dependents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine import At, Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.employees import schemas
from mockserver.providers.kota.employees.calls import birth_errors
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.values.records import (
    changed,
    found,
    found_with_body,
    new_id,
    one,
    platform_id,
    refuse_fields,
)
from mockserver.providers.kota.wire.lists import Page, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

_FIELDS = ("first_name", "last_name", "date_of_birth", "sex_at_birth", "relationship_type")
_CLEARED = ("email", "phone_number")
"""Null clears these, and leaves the others as they are."""


def create_person(at: At, employee: Record, fields: Mapping[str, Any]) -> Record:
    """Make an associated person of an employee."""
    record = {
        "object": "associated_person",
        "id": new_id(at, "ap"),
        "platform_id": platform_id(at),
        "employee_id": employee["id"],
        **{name: fields[name] for name in _FIELDS},
        **{name: fields.get(name) for name in _CLEARED},
    }
    at.space.put("associated_persons", record)
    return record


def _create(call: Call) -> Reply:
    employee, body = found_with_body(call, "employee", "employee_id")
    refuse_fields(birth_errors(call, body.date_of_birth))
    return one(call, create_person(call, employee, body.model_dump(mode="json")))


def _list(call: Call) -> Reply:
    employee = found(call, "employee", "employee_id")
    return listed(call, walk(call.space, "associated_persons", employee_id=employee["id"]))


def _of_employee(call: Call) -> Record:
    """The person of the path, who is nobody beside another employee."""
    employee = found(call, "employee", "employee_id")
    person = found(call, "associated_person", "associated_person_id")
    if person["employee_id"] != employee["id"]:
        raise Problem("not_found", "No associated person of the employee has this id.")
    return person


def _retrieve(call: Call) -> Reply:
    return one(call, _of_employee(call))


def _update(call: Call) -> Reply:
    _, body = found_with_body(call, "employee", "employee_id")
    person = _of_employee(call)
    refuse_fields(birth_errors(call, body.date_of_birth))
    cleared = {name: None for name in _CLEARED if name in body.model_fields_set and getattr(body, name) is None}
    record = {**changed(person, body, *_FIELDS, *_CLEARED), **cleared}
    call.space.put("associated_persons", record)
    ids = {name: record[name] for name in ("id", "employee_id")}
    tell(call, "associated_person.updated", "associated_person", ids)
    return one(call, record)


def _delete(call: Call) -> Reply:
    person = _of_employee(call)
    call.space.drop("associated_persons", person["id"])
    return one(call, person)


def operations() -> Iterator[Operation]:
    """The operations on associated persons."""
    answer, several = shown("employees", "AssociatedPersonResponse"), "/employees/{employee_id}/associated_persons"
    single, create = f"{several}/{{associated_person_id}}", schemas.CreateAssociatedPersonRequest
    update = schemas.UpdateAssociatedPersonRequest
    yield row("create_associated_person", f"POST {several}", _create, "Add a person", body=create, answer=answer)
    yield row("list_associated_persons", f"GET {several}", _list, "List persons", query=Page, answer=paged(answer))
    yield row("get_associated_person", f"GET {single}", _retrieve, "Get a person", answer=answer)
    yield row("update_associated_person", f"PUT {single}", _update, "Update a person", body=update, answer=answer)
    yield row("delete_associated_person", f"DELETE {single}", _delete, "Delete a person", answer=answer)
