"""Groups, which may stand within other groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth import models
from mockserver.providers.kotauth.assumptions import assume, documented
from mockserver.providers.kotauth.dialect import nothing
from mockserver.providers.kotauth.paths import BASE, READ, WRITE
from mockserver.providers.kotauth.problems import refuse
from mockserver.providers.kotauth.records import audit, blank, check_columns, listed, new_id, trimmed


def _show(call: Call, record: Record) -> dict[str, Any]:
    shown = {name: record[name] for name in ("name", "description", "parentGroupId")}
    return {"id": int(record["id"]), **shown, "tenantId": assume(call).tenant_id}


def _list(call: Call) -> Reply:
    walk = (record for _, record in call.space.scan("groups", field="name"))
    return listed(call, walk, lambda record: _show(call, record), total=call.space.count("groups"))


def _create(call: Call) -> Reply:
    body = call.body
    _check_name(body.name)
    if body.parentGroupId is not None and call.space.get("groups", str(body.parentGroupId)) is None:
        raise refuse("nothing_found", "Parent group not found in this workspace.")
    _check_free(call, body.name, body.parentGroupId, None)
    record = {
        "id": new_id(call, "groups"),
        "name": body.name.strip(),
        "description": trimmed(body.description),
        "parentGroupId": body.parentGroupId,
        "_created": call.now,
    }
    check_columns(call, group_name=record["name"], description=record["description"])
    call.space.put("groups", record)
    audit(call, "ADMIN_GROUP_CREATED", groupName=record["name"])
    return call.sandbox.provider.dialect.one(call, _show(call, record), 201)


def _check_name(name: str) -> None:
    if blank(name):
        raise refuse("validation", "Group name is required.")


def _check_free(call: Call, name: str, parent: int | None, own: str | None) -> None:
    # Compared as it was sent, kept without the spaces around it: " A" is free beside "A", and both are kept as "A".
    for other in call.space.find("groups", "name", name):
        if other["name"] == name and other["parentGroupId"] == parent and other["id"] != own:
            raise refuse("conflict", f"Group '{name}' already exists at this level.")


def _retrieve(call: Call) -> Reply:
    record = call.space.get("groups", call.args["groupId"])
    if record is None:
        raise refuse("group_not_found", f"No group with id GroupId(value={call.args['groupId']}).")
    return call.sandbox.provider.dialect.one(call, _show(call, record))


def _found(call: Call) -> Record:
    record = call.space.get("groups", call.args["groupId"])
    if record is None:
        raise refuse("nothing_found", "Group not found.")
    return record


def _update(call: Call) -> Reply:
    body = call.body
    current = _found(call)
    _check_name(body.name)
    _check_free(call, body.name, current["parentGroupId"], current["id"])
    record = {**current, "name": body.name.strip(), "description": trimmed(body.description)}
    check_columns(call, group_name=record["name"], description=record["description"])
    call.space.put("groups", record)
    audit(call, "ADMIN_GROUP_UPDATED", groupId=record["id"], groupName=record["name"])
    return call.sandbox.provider.dialect.one(call, _show(call, record))


def _delete(call: Call) -> Reply:
    record = _found(call)
    _drop(call, record)
    audit(call, "ADMIN_GROUP_DELETED", groupName=record["name"])
    return nothing()


def _drop(call: Call, top: Record) -> None:
    waiting = [top]
    while waiting:
        group = waiting.pop()
        for link in list(call.space.find("group_members", "groupId", int(group["id"]))):
            call.space.drop("group_members", link["id"])
        call.space.drop("groups", group["id"])
        children = list(call.space.find("groups", "parentGroupId", int(group["id"])))
        if documented(call, "group_children"):
            for child in children:
                call.space.put("groups", {**child, "parentGroupId": None})
        else:
            waiting += children


def operations() -> Iterator[Operation]:
    """The operations on groups; members are elsewhere."""
    many, single = f"{BASE}/groups", f"{BASE}/groups/{{groupId}}"
    read, write = "groups:read", "groups:write"
    group = models.Group
    yield Operation(
        "list_groups", "GET", many, _list, "List groups", query=models.Page, answer=group, refusals=READ, scope=read
    )
    yield Operation(
        "create_group", "POST", many, _create, "Create a group", body=models.NewGroup, answer=group, status=201,
        refusals=WRITE, scope=write,
    )  # fmt: skip
    yield Operation(
        "get_group", "GET", single, _retrieve, "Get a group", answer=group, refusals=(400, *READ), scope=read
    )
    yield Operation(
        "update_group", "PUT", single, _update, "Update a group", body=models.ChangedGroup, answer=group,
        refusals=WRITE, scope=write,
    )  # fmt: skip
    yield Operation(
        "delete_group", "DELETE", single, _delete, "Delete a group", status=204, refusals=(400, *READ), scope=write
    )
