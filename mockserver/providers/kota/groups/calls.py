"""The operations on groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.groups import schemas
from mockserver.providers.kota.groups.logic import create_group, tell_group
from mockserver.providers.kota.values.records import changed, found, found_with_body, one, referred
from mockserver.providers.kota.wire.lists import chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _create(call: Call) -> Reply:
    body: schemas.CreateGroupRequest = call.body
    referred(call, "employer", "employer_id", body.employer_id)
    return one(call, create_group(call, body.model_dump(mode="json")))


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    return listed(call, walk(call.space, "groups", employer_id=query.employer_id, status=chosen(query.status)))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, "group", "group_id"))


def _update(call: Call) -> Reply:
    record, body = found_with_body(call, "group", "group_id")
    record = changed(record, body, "name", "description")
    call.space.put("groups", record)
    tell_group(call, "updated", record)
    return one(call, record)


def operations() -> Iterator[Operation]:
    """The operations on groups."""
    answer, single = shown("groups", "GroupResponse"), "/groups/{group_id}"
    create, update = schemas.CreateGroupRequest, schemas.UpdateGroupRequest
    yield row("create_group", "POST /groups", _create, "Create a group", body=create, answer=answer)
    yield row("list_groups", "GET /groups", _list, "List groups", query=schemas.GroupsPage, answer=paged(answer))
    yield row("update_group", f"PUT {single}", _update, "Update a group", body=update, answer=answer)
    yield row("get_group", f"GET {single}", _retrieve, "Get a group", answer=answer)
