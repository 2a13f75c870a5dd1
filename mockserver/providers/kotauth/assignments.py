"""Which users have which roles and are in which groups: written here, read nowhere over the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.assumptions import documented
from mockserver.providers.kotauth.dialect import nothing
from mockserver.providers.kotauth.paths import BASE, READ
from mockserver.providers.kotauth.problems import refuse
from mockserver.providers.kotauth.records import audit

Pair = tuple[Record, Record]


def _pair(call: Call, collection: str, parameter: str, word: str) -> Pair | None:
    """The record and the user of the path; None where the product ignores that one of them is missing."""
    other = call.space.get(collection, call.args[parameter])
    user = call.space.get("users", call.args["userId"])
    if other is not None and user is not None:
        return other, user
    if not documented(call, "unknown_assignment"):
        return None
    raise refuse("nothing_found", f"User {call.args['userId']} not found." if user is None else f"{word} not found.")


def _link(call: Call, collection: str, link: dict[str, Any]) -> bool:
    """Write a link; False when it is there already, which the product takes for an error of its own."""
    if call.space.get(collection, link["id"]) is not None:
        if not documented(call, "database_errors"):
            raise refuse("database_error", f"{link['id']} is in {collection} already")
        return False
    call.space.put(collection, link)
    return True


def _assign(call: Call) -> Reply:
    pair = _pair(call, "roles", "roleId", "Role")
    if pair is not None:
        role, user = pair
        link = {"id": f"{user['id']}/{role['id']}", "userId": int(user["id"]), "roleId": int(role["id"])}
        if _link(call, "user_roles", link):
            _note_role(call, "ASSIGNED", role, user)
    return nothing()


def _unassign(call: Call) -> Reply:
    pair = _pair(call, "roles", "roleId", "Role")
    if pair is not None:
        role, user = pair
        call.space.drop("user_roles", f"{user['id']}/{role['id']}")
        _note_role(call, "UNASSIGNED", role, user)
    return nothing()


def _note_role(call: Call, what: str, role: Record, user: Record) -> None:
    details = {"roleName": role["name"], "username": user["username"]}
    audit(call, f"ADMIN_ROLE_{what}", user=int(user["id"]), client=role["clientId"], **details)


def _add(call: Call) -> Reply:
    pair = _pair(call, "groups", "groupId", "Group")
    if pair is not None:
        group, user = pair
        link = {"id": f"{group['id']}/{user['id']}", "groupId": int(group["id"]), "userId": int(user["id"])}
        if _link(call, "group_members", link):
            _note_member(call, "ADDED", group, user)
    return nothing()


def _remove(call: Call) -> Reply:
    pair = _pair(call, "groups", "groupId", "Group")
    if pair is not None:
        group, user = pair
        call.space.drop("group_members", f"{group['id']}/{user['id']}")
        _note_member(call, "REMOVED", group, user)
    return nothing()


def _note_member(call: Call, what: str, group: Record, user: Record) -> None:
    details = {"groupName": group["name"], "username": user["username"]}
    audit(call, f"ADMIN_GROUP_MEMBER_{what}", user=int(user["id"]), **details)


def operations() -> Iterator[Operation]:
    """Roles given and taken, members added and removed."""
    role, member = f"{BASE}/users/{{userId}}/roles/{{roleId}}", f"{BASE}/groups/{{groupId}}/members/{{userId}}"
    rows = (
        ("assign_role", "POST", role, _assign, "Give a user a role", "users:write"),
        ("unassign_role", "DELETE", role, _unassign, "Take a role from a user", "users:write"),
        ("add_member", "POST", member, _add, "Add a user to a group", "groups:write"),
        ("remove_member", "DELETE", member, _remove, "Remove a user from a group", "groups:write"),
    )
    for name, method, path, perform, summary, scope in rows:
        yield Operation(name, method, path, perform, summary, status=204, refusals=(400, *READ), scope=scope)
