"""The operations on group policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.catalog.eligibility import IN_FORCE
from mockserver.providers.kota.group_policies.schemas import GroupPoliciesPage
from mockserver.providers.kota.values.records import found, one
from mockserver.providers.kota.wire.lists import chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    wanted = {"employer_id": query.employer_id, "group_id": query.group_id, "status": chosen(query.status, IN_FORCE)}
    return listed(call, walk(call.space, "group_policies", **wanted))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, "group_policy", "group_policy_id"))


def operations() -> Iterator[Operation]:
    """The operations on group policies."""
    answer, listing = shown("group_policies", "GroupPolicyResponse"), "List group policies"
    yield row(
        "list_group_policies", "GET /group_policies", _list, listing, query=GroupPoliciesPage, answer=paged(answer)
    )
    yield row(
        "get_group_policy", "GET /group_policies/{group_policy_id}", _retrieve, "Get a group policy", answer=answer
    )
