"""The operations on policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.policies.logic import IN_FORCE
from mockserver.providers.kota.policies.schemas import PoliciesPage
from mockserver.providers.kota.values.records import found, one
from mockserver.providers.kota.wire.lists import chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    wanted = query.model_dump(include={"employee_id", "group_id", "group_policy_id"})
    return listed(call, walk(call.space, "policies", status=chosen(query.status, IN_FORCE), **wanted))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, "policy", "policy_id"))


def operations() -> Iterator[Operation]:
    """The operations on policies."""
    answer = shown("policies", "PolicyResponse")
    yield row("list_policies", "GET /policies", _list, "List policies", query=PoliciesPage, answer=paged(answer))
    yield row("get_policy", "GET /policies/{policy_id}", _retrieve, "Get a policy", answer=answer)
