"""Operations on groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.groups import schemas
from mockserver.providers.kota.groups.logic import create_group, publish_group_event
from mockserver.providers.kota.values.records import (
    apply_changes,
    get_or_404,
    get_or_404_with_body,
    get_referenced,
    render_one,
)
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _create(call: Call) -> Reply:
    body: schemas.CreateGroupRequest = call.body
    get_referenced(call, "employer", "employer_id", body.employer_id)
    return render_one(call, create_group(call, body.model_dump(mode="json")))


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    return render_list(
        call, iter_records(call.space, "groups", employer_id=query.employer_id, status=filter_values(query.status))
    )


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, "group", "group_id"))


def _update(call: Call) -> Reply:
    record, body = get_or_404_with_body(call, "group", "group_id")
    record = apply_changes(record, body, "name", "description")
    call.space.put("groups", record)
    publish_group_event(call, "updated", record)
    return render_one(call, record)


def operations() -> Iterator[Operation]:
    model, item_path = response_model("groups", "GroupResponse"), "/groups/{group_id}"
    create, update = schemas.CreateGroupRequest, schemas.UpdateGroupRequest
    yield define_operation("create_group", "POST /groups", _create, "Create a group", body=create, response=model)
    yield define_operation(
        "list_groups",
        "GET /groups",
        _list,
        "List groups",
        query=schemas.GroupsQuery,
        response=paged_response_model(model),
    )
    yield define_operation("update_group", f"PUT {item_path}", _update, "Update a group", body=update, response=model)
    yield define_operation("get_group", f"GET {item_path}", _retrieve, "Get a group", response=model)
