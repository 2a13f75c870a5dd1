"""Operations on groups of users; a group can have a parent group."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.access import named
from mockserver.providers.kotauth.access.named import NamedResource
from mockserver.providers.kotauth.assumptions import is_documented
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.dialect import no_content
from mockserver.providers.kotauth.wire.path_records import get_for_write
from mockserver.providers.kotauth.wire.problems import build_problem
from mockserver.providers.kotauth.wire.records import audit, check_columns, is_blank, new_id, trim_to_none


def _create(call: Call) -> Reply:
    body = call.body
    _check_name(body.name)
    if body.parentGroupId is not None and call.space.get("groups", str(body.parentGroupId)) is None:
        raise build_problem("nothing_found", "Parent group not found in this workspace.")
    _check_free(call, body.name, body.parentGroupId, None)
    record = {
        "id": new_id(call, "groups"),
        "name": body.name.strip(),
        "description": trim_to_none(body.description),
        "parentGroupId": body.parentGroupId,
        "_created": call.now,
    }
    check_columns(call, group_name=record["name"], description=record["description"])
    call.space.put("groups", record)
    audit(call, "ADMIN_GROUP_CREATED", groupName=record["name"])
    return named.render_one(call, models.Group, record, 201)


def _check_name(name: str) -> None:
    if is_blank(name):
        raise build_problem("validation", "Group name is required.")


def _check_free(call: Call, name: str, parent: int | None, own_id: str | None) -> None:
    # The name is compared as sent but stored trimmed: " A" is accepted next to "A", and both are stored as "A".
    for other in call.space.find("groups", "name", name):
        if other["name"] == name and other["parentGroupId"] == parent and other["id"] != own_id:
            raise build_problem("conflict", f"Group '{name}' already exists at this level.")


def _update(call: Call) -> Reply:
    body = call.body
    current = get_for_write(call, "groups")
    _check_name(body.name)
    _check_free(call, body.name, current["parentGroupId"], current["id"])
    record = {**current, "name": body.name.strip(), "description": trim_to_none(body.description)}
    check_columns(call, group_name=record["name"], description=record["description"])
    call.space.put("groups", record)
    audit(call, "ADMIN_GROUP_UPDATED", groupId=record["id"], groupName=record["name"])
    return named.render_one(call, models.Group, record)


def _delete(call: Call) -> Reply:
    record = get_for_write(call, "groups")
    _drop_group(call, record)
    audit(call, "ADMIN_GROUP_DELETED", groupName=record["name"])
    return no_content()


def _drop_group(call: Call, top: Record) -> None:
    """Deletes a group and its memberships. Its children become roots (documented) or are deleted too (observed)."""
    pending = [top]
    while pending:
        group = pending.pop()
        for link in list(call.space.find("group_members", "groupId", int(group["id"]))):
            call.space.drop("group_members", link["id"])
        call.space.drop("groups", group["id"])
        children = list(call.space.find("groups", "parentGroupId", int(group["id"])))
        if is_documented(call, "group_children"):
            for child in children:
                call.space.put("groups", {**child, "parentGroupId": None})
        else:
            pending += children


def operations() -> Iterator[Operation]:
    resource = NamedResource("group", models.Group, models.NewGroup, models.ChangedGroup, _create, _update, _delete)
    return named.operations(resource)
