"""Salaries: never changed, only followed by others; the current one is the latest that has taken effect.

They stand on pages newer than the vendor's OpenAPI document. Recording, the current one and deleting are described
there; the form of the list and the path of a single one are assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine import At, Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.employees.schemas import CreateSalaryRequest
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.values.records import found, found_with_body, new_id, one, today
from mockserver.providers.kota.wire.lists import Page, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _create(call: Call) -> Reply:
    employee, body = found_with_body(call, "employee", "employee_id")
    return one(call, create_salary(call, employee, body.model_dump(mode="json")))


def create_salary(at: At, employee: Record, fields: Mapping[str, Any]) -> Record:
    """Keep what an employee is paid from a day on."""
    record = {"object": "salary", "id": new_id(at, "sal"), "employee_id": employee["id"], **fields}
    at.space.put("salaries", record)
    return record


def _list(call: Call) -> Reply:
    employee = found(call, "employee", "employee_id")
    return listed(call, walk(call.space, "salaries", employee_id=employee["id"]))


def _current(call: Call) -> Reply:
    employee, day = found(call, "employee", "employee_id"), today(call)
    # Of two that take effect on one day the newer counts: max answers the first it meets.
    there = [each for each in walk(call.space, "salaries", employee_id=employee["id"]) if each["effective_from"] <= day]
    if not there:
        raise Problem("not_found", "The employee has no salary yet.")
    return one(call, max(there, key=lambda salary: str(salary["effective_from"])))


def _of_employee(call: Call) -> Record:
    employee, salary = found(call, "employee", "employee_id"), found(call, "salary", "salary_id")
    if salary["employee_id"] != employee["id"]:
        raise Problem("not_found", "No salary of the employee has this id.")
    return salary


def _retrieve(call: Call) -> Reply:
    return one(call, _of_employee(call))


def _delete(call: Call) -> Reply:
    salary = _of_employee(call)
    call.space.drop("salaries", salary["id"])
    tell(call, "employee.salary_deleted", "salary", {name: salary[name] for name in ("id", "employee_id")})
    return one(call, salary)


def operations() -> Iterator[Operation]:
    """The operations on salaries."""
    several, answer = "/employees/{employee_id}/salaries", shown("employees", "SalaryResponse")
    body, single = CreateSalaryRequest, f"{several}/{{salary_id}}"
    yield row("create_salary", f"POST {several}", _create, "Record a salary", body=body, answer=answer)
    yield row(
        "list_salaries",
        f"GET {several}",
        _list,
        "List salaries (path documented, form of the list assumed)",
        query=Page,
        answer=paged(answer),
    )
    yield row("get_current_salary", f"GET {several}/current", _current, "Get the current salary", answer=answer)
    yield row("get_salary", f"GET {single}", _retrieve, "Get a salary (path assumed)", answer=answer)
    yield row("delete_salary", f"DELETE {single}", _delete, "Delete a salary", answer=answer)
