"""Operations on group policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.catalog.eligibility import IN_FORCE
from mockserver.providers.kota.group_policies.schemas import GroupPoliciesQuery
from mockserver.providers.kota.values.records import get_or_404, render_one
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    filters = {
        "employer_id": query.employer_id,
        "group_id": query.group_id,
        "status": filter_values(query.status, IN_FORCE),
    }
    return render_list(call, iter_records(call.space, "group_policies", **filters))


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, "group_policy", "group_policy_id"))


def operations() -> Iterator[Operation]:
    model, listing = response_model("group_policies", "GroupPolicyResponse"), "List group policies"
    yield define_operation(
        "list_group_policies",
        "GET /group_policies",
        _list,
        listing,
        query=GroupPoliciesQuery,
        response=paged_response_model(model),
    )
    yield define_operation(
        "get_group_policy", "GET /group_policies/{group_policy_id}", _retrieve, "Get a group policy", response=model
    )
