"""The operations on policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.policies.logic import IN_FORCE, STATES
from mockserver.providers.kota.values.records import found, one
from mockserver.providers.kota.values.terms import EmployeeId, GroupId, GroupPolicyId
from mockserver.providers.kota.wire.lists import Page, chosen, listed, states, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


class PoliciesPage(Page):
    """The query of the list of policies."""

    employee_id: EmployeeId | None = None
    group_id: GroupId | None = None
    group_policy_id: GroupPolicyId | None = None
    status: Annotated[str | None, states(*STATES)] = None


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    wanted = query.model_dump(include={"employee_id", "group_id", "group_policy_id"})
    return listed(call, walk(call.space, "policies", status=chosen(query.status, IN_FORCE), **wanted))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, "policy", "policy_id"))


def operations() -> Iterator[Operation]:
    """The operations on policies."""
    answer = shown("PolicyResponse")
    yield row("list_policies", "GET /policies", _list, "List policies", query=PoliciesPage, answer=paged(answer))
    yield row("get_policy", "GET /policies/{policy_id}", _retrieve, "Get a policy", answer=answer)
