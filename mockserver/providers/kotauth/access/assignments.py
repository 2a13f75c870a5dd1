"""Which users have which roles and are in which groups: written here, read nowhere over the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kotauth.assumptions import documented
from mockserver.providers.kotauth.wire.dialect import nothing
from mockserver.providers.kotauth.wire.finding import found
from mockserver.providers.kotauth.wire.paths import BASE, READ
from mockserver.providers.kotauth.wire.problems import refuse
from mockserver.providers.kotauth.wire.records import audit


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of link between a user and something else."""

    links: str
    """The collection of the links."""
    others: str
    """The collection of what users are linked to."""
    ends: tuple[str, str]
    """The path parameters of both ends, in the order in which the path has them and a link's id says them."""
    name: str
    """What an audit event calls the other end's name."""
    made: str
    ended: str


_ROLES = _Kind("user_roles", "roles", ("userId", "roleId"), "roleName", "ADMIN_ROLE_ASSIGNED", "ADMIN_ROLE_UNASSIGNED")
_MEMBERS = _Kind(
    "group_members", "groups", ("groupId", "userId"), "groupName", "ADMIN_GROUP_MEMBER_ADDED",
    "ADMIN_GROUP_MEMBER_REMOVED",
)  # fmt: skip


def _pair(kind: _Kind, call: Call) -> tuple[Record, Record] | None:
    """The user and the other end; None where the product ignores that one of them is missing."""
    try:
        return found(call, "users"), found(call, kind.others)
    except Problem:
        if documented(call, "unknown_assignment"):
            raise
        return None


def _link(kind: _Kind, call: Call) -> Reply:
    pair = _pair(kind, call)
    if pair is not None and _put(kind, call):
        _note(kind, call, kind.made, *pair)
    return nothing()


def _put(kind: _Kind, call: Call) -> bool:
    """Write the link; False when it is there already, which the product takes for an error of its own."""
    id = _id(kind, call)
    if call.space.get(kind.links, id) is not None:
        if not documented(call, "database_errors"):
            raise refuse("database_error", f"{id} is in {kind.links} already")
        return False
    call.space.put(kind.links, {"id": id, **{end: int(call.args[end]) for end in kind.ends}})
    return True


def _unlink(kind: _Kind, call: Call) -> Reply:
    pair = _pair(kind, call)
    if pair is not None:
        call.space.drop(kind.links, _id(kind, call))
        _note(kind, call, kind.ended, *pair)
    return nothing()


def _id(kind: _Kind, call: Call) -> str:
    return "/".join(call.args[end] for end in kind.ends)


def _note(kind: _Kind, call: Call, event: str, user: Record, other: Record) -> None:
    details = {kind.name: other["name"], "username": user["username"]}
    # Only roles belong to an application.
    audit(call, event, user=int(user["id"]), client=other.get("clientId"), **details)


def operations() -> Iterator[Operation]:
    """Roles given and taken, members added and removed."""
    role, member = f"{BASE}/users/{{userId}}/roles/{{roleId}}", f"{BASE}/groups/{{groupId}}/members/{{userId}}"
    rows = (
        ("assign_role", "POST", role, partial(_link, _ROLES), "Give a user a role", "users:write"),
        ("unassign_role", "DELETE", role, partial(_unlink, _ROLES), "Take a role from a user", "users:write"),
        ("add_member", "POST", member, partial(_link, _MEMBERS), "Add a user to a group", "groups:write"),
        ("remove_member", "DELETE", member, partial(_unlink, _MEMBERS), "Remove a user from a group", "groups:write"),
    )
    for name, method, path, perform, summary, scope in rows:
        yield Operation(name, method, path, perform, summary, status=204, refusals=(400, *READ), scope=scope)
