"""Declares the read-only resources: access groups, and the withdrawals, returns and exchanges that devices record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from mockserver.engine import Assumptions, Call, Operation, Resource
from mockserver.providers.smartepi import models
from mockserver.providers.smartepi.assumptions import assumptions_of, record_rules

READ_ONLY_REFUSALS = (400, 401, 403, 405, 429)


def _allowed_filters(call: Call) -> frozenset[str]:
    return frozenset({"employeeId", "productId"} if assumptions_of(call).transaction_filters == "linked" else ())


_WITHDRAWALS = Resource(
    name="withdrawal",
    plural="withdrawals",
    path="/v1/withdrawals",
    collection="withdrawals",
    id_prefix="w-",
    rules=record_rules,
    model=models.Withdrawal,
    query=models.TransactionQuery,
    verbs=("list", "retrieve"),
    indexes=("employeeId", "productId"),
    exact_filters=("employeeId", "productId"),
    filters=_allowed_filters,
    refusals={"list": READ_ONLY_REFUSALS, "retrieve": (401, 403, 404, 405, 429)},
)
_RETURNS = replace(
    _WITHDRAWALS,
    name="return",
    plural="returns",
    path="/v1/returns",
    collection="returns",
    id_prefix="r-",
    model=models.Return,
    verbs=("list",),
)
_EXCHANGES = replace(
    _WITHDRAWALS,
    name="exchange",
    plural="exchanges",
    path="/v1/exchanges",
    collection="exchanges",
    id_prefix="x-",
    model=models.Exchange,
)
_ACCESS_GROUPS = replace(
    _WITHDRAWALS,
    name="access_group",
    plural="access_groups",
    path="/v1/access-groups",
    collection="access_groups",
    id_prefix="ag_",
    model=models.AccessGroup,
    query=models.NamedQuery,
    indexes=("name",),
    prefix_filters=("name",),
    exact_filters=(),
    filters=None,
)
READ_ONLY_RESOURCES = (_ACCESS_GROUPS, _WITHDRAWALS, _RETURNS, _EXCHANGES)


def _available_if_answered(setting: str) -> Callable[[Assumptions], bool]:
    return lambda assumptions: bool(getattr(assumptions, setting) == "answered")


def operations() -> Iterator[Operation]:
    """Yields the four lists, and the undocumented reads by id that an assumption can enable."""
    for resource in READ_ONLY_RESOURCES:
        for operation in resource.operations():
            if operation.name.startswith("get_"):
                operation = replace(operation, available_if=_available_if_answered(f"{resource.plural}_by_id"))
            yield operation


REFUSED_PATHS = ("/v1/returns/{id}",)
"""Paths that exist without any method, so that requests get 405, not 404."""
