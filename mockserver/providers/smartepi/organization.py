"""Declares the resources that clients can change: sectors, cost centers, job roles, groups, employees, products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from mockserver.engine import Call, Record, Resource, SimulationContext, Space
from mockserver.providers.smartepi import models
from mockserver.providers.smartepi.assumptions import assumptions_of, record_rules
from mockserver.providers.smartepi.compose import build_fields, check_fields

REFUSALS = {
    "list": (400, 401, 403, 429),
    "create": (400, 401, 403, 409, 413, 422, 429),
    "retrieve": (401, 403, 404, 429),
    "update": (400, 401, 403, 404, 409, 413, 422, 429),
    "delete": (400, 401, 403, 404, 409, 429),
}
"""Statuses per verb, as documented, plus 413 where a body is read; without the 404 and 405 of unknown paths."""
EMPLOYEE_REFERENCES = {
    "sectorId": "sectors",
    "costCenterId": "cost_centers",
    "costCenter2Id": "cost_centers",
    "jobRoleId": "job_roles",
    "groupId": "groups",
}
"""Field of an employee -> the collection to which it refers."""
TRANSACTION_COLLECTIONS = ("withdrawals", "returns", "exchanges")


def _employee_references(fields: Record) -> Iterator[tuple[str, str, str]]:
    """Yields path, collection and id of each reference."""
    for name, collection in EMPLOYEE_REFERENCES.items():
        if fields.get(name) is not None:
            yield name, collection, fields[name]


def _group_references(fields: Record) -> Iterator[tuple[str, str, str]]:
    """Yields path, collection and id of each reference."""
    for nth, rule in enumerate(fields.get("rules", ())):
        yield f"rules[{nth}].productId", "products", rule["productId"]


def _describe_use_by_employees(call: Call, id: str, *, fields: tuple[str, ...]) -> str | None:
    """Returns the refusal's text if an employee refers to the record by one of the fields, or None."""
    for field in fields:
        if next(call.space.find("employees", field, id), None) is not None:
            return f"Employees still refer to it by {field}"
    return None


def _describe_use_of_product(call: Call, id: str) -> str | None:
    if next(call.space.find("rules", "productId", id), None) is not None:
        return "Rules of groups still refer to it"
    return _describe_use_by_transactions(call, id, field="productId")


def _describe_use_by_transactions(call: Call, id: str, *, field: str) -> str | None:
    if not assumptions_of(call).transactions_block_deletes:
        return None
    for collection in TRANSACTION_COLLECTIONS:
        if next(call.space.find(collection, field, id), None) is not None:
            return f"{collection.capitalize()} still refer to it"
    return None


def index_rules(space: Space, group: str, record: Record | None) -> None:
    """Writes a group's rules to the collection ``rules``, indexed by product; ``record`` is None after a delete."""
    for rule in list(space.find("rules", "groupId", group)):
        space.drop("rules", rule["id"])
    for nth, rule in enumerate(record["rules"] if record else ()):
        space.put("rules", {"id": f"{group}/{nth}", "groupId": group, "productId": rule["productId"]})


def _unique_cost_center_fields(at: Call | SimulationContext) -> tuple[str, ...]:
    return ("name", "code") if assumptions_of(at).cost_center_codes == "unique" else ("name",)


def _unique_name(at: Call | SimulationContext) -> tuple[str, ...]:  # noqa: ARG001
    return ("name",)


def _employee_filters(call: Call) -> frozenset[str]:
    documented = {"name", "sectorId", "costCenterId"}
    return frozenset(
        documented | ({"jobRoleId", "groupId"} if assumptions_of(call).employee_filters == "all" else set())
    )


UsageCheck = Callable[[Call, str], str | None]
"""Takes a call and the id of a record; returns why the record cannot be deleted, or None."""


def _usage_check_of_employees(*fields: str) -> UsageCheck:
    return partial(_describe_use_by_employees, fields=fields)


_SECTORS = Resource(
    name="sector",
    plural="sectors",
    path="/v1/sectors",
    collection="sectors",
    id_prefix="sec_",
    rules=record_rules,
    model=models.Sector,
    create=models.NewNamed,
    update=models.ChangedNamed,
    query=models.NamedQuery,
    delete_query=models.DeleteQuery,
    unique_fields=_unique_name,
    indexes=("name",),
    prefix_filters=("name",),
    changed_fields=build_fields,
    check_body=check_fields,
    describe_use=_usage_check_of_employees("sectorId"),
    refusals=REFUSALS,
)

RESOURCES = (
    _SECTORS,
    replace(
        _SECTORS,
        name="cost_center",
        plural="cost_centers",
        path="/v1/cost-centers",
        collection="cost_centers",
        id_prefix="cc_",
        model=models.CostCenter,
        create=models.NewCostCenter,
        update=models.ChangedCostCenter,
        query=models.CostCenterQuery,
        unique_fields=_unique_cost_center_fields,
        indexes=("name", "code"),
        prefix_filters=("name", "code"),
        describe_use=_usage_check_of_employees("costCenterId", "costCenter2Id"),
    ),
    replace(
        _SECTORS,
        name="job_role",
        plural="job_roles",
        path="/v1/job-roles",
        collection="job_roles",
        id_prefix="job_",
        model=models.JobRole,
        describe_use=_usage_check_of_employees("jobRoleId"),
    ),
    replace(
        _SECTORS,
        name="group",
        plural="groups",
        path="/v1/groups",
        collection="groups",
        id_prefix="grp_",
        model=models.Group,
        create=models.NewGroup,
        update=models.ChangedGroup,
        references=_group_references,
        on_write=index_rules,
        describe_use=_usage_check_of_employees("groupId"),
    ),
    replace(
        _SECTORS,
        name="employee",
        plural="employees",
        path="/v1/employees",
        collection="employees",
        id_prefix="emp_",
        model=models.Employee,
        create=models.NewEmployee,
        update=models.ChangedEmployee,
        query=models.EmployeeQuery,
        unique_fields=lambda _at: ("identification", "email"),
        indexes=("name", "identification", "email", *EMPLOYEE_REFERENCES),
        exact_filters=("sectorId", "costCenterId", "jobRoleId", "groupId"),
        filters=_employee_filters,
        references=_employee_references,
        describe_use=partial(_describe_use_by_transactions, field="employeeId"),
    ),
    replace(
        _SECTORS,
        name="product",
        plural="products",
        path="/v1/products",
        collection="products",
        id_prefix="prd_",
        model=models.Product,
        create=models.NewProduct,
        update=models.ChangedProduct,
        describe_use=_describe_use_of_product,
    ),
)
