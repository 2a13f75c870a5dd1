"""Operations on policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.policies.logic import IN_FORCE
from mockserver.providers.kota.policies.schemas import PoliciesQuery
from mockserver.providers.kota.values.records import get_or_404, render_one
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    filters = query.model_dump(include={"employee_id", "group_id", "group_policy_id"})
    return render_list(
        call, iter_records(call.space, "policies", status=filter_values(query.status, IN_FORCE), **filters)
    )


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, "policy", "policy_id"))


def operations() -> Iterator[Operation]:
    model = response_model("policies", "PolicyResponse")
    yield define_operation(
        "list_policies",
        "GET /policies",
        _list,
        "List policies",
        query=PoliciesQuery,
        response=paged_response_model(model),
    )
    yield define_operation("get_policy", "GET /policies/{policy_id}", _retrieve, "Get a policy", response=model)
