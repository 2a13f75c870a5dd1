"""The organization's own records: sectors, cost centers, job roles, groups, employees, products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from mockserver.engine import Call, Moment, Record, Resource, Space
from mockserver.providers.smartepi import models
from mockserver.providers.smartepi.assumptions import assume, rules
from mockserver.providers.smartepi.compose import compose, examine

REFUSALS = {
    "list": (400, 401, 403, 429),
    "create": (400, 401, 403, 409, 413, 422, 429),
    "retrieve": (401, 403, 404, 429),
    "update": (400, 401, 403, 404, 409, 413, 422, 429),
    "delete": (400, 401, 403, 404, 409, 429),
}
"""Documented per operation, and 413 where a body is read; 405 and 404 of unknown paths belong to no operation."""
EMPLOYEE_REFERENCES = {
    "sectorId": "sectors",
    "costCenterId": "cost_centers",
    "costCenter2Id": "cost_centers",
    "jobRoleId": "job_roles",
    "groupId": "groups",
}
TRANSACTIONS = ("withdrawals", "returns", "exchanges")


def _employee_references(fields: Record) -> Iterator[tuple[str, str, str]]:
    for name, collection in EMPLOYEE_REFERENCES.items():
        if fields.get(name) is not None:
            yield name, collection, fields[name]


def _group_references(fields: Record) -> Iterator[tuple[str, str, str]]:
    for nth, rule in enumerate(fields.get("rules", ())):
        yield f"rules[{nth}].productId", "products", rule["productId"]


def _used_by_employees(call: Call, id: str, *, fields: tuple[str, ...]) -> str | None:
    for field in fields:
        if next(call.space.find("employees", field, id), None) is not None:
            return f"Employees still refer to it by {field}"
    return None


def _used_by_groups(call: Call, id: str) -> str | None:
    if next(call.space.find("rules", "productId", id), None) is not None:
        return "Rules of groups still refer to it"
    return _used_by_transactions(call, id, field="productId")


def _used_by_transactions(call: Call, id: str, *, field: str) -> str | None:
    if not assume(call).transactions_block_deletes:
        return None
    for collection in TRANSACTIONS:
        if next(call.space.find(collection, field, id), None) is not None:
            return f"{collection.capitalize()} still refer to it"
    return None


def keep_rules(space: Space, group: str, record: Record | None) -> None:
    """Keep a group's rules findable by product; None forgets them."""
    for rule in list(space.find("rules", "groupId", group)):
        space.drop("rules", rule["id"])
    for nth, rule in enumerate(record["rules"] if record else ()):
        space.put("rules", {"id": f"{group}/{nth}", "groupId": group, "productId": rule["productId"]})


def _sees_code(at: Call | Moment) -> tuple[str, ...]:
    return ("name", "code") if assume(at).cost_center_codes == "unique" else ("name",)


def _only_name(at: Call | Moment) -> tuple[str, ...]:  # noqa: ARG001
    return ("name",)


def _employee_filters(call: Call) -> frozenset[str]:
    documented = {"name", "sectorId", "costCenterId"}
    return frozenset(documented | ({"jobRoleId", "groupId"} if assume(call).employee_filters == "all" else set()))


Uses = Callable[[Call, str], str | None]


def _by(*fields: str) -> Uses:
    return partial(_used_by_employees, fields=fields)


_NAMED = Resource(
    name="sector",
    plural="sectors",
    path="/v1/sectors",
    collection="sectors",
    prefix="sec_",
    rules=rules,
    model=models.Sector,
    create=models.NewNamed,
    update=models.ChangedNamed,
    query=models.NamedPage,
    remove=models.Removal,
    unique=_only_name,
    indexes=("name",),
    prefixes=("name",),
    compose=compose,
    examine=examine,
    used=_by("sectorId"),
    refusals=REFUSALS,
)

RESOURCES = (
    _NAMED,
    replace(
        _NAMED,
        name="cost_center",
        plural="cost_centers",
        path="/v1/cost-centers",
        collection="cost_centers",
        prefix="cc_",
        model=models.CostCenter,
        create=models.NewCostCenter,
        update=models.ChangedCostCenter,
        query=models.CostCenterPage,
        unique=_sees_code,
        indexes=("name", "code"),
        prefixes=("name", "code"),
        used=_by("costCenterId", "costCenter2Id"),
    ),
    replace(
        _NAMED,
        name="job_role",
        plural="job_roles",
        path="/v1/job-roles",
        collection="job_roles",
        prefix="job_",
        model=models.JobRole,
        used=_by("jobRoleId"),
    ),
    replace(
        _NAMED,
        name="group",
        plural="groups",
        path="/v1/groups",
        collection="groups",
        prefix="grp_",
        model=models.Group,
        create=models.NewGroup,
        update=models.ChangedGroup,
        references=_group_references,
        written=keep_rules,
        used=_by("groupId"),
    ),
    replace(
        _NAMED,
        name="employee",
        plural="employees",
        path="/v1/employees",
        collection="employees",
        prefix="emp_",
        model=models.Employee,
        create=models.NewEmployee,
        update=models.ChangedEmployee,
        query=models.EmployeePage,
        unique=lambda _at: ("identification", "email"),
        indexes=("name", "identification", "email", *EMPLOYEE_REFERENCES),
        equals=("sectorId", "costCenterId", "jobRoleId", "groupId"),
        filters=_employee_filters,
        references=_employee_references,
        used=partial(_used_by_transactions, field="employeeId"),
    ),
    replace(
        _NAMED,
        name="product",
        plural="products",
        path="/v1/products",
        collection="products",
        prefix="prd_",
        model=models.Product,
        create=models.NewProduct,
        update=models.ChangedProduct,
        used=_used_by_groups,
    ),
)
