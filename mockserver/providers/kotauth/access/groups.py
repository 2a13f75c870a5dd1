"""Groups, which may stand within other groups."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.access import named
from mockserver.providers.kotauth.access.named import Named
from mockserver.providers.kotauth.assumptions import documented
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.dialect import nothing
from mockserver.providers.kotauth.wire.finding import found
from mockserver.providers.kotauth.wire.problems import refuse
from mockserver.providers.kotauth.wire.records import audit, blank, check_columns, new_id, trimmed


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
    return named.one(call, models.Group, record, 201)


def _check_name(name: str) -> None:
    if blank(name):
        raise refuse("validation", "Group name is required.")


def _check_free(call: Call, name: str, parent: int | None, own: str | None) -> None:
    # Compared as it was sent, kept without the spaces around it: " A" is free beside "A", and both are kept as "A".
    for other in call.space.find("groups", "name", name):
        if other["name"] == name and other["parentGroupId"] == parent and other["id"] != own:
            raise refuse("conflict", f"Group '{name}' already exists at this level.")


def _update(call: Call) -> Reply:
    body = call.body
    current = found(call, "groups")
    _check_name(body.name)
    _check_free(call, body.name, current["parentGroupId"], current["id"])
    record = {**current, "name": body.name.strip(), "description": trimmed(body.description)}
    check_columns(call, group_name=record["name"], description=record["description"])
    call.space.put("groups", record)
    audit(call, "ADMIN_GROUP_UPDATED", groupId=record["id"], groupName=record["name"])
    return named.one(call, models.Group, record)


def _delete(call: Call) -> Reply:
    record = found(call, "groups")
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
    kind = Named("group", models.Group, models.NewGroup, models.ChangedGroup, _create, _update, _delete)
    return named.operations(kind)
