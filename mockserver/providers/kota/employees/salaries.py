"""Operations on salaries. A salary never changes; the current salary is the latest that has taken effect.

The vendor documents salaries on pages that are newer than its OpenAPI document. Creating and deleting a salary and
reading the current salary are documented; the form of the list and the path of a single salary are assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply, WriteContext
from mockserver.providers.kota.employees.schemas import CreateSalaryRequest
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.values.records import get_or_404, get_or_404_with_body, new_id, render_one, today
from mockserver.providers.kota.wire.lists import PageQuery, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _create(call: Call) -> Reply:
    employee, body = get_or_404_with_body(call, "employee", "employee_id")
    return render_one(call, create_salary(call, employee, body.model_dump(mode="json")))


def create_salary(at: WriteContext, employee: Record, fields: Mapping[str, Any]) -> Record:
    record = {"object": "salary", "id": new_id(at, "sal"), "employee_id": employee["id"], **fields}
    at.space.put("salaries", record)
    return record


def _list(call: Call) -> Reply:
    employee = get_or_404(call, "employee", "employee_id")
    return render_list(call, iter_records(call.space, "salaries", employee_id=employee["id"]))


def _current(call: Call) -> Reply:
    employee, day = get_or_404(call, "employee", "employee_id"), today(call)
    # Records come newest first and max returns the first maximum, so the newer of two salaries of one day is current.
    effective = [
        each
        for each in iter_records(call.space, "salaries", employee_id=employee["id"])
        if each["effective_from"] <= day
    ]
    if not effective:
        raise Problem("not_found", "The employee has no salary yet.")
    return render_one(call, max(effective, key=lambda salary: str(salary["effective_from"])))


def _get_salary(call: Call) -> Record:
    employee, salary = get_or_404(call, "employee", "employee_id"), get_or_404(call, "salary", "salary_id")
    if salary["employee_id"] != employee["id"]:
        raise Problem("not_found", "No salary of the employee has this id.")
    return salary


def _retrieve(call: Call) -> Reply:
    return render_one(call, _get_salary(call))


def _delete(call: Call) -> Reply:
    salary = _get_salary(call)
    call.space.drop("salaries", salary["id"])
    publish_event(call, "employee.salary_deleted", "salary", {name: salary[name] for name in ("id", "employee_id")})
    return render_one(call, salary)


def operations() -> Iterator[Operation]:
    path, model = "/employees/{employee_id}/salaries", response_model("employees", "SalaryResponse")
    body, item_path = CreateSalaryRequest, f"{path}/{{salary_id}}"
    yield define_operation("create_salary", f"POST {path}", _create, "Record a salary", body=body, response=model)
    yield define_operation(
        "list_salaries",
        f"GET {path}",
        _list,
        "List salaries (path documented, form of the list assumed)",
        query=PageQuery,
        response=paged_response_model(model),
    )
    yield define_operation(
        "get_current_salary", f"GET {path}/current", _current, "Get the current salary", response=model
    )
    yield define_operation("get_salary", f"GET {item_path}", _retrieve, "Get a salary (path assumed)", response=model)
    yield define_operation("delete_salary", f"DELETE {item_path}", _delete, "Delete a salary", response=model)
